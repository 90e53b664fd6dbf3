/**
 * The whole of what sessions are told, as plainly as it can be written: one request after the other,
 * each done when its place in the log is known, on copies of a Map. Shares no code with the core.
 *
 * What is nobody's right to predict is taken as it was decided: in which order the sessions' writes
 * stand in the log, when exactly somebody expires or a znode is reaped, and in which order a subtree
 * or a session's ephemerals go. That it could be decided so is checked; what it comes to is predicted.
 */
import type { TreeRequest, WatchDepth } from '@conclave/core/internal'
import { mayDo, type Identity } from './access.ts'
import { Attempt, Refusal, type Circumstances, type ModelLimits } from './attempt.ts'
import type { ModelSession, Told, Wish } from './session.ts'
import { ephemeralsOf, isDue, newTree, statOf, type Change, type Tree } from './tree.ts'
import { thatSee } from './watches.ts'

/** A txn, as far as somebody had to decide about it. */
export interface Decided {
  readonly zxid: number
  readonly timeMs: number
  readonly what:
    | { readonly type: 'request'; readonly session: number; readonly requestId: number }
    | { readonly type: 'open'; readonly password: string }
    | { readonly type: 'expire'; readonly session: number }
    | { readonly type: 'reap'; readonly path: string }
    | { readonly type: 'configure' }
  /** The paths that it deletes together, in order. */
  readonly order: readonly string[]
}

/** Something that does not fit what may be decided. */
function demand(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new Error(what)
}

/** How much later than its last proof somebody may be abandoned. */
const slackMs = 1_500

export class Model {
  tree: Tree = newTree()
  readonly sessions = new Map<number, ModelSession>()
  /** What each session is told, in order, until it is taken. */
  #told = new Map<number, Told[]>()
  #opened: object[] = []
  #changes: Change[] = []
  zxid: number
  nowMs = 0
  readonly #limits: ModelLimits
  readonly #wishes: Wish[] = []
  /** Every reading of the wall clock. */
  readonly #readings: number[] = []

  constructor(limits: ModelLimits, zxid = 0) {
    this.#limits = limits
    this.zxid = zxid
  }

  tick(nowMs: number, wallMs: number): void {
    this.nowMs = nowMs
    this.#readings.push(wallMs)
  }

  wish(call: number, timeoutMs: number, password: string): void {
    this.#wishes.push({ call, timeoutMs, password, isAbandoned: false })
  }

  ask(id: number, call: number, request: TreeRequest): void {
    const session = this.sessions.get(id)
    if (session === undefined) return this.#fail(id, call, 'SESSION_EXPIRED')
    if (this.#isBusy(session) && request.type !== 'close-session') {
      return this.#fail(id, call, 'BUSY')
    }
    const since = this.#readings.length - 1
    const { identities } = session
    session.writes.push({ call, request, identities, since, isAbandoned: false })
  }

  sync(id: number, call: number): void {
    const session = this.sessions.get(id)
    if (session === undefined) return this.#fail(id, call, 'SESSION_EXPIRED')
    if (this.#isBusy(session)) return this.#fail(id, call, 'BUSY')
    session.syncs.push(call)
  }

  /** The caller waits no more. What it asked for was sent, and may be applied. */
  abort(call: number): void {
    const wish = this.#wishes.find((one) => one.call === call && !one.isAbandoned)
    if (wish !== undefined) {
      wish.isAbandoned = true
      this.#opened.push({ type: 'fail-session', call, code: 'ABORTED', outcome: 'unknown' })
    }
    for (const { id, writes, syncs } of this.sessions.values()) {
      const write = writes.find((one) => one.call === call && !one.isAbandoned)
      if (write !== undefined) {
        write.isAbandoned = true
        this.#fail(id, call, 'ABORTED', 'unknown')
      }
      if (syncs.includes(call)) {
        syncs.splice(syncs.indexOf(call), 1)
        this.#fail(id, call, 'ABORTED')
      }
    }
  }

  /** A sync is answered; false when nobody waits for it. */
  synced(id: number, call: number): boolean {
    const syncs = this.sessions.get(id)?.syncs ?? []
    const index = syncs.indexOf(call)
    if (index >= 0) syncs.splice(index, 1)
    return index >= 0
  }

  abandon(id: number): void {
    const session = this.sessions.get(id)
    if (session !== undefined) session.abandonedMs ??= this.nowMs
  }

  authenticate(id: number, identities: readonly Identity[]): void {
    const session = this.sessions.get(id)
    if (session !== undefined) session.identities = identities
  }

  /** How many calls wait for an answer. */
  get unansweredCount(): number {
    let count = this.#wishes.length
    for (const { writes, syncs } of this.sessions.values()) count += writes.length + syncs.length
    return count
  }

  watch(id: number, watch: number, path: string, depth: WatchDepth): void {
    const session = this.sessions.get(id)
    if (session === undefined) return
    if (session.watches.length < this.#limits.maxSessionWatches) {
      session.watches.push({ watch, path, depth })
    } else {
      this.#tell(id, { type: 'watch-refused', watch, limit: 'maxSessionWatches' })
    }
  }

  unwatch(id: number, watch: number): void {
    const watches = this.sessions.get(id)?.watches ?? []
    const index = watches.findIndex((one) => one.watch === watch)
    if (index >= 0) watches.splice(index, 1)
  }

  /** The next place in the log has been decided about, and is applied. */
  apply(decided: Decided): void {
    const { zxid, timeMs, what } = decided
    const isNext = zxid === this.zxid + 1 || (zxid - 1) % 2 ** 32 === 0
    demand(isNext && zxid > this.zxid, `zxid ${zxid} behind ${this.zxid}`)
    this.zxid = zxid
    switch (what.type) {
      case 'request':
        return this.#answer(decided, what.session, what.requestId)
      case 'open':
        return this.#open(zxid, what.password)
      case 'expire': {
        const session = this.sessions.get(what.session)
        demand(session !== undefined, 'who expires is a session')
        this.#demandExpiry(session)
        return this.#end(session, decided, 'expired')
      }
      case 'reap': {
        demand(this.#readings.includes(timeMs), 'a txn has the time of some reading')
        const mayGo = this.tree.has(what.path) && isDue(this.tree, what.path, timeMs)
        demand(mayGo, `${what.path} is reaped before its time`)
        const attempt = new Attempt(this.tree, this.#circumstances(decided, 0, []))
        attempt.remove(what.path)
        return this.#keep(attempt)
      }
      case 'configure':
        return this.#configure(decided)
    }
  }

  takeTold(): ReadonlyMap<number, readonly Told[]> {
    const told = this.#told
    this.#told = new Map()
    return told
  }

  takeOpened(): readonly object[] {
    const opened = this.#opened
    this.#opened = []
    return opened
  }

  /** Every change of the tree since this was last asked. */
  takeChanges(): readonly Change[] {
    const changes = this.#changes
    this.#changes = []
    return changes
  }

  /** Who and what was to go by then, and is still there: for when the leader has looked since. */
  overdue(nowMs: number, wallMs: number): string[] {
    const silent = [...this.sessions.values()].filter(
      ({ abandonedMs, timeoutMs }) => abandonedMs !== null && nowMs >= abandonedMs + timeoutMs,
    )
    const due = [...this.tree.keys()].filter((path) => isDue(this.tree, path, wallMs))
    return [...silent.map(({ id }) => `session ${id}`), ...due]
  }

  #answer(decided: Decided, id: number, requestId: number): void {
    const session = this.sessions.get(id)
    const write = session?.writes.shift()
    demand(session !== undefined && write !== undefined, `nobody asked for ${decided.zxid}`)
    demand(requestId === session.lastRequestId + 1, 'requests of a session keep their order')
    session.lastRequestId = requestId
    const isInTime = this.#readings.slice(write.since).includes(decided.timeMs)
    demand(isInTime, `${decided.zxid} has the time ${decided.timeMs}, which nobody read`)

    const { request, call, identities } = write
    const { zxid } = decided
    const attempt = new Attempt(this.tree, this.#circumstances(decided, id, identities))
    const tell = (answer: Told): void => {
      if (!write.isAbandoned) this.#tell(id, answer)
    }
    if (request.type === 'close-session') {
      this.#end(session, decided, 'closed', () => {
        tell({ type: 'reply', call, zxid, result: { type: 'close-session' } })
      })
      return
    }
    try {
      const result = attempt.perform(request, decided.order)
      this.#keep(attempt)
      tell({ type: 'reply', call, zxid, result })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { code, limit } = error
      const path = error.path.slice(0, this.#limits.maxPathLength)
      const refusal = { code, path, limit, operation: attempt.done }
      const version = this.tree.get(path)?.version ?? null
      tell({ type: 'refused', call, zxid, refusal, version })
    }
  }

  #open(zxid: number, password: string): void {
    const index = this.#wishes.findIndex((wish) => wish.password === password)
    demand(index >= 0, 'a session is opened that nobody wished for')
    const [{ call, timeoutMs, isAbandoned }] = this.#wishes.splice(index, 1) as [Wish]
    // Nobody's, when the call was given up: it ends by itself.
    const abandonedMs = isAbandoned ? this.nowMs : null
    this.sessions.set(zxid, {
      ...{ id: zxid, timeoutMs, identities: [], lastRequestId: 0, abandonedMs },
      ...{ isHosted: !isAbandoned, watches: [], writes: [], syncs: [] },
    })
    if (isAbandoned) return
    this.#opened.push({ type: 'open-session', call, session: zxid, timeoutMs })
  }

  #end(
    session: ModelSession,
    decided: Decided,
    reason: 'closed' | 'expired',
    answer?: () => void,
  ): void {
    const { id, writes, syncs } = session
    const attempt = new Attempt(this.tree, this.#circumstances(decided, id, []))
    attempt.removeAll(ephemeralsOf(this.tree, id), decided.order)
    this.#keep(attempt)
    answer?.()
    for (const { call, isAbandoned } of writes) {
      if (!isAbandoned) this.#fail(id, call, 'SESSION_EXPIRED')
    }
    for (const call of syncs) this.#fail(id, call, 'SESSION_EXPIRED')
    this.#tell(id, { type: 'ended', reason })
    this.sessions.delete(id)
  }

  #demandExpiry({ id, abandonedMs, timeoutMs }: ModelSession): void {
    const isSilent = abandonedMs !== null && this.nowMs >= abandonedMs + timeoutMs - slackMs
    demand(isSilent, `session ${id} expires at ${this.nowMs}, silent since ${abandonedMs}`)
  }

  /** A standalone peer founds itself. */
  #configure({ zxid, timeMs }: Decided): void {
    const path = '/zookeeper/config'
    const text = `server.1=participant\nversion=${zxid.toString(16)}`
    const data = new TextEncoder().encode(text)
    this.tree = new Map(this.tree)
    this.tree.set(path, { ...this.tree.get(path)!, data, mzxid: zxid, mtime: timeMs })
    const [znode, stat] = [this.tree.get(path)!, statOf(this.tree, path)]
    this.#show({ type: 'changed', path, zxid, znode, stat })
  }

  #keep({ tree, changes }: Attempt): void {
    this.tree = tree
    for (const change of changes) this.#show(change)
  }

  /** Watches are told what their session may read, by the znode's list at the change. */
  #show(change: Change): void {
    const { type, path, zxid, znode, stat } = change
    this.#changes.push(change)
    const isGone = type === 'deleted'
    const shown = isGone ? { data: null, stat: null } : { data: znode.data, stat }
    for (const { id, watches, identities } of this.sessions.values()) {
      if (!mayDo('read', znode.acl, identities)) continue
      for (const { watch } of thatSee(watches, path)) {
        this.#tell(id, { type: 'watch-event', watch, event: { type, path, zxid, ...shown } })
      }
    }
  }

  #circumstances(
    { zxid, timeMs }: Decided,
    session: number,
    identities: readonly Identity[],
  ): Circumstances {
    return { zxid, timeMs, session, identities, limits: this.#limits }
  }

  #isBusy({ writes, syncs }: ModelSession): boolean {
    return writes.length + syncs.length >= this.#limits.maxSessionRequests
  }

  #fail(id: number, call: number, code: string, outcome = 'not-applied'): void {
    this.#tell(id, { type: 'failed', call, code, outcome })
  }

  #tell(id: number, item: Told): void {
    if (this.sessions.get(id)?.isHosted === false) return
    const told = this.#told.get(id)
    if (told === undefined) this.#told.set(id, [item])
    else told.push(item)
  }
}
