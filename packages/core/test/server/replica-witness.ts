/** What can be seen of a replica from outside: what it says while it applies, and what it holds. */
import {
  recordOf,
  type ApplyObserver,
  type Replica,
  type SessionId,
  type Txn,
  type WriteResult,
  type Zxid,
} from '../../src/internal.ts'
import type { NaiveEvent } from './naive-state.ts'

/** Notes everything that a replica says. */
export class Recorder implements ApplyObserver {
  readonly events: NaiveEvent[] = []
  readonly results: (WriteResult | null)[] = []
  readonly applied: string[] = []
  readonly #wants: boolean

  constructor(wants = true) {
    this.#wants = wants
  }

  wantsResult(): boolean {
    return this.#wants
  }

  onChanged(type: NaiveEvent['type'], znode: { readonly path: string }, zxid: Zxid): void {
    this.events.push({ type, path: znode.path, zxid })
    this.applied.push(`${type} ${znode.path}`)
  }

  onApplied(txn: Txn, _zxid: Zxid, result: WriteResult | null): void {
    if (txn.requestId !== 0) this.results.push(result)
    this.applied.push(txn.type)
  }
}

/** Every znode, by path, and every session, as a snapshot would hold them. */
export function recordsOf(replica: Replica): unknown {
  return {
    znodes: [...replica.tree.znodes()].map(recordOf).sort((a, b) => (a.path < b.path ? -1 : 1)),
    sessions: [...replica.sessions.sessions()].map(({ id }) => sessionOf(replica, id)),
  }
}

/** A session's record, as it is at this moment. */
export function sessionOf(replica: Replica, session: SessionId): object | undefined {
  const found = replica.sessions.get(session)
  if (found === undefined) return undefined
  const { id, timeoutMs, password, host, hostedSince, lastRequestId } = found
  return { id, timeoutMs, password, host, hostedSince, lastRequestId }
}
