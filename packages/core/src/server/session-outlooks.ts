/**
 * The sessions as they will be: the replicated table, and what this leadership has received from
 * them and put into txns since. Together with outstanding-changes.ts this is what requests are
 * judged against. It is the leader's, and ends with its leadership.
 *
 * Invariants: R2 `lastReceived` counts every request that is applied, outstanding or waiting, so
 * none is judged twice; S3 `ephemeralsOf` names what outstanding txns create, too; S7 from the txn of
 * a move on nothing is judged that comes from the host before.
 */
import type { PeerId, RequestId, SessionId } from '../ids.ts'
import { passwordKey, type SessionTable } from '../session/session-table.ts'
import type { Zxid } from '../zxid.ts'
import { stepBytes } from './txn-bytes.ts'

/** One session as it will be once every outstanding txn is applied. */
export class SessionOutlook {
  readonly id: SessionId
  host: PeerId
  hostedSince: Zxid
  /** The last request that came in order; the next one has the id after it. */
  lastReceived: RequestId
  /** The last request that has a txn. */
  lastJudged: RequestId
  /** True once its end is in a txn: nothing that comes behind it is judged. */
  isClosing = false
  /** How many ephemerals it will own, and what the txn of its end will weigh for them. */
  ephemeralCount = 0
  ephemeralBytes = 0
  /** Paths of ephemerals made by txns that may be outstanding, by rising zxid; some may be gone. */
  readonly made = new Map<string, Zxid>()

  constructor(id: SessionId, host: PeerId, hostedSince: Zxid, lastJudged: RequestId) {
    this.id = id
    this.host = host
    this.hostedSince = hostedSince
    this.lastReceived = lastJudged
    this.lastJudged = lastJudged
  }

  /** A txn moves it: what its host has sent and no txn holds is void, and so is its number. */
  move(host: PeerId, since: Zxid): void {
    this.host = host
    this.hostedSince = since
    this.lastReceived = this.lastJudged
  }

  addEphemeral(path: string): void {
    this.ephemeralCount += 1
    this.ephemeralBytes += stepBytes(path, null)
  }

  removeEphemeral(path: string): void {
    this.ephemeralCount -= 1
    this.ephemeralBytes -= stepBytes(path, null)
  }
}

export class SessionOutlooks {
  readonly #table: SessionTable
  readonly #outlooks = new Map<SessionId, SessionOutlook>()
  /** Sessions whose creation is outstanding, by password. */
  readonly #created = new Map<string, SessionId>()

  constructor(table: SessionTable) {
    this.#table = table
  }

  /** The session as it will be; one whose end is outstanding is closing. `undefined`: none. */
  get(id: SessionId): SessionOutlook | undefined {
    const known = this.#outlooks.get(id)
    if (known !== undefined) return known
    // Not yet part of this leadership, so that no outstanding txn concerns it: the table is right.
    const record = this.#table.get(id)
    if (record === undefined) return undefined
    const outlook = new SessionOutlook(id, record.host, record.hostedSince, record.lastRequestId)
    for (const path of this.#table.ephemeralsOf(id)) outlook.addEphemeral(path)
    this.#outlooks.set(id, outlook)
    return outlook
  }

  /** True when a request for a session with this password was answered already, or will be. */
  isCreated(password: Uint8Array): boolean {
    return (
      this.#created.has(passwordKey(password)) || this.#table.findByPassword(password) !== undefined
    )
  }

  /** A txn creates the session. Its host may apply it, and speak for it, before this peer does. */
  create(id: SessionId, host: PeerId, since: Zxid, password: Uint8Array): void {
    this.#outlooks.set(id, new SessionOutlook(id, host, since, 0))
    this.#created.set(passwordKey(password), id)
  }

  /** Notes an ephemeral that the txn at `zxid` makes; `appliedUpTo` bounds what must be kept. */
  noteMade(session: SessionOutlook, path: string, zxid: Zxid, appliedUpTo: Zxid): void {
    const { made } = session
    for (const [old, at] of made) {
      if (at > appliedUpTo) break
      made.delete(old)
    }
    made.delete(path)
    made.set(path, zxid)
  }

  /** Every path that may be an ephemeral of the session once all is applied, each once. */
  *mayOwn(session: SessionOutlook): IterableIterator<string> {
    const applied = this.#table.ephemeralsOf(session.id)
    yield* applied
    for (const path of session.made.keys()) if (!applied.has(path)) yield path
  }

  /** The creation of a session is applied: the table knows its password. */
  onCreated(password: Uint8Array): void {
    this.#created.delete(passwordKey(password))
  }

  /** The end of a session is applied. */
  onClosed(id: SessionId): void {
    this.#outlooks.delete(id)
  }
}
