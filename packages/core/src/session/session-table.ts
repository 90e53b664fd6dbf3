/**
 * The replicated sessions: who they are, who hosts them, how far their requests have come, and which
 * ephemeral znodes are theirs. Part of the replicated state, changed by txns alone; when a session
 * expires is decided elsewhere, by the leader.
 *
 * Invariants: S1 a session's id is its own for ever; S2 an ephemeral's owner is a live session;
 * R2 a session's requests stand in the log once each and without gaps; R3 what tells a repeated one
 * from a new one is in here, and so in the digest and in every snapshot.
 */
import { assert } from '../assert.ts'
import type { PeerId, RequestId, SessionId } from '../ids.ts'
import { Digest, Hasher, hashSession } from '../tree/digest.ts'
import { DirtySet } from '../tree/dirty-set.ts'
import type { SessionRecord } from '../tree/snapshot.ts'
import type { Zxid } from '../zxid.ts'

class Session implements SessionRecord {
  readonly id: SessionId
  readonly timeoutMs: number
  readonly password: Uint8Array
  host: PeerId
  hostedSince: Zxid
  lastRequestId: RequestId
  readonly ephemerals = new Set<string>()
  /** What the digest now contains for this session, unless it is stale. */
  hashLow = 0
  hashHigh = 0
  stale = true
  closed = false
  dirtyGeneration = 0

  constructor(record: SessionRecord) {
    this.id = record.id
    this.timeoutMs = record.timeoutMs
    this.password = record.password
    this.host = record.host
    this.hostedSince = record.hostedSince
    this.lastRequestId = record.lastRequestId
  }
}

const none: ReadonlySet<string> = new Set()

export class SessionTable {
  readonly #sessions = new Map<SessionId, Session>()
  readonly #byPassword = new Map<string, Session>()
  readonly #hasher = new Hasher()
  #stale: Session[] = []

  /** The sum of all sessions' hashes; right after `settle`. */
  readonly digest = new Digest()
  /** Which sessions changed since the last checkpoint. */
  readonly dirty = new DirtySet<SessionId, SessionRecord>((id) => {
    const session = this.#sessions.get(id)
    return session === undefined ? null : recordOf(session)
  })

  get size(): number {
    return this.#sessions.size
  }

  has(id: SessionId): boolean {
    return this.#sessions.has(id)
  }

  /** The session as it is; the record changes with it. */
  get(id: SessionId): SessionRecord | undefined {
    return this.#sessions.get(id)
  }

  /** Every session, by rising id unless the table was loaded. */
  sessions(): IterableIterator<SessionRecord> {
    return this.#sessions.values()
  }

  /** The live session that was created with this password: a repeated request finds its first. */
  findByPassword(password: Uint8Array): SessionRecord | undefined {
    return this.#byPassword.get(passwordKey(password))
  }

  /** The paths of a session's ephemeral znodes; empty of an unknown session. */
  ephemeralsOf(id: SessionId): ReadonlySet<string> {
    return this.#sessions.get(id)?.ephemerals ?? none
  }

  create(record: SessionRecord): void {
    assert(!this.#sessions.has(record.id), 'S1: a session id is used once')
    const key = passwordKey(record.password)
    assert(!this.#byPassword.has(key), 'R2: a request for a session creates one')
    // An id is never used again (S1), so no frozen checkpoint can hold this one.
    this.dirty.mark(record.id)
    const session = new Session(record)
    session.dirtyGeneration = this.dirty.generation
    this.#enter(session, key)
  }

  /** Takes a session that a snapshot holds; nothing becomes dirty. */
  load(record: SessionRecord): void {
    this.#enter(new Session(record), passwordKey(record.password))
  }

  #enter(session: Session, key: string): void {
    this.#sessions.set(session.id, session)
    this.#byPassword.set(key, session)
    this.#stale.push(session)
  }

  /** From `since` on, `host` has the session. Its requests go on being numbered as they were. */
  move(id: SessionId, host: PeerId, since: Zxid): void {
    const session = this.#live(id)
    this.#touch(session)
    session.host = host
    session.hostedSince = since
  }

  /** A request of the session stands in the log. */
  noteRequest(id: SessionId, requestId: RequestId): void {
    const session = this.#live(id)
    assert(requestId === session.lastRequestId + 1, 'R2: request ids rise by one in the log')
    this.#touch(session)
    session.lastRequestId = requestId
  }

  /** Ends a session. Its ephemerals are gone already. */
  close(id: SessionId): void {
    const session = this.#live(id)
    assert(session.ephemerals.size === 0, 'S3: a session takes all its ephemerals along')
    this.#touch(session)
    session.closed = true
    this.#sessions.delete(id)
    this.#byPassword.delete(passwordKey(session.password))
  }

  addEphemeral(owner: SessionId, path: string): void {
    const session = this.#sessions.get(owner)
    assert(session !== undefined, 'S2: the owner of an ephemeral is a live session')
    session.ephemerals.add(path)
  }

  removeEphemeral(owner: SessionId, path: string): void {
    const session = this.#sessions.get(owner)
    assert(session !== undefined, 'S2: the owner of an ephemeral is a live session')
    assert(session.ephemerals.delete(path), 'S2: an ephemeral is listed with its owner')
  }

  /** Brings the digest up to date: once a page. */
  settle(): void {
    if (this.#stale.length === 0) return
    for (const session of this.#stale) {
      if (session.closed) continue
      hashSession(this.#hasher, session)
      session.hashLow = this.#hasher.low
      session.hashHigh = this.#hasher.high
      session.stale = false
      this.digest.add(session.hashLow, session.hashHigh)
    }
    this.#stale = []
  }

  #touch(session: Session): void {
    if (!session.stale) {
      this.digest.subtract(session.hashLow, session.hashHigh)
      session.stale = true
      this.#stale.push(session)
    }
    if (session.dirtyGeneration !== this.dirty.generation) {
      session.dirtyGeneration = this.dirty.generation
      if (this.dirty.mark(session.id)) this.dirty.save(session.id, recordOf(session))
    }
  }

  #live(id: SessionId): Session {
    const session = this.#sessions.get(id)
    assert(session !== undefined, 'S3: no txn changes a session that has ended')
    return session
  }
}

function recordOf(session: Session): SessionRecord {
  const { id, timeoutMs, password, host, hostedSince, lastRequestId } = session
  return { id, timeoutMs, password, host, hostedSince, lastRequestId }
}

/** Bytes as a string that a Map can find again. */
export function passwordKey(password: Uint8Array): string {
  let key = ''
  for (const byte of password) key += String.fromCharCode(byte)
  return key
}
