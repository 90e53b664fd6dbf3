/**
 * A host of one session whose every word is in the hands of the test: what was submitted can be
 * seen, and answers, events and deadlines come when the test says so. The state is a real replica.
 */
import {
  defaultLimits,
  makeZxid,
  RecentChanges,
  Replica,
  type Delivery,
  type Page,
  type SessionId,
  type Stat,
  type TreeTxn,
  type Txn,
  type WatchEvent,
  type Zxid,
} from '@conclave/core/internal'
import { LocalSession } from '../src/local-session.ts'
import type { HostedSession, SessionEvent, SessionHost } from '../src/session-host.ts'
import { ManualClock } from './manual-clock.ts'

export const sessionId = makeZxid(1, 1) as number as SessionId
export const timeoutMs = 10_000

export class ScriptedHost implements SessionHost {
  readonly clock = new ManualClock()
  limits = defaultLimits
  replica = Replica.empty()
  recent = new RecentChanges(defaultLimits, makeZxid(1, 1))
  submitted: SessionEvent[] = []
  deadline = this.clock.nowMs() + 9_000
  readonly session = new LocalSession(this, sessionId, timeoutMs)
  #lastCall = 0
  readonly #awaiting = new Set<HostedSession>()
  #counter = 1

  nextCall(): number {
    this.#lastCall += 1
    return this.#lastCall
  }

  submit(event: SessionEvent): void {
    this.submitted.push(event)
  }

  deadlineMs(): number {
    return this.deadline
  }

  awaitApplied(session: HostedSession): void {
    this.#awaiting.add(session)
  }

  afterDelivery(callback: () => void): void {
    callback()
  }

  /** The events of a type, in the order in which they were submitted. */
  of<T extends SessionEvent['type']>(type: T): (SessionEvent & { readonly type: T })[] {
    return this.submitted.filter(
      (event): event is SessionEvent & { readonly type: T } => event.type === type,
    )
  }

  /** The call of the request that was submitted last. */
  get lastRequest(): SessionEvent & { readonly type: 'request-received' } {
    return this.of('request-received').at(-1)!
  }

  /** Applies changes of the tree, as a page of their own; says where it ended. */
  apply(...changes: readonly TreeTxn[]): Zxid {
    const header = { timeMs: 5, session: 0 as SessionId, requestId: 0 }
    const txns: Txn[] = changes.map((change) => ({ ...header, ...change }))
    const first = makeZxid(1, this.#counter + 1)
    this.#counter += txns.length
    const last = makeZxid(1, this.#counter)
    const { last: previousLast, crc: previousCrc } = this.replica.end
    const page: Page = {
      first,
      last,
      previousLast,
      previousCrc,
      crc: this.#counter,
      reconfigures: false,
      bytes: new Uint8Array(0),
    }
    this.replica.apply(page, txns, {
      wantsResult: () => false,
      onChanged: (type, znode, zxid) => this.recent.note(type, znode, zxid),
      onApplied: () => undefined,
    })
    for (const session of this.#awaiting) {
      if (!session.onApplied(last)) this.#awaiting.delete(session)
    }
    return last
  }

  /** Creates a znode in the applied state. */
  create(path: string, data = '', parentCreateCount = 1): Zxid {
    return this.apply({
      type: 'create',
      path,
      data: new TextEncoder().encode(data),
      ephemeralOwner: 0 as SessionId,
      reap: 0,
      parentCreateCount,
      acl: null,
    })
  }

  set(path: string, data: string, version: number): Zxid {
    return this.apply({ type: 'set', path, data: new TextEncoder().encode(data), version })
  }

  deliver(...items: readonly Delivery[]): void {
    this.session.onDeliveries(items)
  }
}

/** A stat as the core tells it. */
export function statAt(zxid: Zxid, fields: Partial<Stat> = {}): Stat {
  return {
    czxid: zxid,
    mzxid: zxid,
    pzxid: zxid,
    ctime: 5,
    mtime: 5,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0 as SessionId,
    dataLength: 0,
    numChildren: 0,
    ...fields,
  }
}

/** A change as the core tells it. */
export function changed(path: string, counter: number, data = 'x'): WatchEvent {
  const zxid = makeZxid(1, counter)
  const bytes = new TextEncoder().encode(data)
  return { type: 'changed', path, zxid, data: bytes, stat: statAt(zxid) }
}

/** What a promise rejects with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => new Error('it was expected to reject'),
    (error: unknown) => error,
  )
}

/** True once the promise is settled by what has happened so far. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const note = (): void => {
    settled = true
  }
  promise.then(note, note)
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
  return settled
}
