/**
 * For the suites: a replica as simple as can be, with the counts and the digest that make a snapshot provable. It
 * shares nothing with the core's: the storage must not depend on how that one looks.
 */
import { createHash } from 'node:crypto'
import {
  noPage,
  type Checkpoint,
  type Configuration,
  type PageEnd,
  type SessionId,
  type SessionRecord,
  type SnapshotRecord,
  type SnapshotSummary,
  type ZnodeRecord,
} from '@conclave/core/internal'
import type { SnapshotSink } from './snapshot.ts'

export class MapReplica {
  end: PageEnd = noPage
  configuration: Configuration | null = null
  readonly znodes = new Map<string, ZnodeRecord>()
  readonly sessions = new Map<SessionId, SessionRecord>()
  #changes: SnapshotRecord[] = []

  put(znode: ZnodeRecord): void {
    this.znodes.set(znode.path, znode)
    this.#changes.push({ type: 'znode', znode })
  }

  drop(path: string): void {
    this.znodes.delete(path)
    this.#changes.push({ type: 'znode-gone', path })
  }

  putSession(session: SessionRecord): void {
    this.sessions.set(session.id, session)
    this.#changes.push({ type: 'session', session })
  }

  dropSession(id: SessionId): void {
    this.sessions.delete(id)
    this.#changes.push({ type: 'session-gone', id })
  }

  get summary(): SnapshotSummary {
    return {
      end: this.end,
      digest: digestOf(this),
      znodeCount: this.znodes.size,
      sessionCount: this.sessions.size,
      configuration: this.configuration,
    }
  }

  /** What changed since the last one, to be taken bit by bit. */
  freeze(): Checkpoint {
    const changes = this.#changes
    this.#changes = []
    return { summary: this.summary, take: (max) => changes.splice(0, max) }
  }
}

export class MapSink implements SnapshotSink<MapReplica> {
  readonly #replica = new MapReplica()

  add(records: readonly SnapshotRecord[]): void {
    for (const record of records) {
      if (record.type === 'znode') this.#replica.znodes.set(record.znode.path, record.znode)
      else if (record.type === 'session')
        this.#replica.sessions.set(record.session.id, record.session)
      else throw new Error(`a ${record.type} in a snapshot`)
    }
  }

  finish(summary: SnapshotSummary): MapReplica {
    this.#replica.end = summary.end
    this.#replica.configuration = summary.configuration
    const made = this.#replica.summary
    for (const key of ['digest', 'znodeCount', 'sessionCount'] as const) {
      if (made[key] !== summary[key]) throw new Error(`the ${key} is ${made[key]}`)
    }
    return this.#replica
  }
}

/** Of everything but the end, in whatever order it came. */
export function digestOf({ znodes, sessions }: MapReplica): string {
  const parts = [
    ...[...znodes.values()].map((one) => hashOf(one, one.data)),
    ...[...sessions.values()].map((one) => hashOf(one, one.password)),
  ]
  return createHash('sha256').update(parts.sort().join()).digest('hex').slice(0, 16)
}

function hashOf(record: object, bytes: Uint8Array | null): string {
  const fields = JSON.stringify({ ...record, data: bytes === null, password: null })
  return createHash('sha256')
    .update(fields)
    .update(bytes ?? '')
    .digest('hex')
}

/** A znode with some data; whatever is not told is the same for all. */
export function znode(path: string, value: string | Uint8Array | null = path): ZnodeRecord {
  return {
    path,
    data: typeof value === 'string' ? new TextEncoder().encode(value) : value,
    czxid: 1 as ZnodeRecord['czxid'],
    mzxid: (2 ** 32 + 7) as ZnodeRecord['mzxid'],
    pzxid: 3 as ZnodeRecord['pzxid'],
    ctime: 1_700_000_000_000,
    mtime: 1_700_000_000_001,
    version: 4,
    createCount: -5,
    aversion: 0,
    ephemeralOwner: 0 as SessionId,
    reap: 0,
    acl: null,
  }
}

export function session(id: number): SessionRecord {
  return {
    id: id as SessionId,
    timeoutMs: 10_000,
    password: new Uint8Array(16).fill(id % 256),
    host: 3,
    hostedSince: (2 ** 33 + 1) as SessionRecord['hostedSince'],
    lastRequestId: 12,
  }
}
