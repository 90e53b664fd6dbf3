/**
 * The watches of one session: begun, told their changes, and ended with the session.
 *
 * Invariants: W4 no change slips in between what could be read before `begin` and the watch; W8
 * nothing is left of a watch that has ended.
 */
import {
  CoordinationError,
  childPath,
  mayRead,
  statOf,
  type Identity,
  type Replica,
  type SessionId,
  type WatchEvent,
  type WatchLimit,
  type Zxid,
  type ZnodeReading,
} from '@conclave/core/internal'
import type { Change, Depth, Watch, WatchOptions } from '@conclave/core'
import { onAbort } from './abort-signals.ts'
import type { SessionIdentities } from './session-identities.ts'
import type { SessionHost } from './session-host.ts'
import { copiedReading, publicChange } from './session-results.ts'
import { SessionWatch } from './session-watch.ts'
import { checkWatch } from './watch-options.ts'

/** A watch of what the core tells. */
type LocalWatch = SessionWatch<WatchEvent>

export class SessionWatches {
  readonly #host: SessionHost
  readonly #session: SessionId
  readonly #identities: SessionIdentities
  readonly #byNumber = new Map<number, { readonly path: string; readonly watch: LocalWatch }>()
  #last = 0

  constructor(host: SessionHost, session: SessionId, identities: SessionIdentities) {
    this.#host = host
    this.#session = session
    this.#identities = identities
  }

  /** Begins a watch. Throws for arguments that cannot be. `over` is what a dead session's tells. */
  begin(path: string, options: WatchOptions | undefined, over?: CoordinationError): Watch {
    const { depth, from, bounds, signal } = checkWatch(path, options, this.#host.limits)
    if (over !== undefined || signal?.aborted === true) {
      const ended = new SessionWatch(bounds, publicChange, () => undefined)
      ended.end(signal?.aborted === true ? undefined : over)
      return ended
    }
    const first = beginning(this.#host, this.#identities.list, from, path, depth)
    const since = from === 'initial' ? undefined : from
    const watch = this.#add(path, depth, signal, (onEnd) => {
      return new SessionWatch(bounds, publicChange, onEnd, since)
    })
    if (first !== undefined) watch.begin(first)
    return watch
  }

  /** Hands a change to its watch, unless that has just ended. */
  deliver(number: number, event: WatchEvent): void {
    this.#byNumber.get(number)?.watch.push(event)
  }

  /** Tells a watch that changes were skipped, because the host took a whole snapshot instead. */
  deliverGap(number: number): void {
    this.#byNumber.get(number)?.watch.pushGap('snapshot')
  }

  /** Tells a watch that the host has no room for it. */
  refuse(number: number, limit: WatchLimit): void {
    const refused = this.#byNumber.get(number)
    // First, so that the host is not told to end what it never began.
    this.#byNumber.delete(number)
    refused?.watch.end(noRoomFor(refused.path, limit, this.#host.limits[limit]))
  }

  /** Ends every watch with the session: quietly when the application closed it. */
  endAll(errorOf?: (path: string) => CoordinationError): void {
    const watches = [...this.#byNumber.values()]
    // First, so that nothing is said to a host that has forgotten the session.
    this.#byNumber.clear()
    for (const { path, watch } of watches) watch.end(errorOf?.(path))
  }

  #add(
    path: string,
    depth: Depth,
    signal: AbortSignal | undefined,
    create: (onEnd: () => void) => LocalWatch,
  ): LocalWatch {
    this.#last += 1
    const number = this.#last
    const session = this.#session
    const watch = create(() => {
      forget?.()
      if (!this.#byNumber.delete(number)) return
      this.#host.submit({ type: 'watch-removed', session, watch: number })
    })
    const forget = signal && onAbort(signal, () => void watch.return())
    this.#byNumber.set(number, { path, watch })
    this.#host.submit({ type: 'watch-added', session, watch: number, path, depth })
    return watch
  }
}

export function noRoomFor(path: string, limit: WatchLimit, bound: number): CoordinationError {
  const whose = limit === 'maxSessionWatches' ? 'the session has' : 'the sessions of this peer have'
  return new CoordinationError(
    'LIMIT_EXCEEDED',
    `watch ${path} failed: ${whose} limits.${limit} of ${String(bound)} watches already: end some, or watch a subtree`,
    { path },
  )
}

const forgotten: Change = { type: 'gap', reason: 'forgotten' }

/** What a watch begins with: found at once, so that it is of one state, and copied later. */
function beginning(
  { replica, recent }: SessionHost,
  identities: readonly Identity[],
  since: Zxid | 'initial' | undefined,
  path: string,
  depth: Depth,
): Iterator<Change> | undefined {
  if (since === undefined) return undefined
  if (since === 'initial') return initialChanges(replica, identities, path, depth)
  const changes = recent.behind(since, path, depth, identities)
  return changes === null ? [forgotten].values() : publicChanges(changes)
}

function* publicChanges(events: readonly WatchEvent[]): Generator<Change> {
  for (const event of events) yield publicChange(event)
}

const levelsBelow: Readonly<Record<Depth, number>> = { node: 0, children: 1, subtree: Infinity }

/** What the watch would see, as it is now. */
function initialChanges(
  replica: Replica,
  identities: readonly Identity[],
  path: string,
  depth: Depth,
): Iterator<Change> {
  const found: (readonly [path: string, reading: ZnodeReading])[] = []
  const collect = (at: string, below: number): void => {
    const znode = replica.tree.get(at)
    if (znode === undefined) return
    if (mayRead(znode, identities)) found.push([at, { data: znode.data, stat: statOf(znode) }])
    if (below === 0 || znode.numChildren === 0) return
    for (const name of replica.tree.childrenOf(at)) {
      collect(childPath(at, name), below - 1)
    }
  }
  collect(path, levelsBelow[depth])
  return snapshotChanges(found, replica.lastApplied)
}

function* snapshotChanges(
  found: readonly (readonly [path: string, reading: ZnodeReading])[],
  zxid: Zxid,
): Generator<Change> {
  for (const [path, reading] of found) {
    yield { type: 'snapshot', path, zxid, ...copiedReading(reading) }
  }
}
