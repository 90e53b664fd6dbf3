/**
 * A session that a peer in this process hosts: promises and async iterators over requests, local
 * reads and watch events. It knows its host only through the seam of session-host.ts. Whether it
 * lives is session-life.ts; how it reads, session-reads.ts; what waits for an answer,
 * unanswered-calls.ts. What each call promises is said where applications look it up: at `Session`.
 *
 * Invariants: C1 a write that fails says whether it was applied; W4 a watch event is handed over
 * before a reply, or a read, that shows its change.
 */
import {
  CoordinationError,
  isReadOnlySession,
  type CallId,
  type Configuration,
  type Delivery,
  type Operation,
  type Reconfiguration,
  type SessionId as NumericSessionId,
  type WriteRequest,
  type Zxid,
} from '@conclave/core/internal'
import type {
  AclLine,
  Bytes,
  Call,
  CreateOptions,
  DeleteOptions,
  QuotaLimits,
  QuotaReading,
  ReadOptions,
  ReadResult,
  Scan,
  ScanOptions,
  Session,
  SessionId,
  SessionState,
  SetAclOptions,
  SetOptions,
  Stat,
  Transaction,
  Watch,
  WatchOptions,
} from '@conclave/core'
import { callKeys, checkBag, checkPath } from './call-arguments.ts'
import { show } from './option-checks.ts'
import { describeWrite, writesNothing } from './refusals.ts'
import type { HostedSession, SessionHost } from './session-host.ts'
import { endingFor, sessionEnd } from './session-end.ts'
import { SessionIdentities } from './session-identities.ts'
import { SessionLife, type SessionEvents } from './session-life.ts'
import { attempt, SessionReads } from './session-reads.ts'
import { publicSessionId } from './session-results.ts'
import { checkQuota, refuseRelated, writeQuota } from './session-quotas.ts'
import { SessionScans } from './session-scans.ts'
import { SessionTransaction } from './session-transaction.ts'
import { SessionWatches } from './session-watches.ts'
import { UnansweredCalls } from './unanswered-calls.ts'
import {
  createRequestOf,
  deleteRequestOf,
  setAclRequestOf,
  setRequestOf,
  transactionOf,
} from './write-arguments.ts'

type StateListener = (...told: SessionEvents['state']) => void

export class LocalSession implements Session, HostedSession {
  readonly id: SessionId
  readonly timeoutMs: number
  /** As peers know it. */
  readonly sessionId: NumericSessionId
  readonly #host: SessionHost
  readonly #life: SessionLife
  readonly #calls: UnansweredCalls
  readonly #identities: SessionIdentities
  readonly #reads: SessionReads
  readonly #scans: SessionScans
  readonly #watches: SessionWatches
  #closing: Promise<void> | undefined

  /** Takes over a session that the ensemble has just granted to this host. */
  constructor(host: SessionHost, sessionId: NumericSessionId, timeoutMs: number) {
    this.#host = host
    this.sessionId = sessionId
    this.id = publicSessionId(sessionId)
    this.timeoutMs = timeoutMs
    const source = {
      clock: host.clock,
      deadlineMs: () => host.deadlineMs(sessionId),
      afterDelivery: (callback: () => void) => host.afterDelivery(callback),
    }
    this.#life = new SessionLife(source, `session ${this.id}`)
    this.#calls = new UnansweredCalls(host.clock, (call) => {
      host.submit({ type: 'call-aborted', call })
    })
    this.#identities = new SessionIdentities(host, sessionId)
    this.#reads = new SessionReads(host, sessionId, this.#life, this.#calls, this.#identities)
    this.#scans = new SessionScans(host, this.#life, this.#reads, this.#identities)
    this.#watches = new SessionWatches(host, sessionId, this.#identities)
  }

  get readOnly(): boolean {
    return isReadOnlySession(this.sessionId)
  }

  get state(): SessionState {
    return this.#life.state
  }

  get alive(): AbortSignal {
    return this.#life.alive
  }

  /** A signal that aborts as soon as the session can no longer be known to live, and stays so. */
  certain(): AbortSignal {
    return this.#life.certain()
  }

  /** Creates a znode and resolves with its path, to which `sequential` has added ten digits. */
  create(
    path: string,
    data?: Bytes,
    options?: CreateOptions,
  ): Promise<{ readonly path: string; readonly stat: Stat }> {
    return attempt(() =>
      this.#write(createRequestOf(path, data, options, this.#host.limits), options),
    )
  }

  get(path: string, options?: ReadOptions): Promise<ReadResult> {
    return this.#reads.get(path, options)
  }

  find(path: string, options?: ReadOptions): Promise<ReadResult | undefined> {
    return this.#reads.find(path, options)
  }

  findAll(
    paths: readonly string[],
    options?: ReadOptions,
  ): Promise<readonly (ReadResult | undefined)[]> {
    return this.#reads.findAll(paths, options)
  }

  /** Replaces a znode's data. Rejects with `NO_NODE` or `BAD_VERSION`, and then nothing changed. */
  set(path: string, data: Bytes, options?: SetOptions): Promise<Stat> {
    return attempt(() => this.#write(setRequestOf(path, data, options, this.#host.limits), options))
  }

  /** Deletes a znode. Rejects with `NO_NODE`, `BAD_VERSION` or `NOT_EMPTY`: nothing was deleted. */
  delete(path: string, options?: DeleteOptions): Promise<void> {
    return attempt(() => this.#write(deleteRequestOf(path, options, this.#host.limits), options))
  }

  /** Proves who this session is, for lists of access: with `digest`, `user:password`. */
  authenticate(scheme: string, proof: Bytes, call?: Call): Promise<void> {
    return attempt(() => {
      checkBag(call, callKeys)
      if (this.#life.refuses(call)) throw this.#life.refusalOf('authenticate', call)
      this.#identities.prove(scheme, proof)
      return Promise.resolve()
    })
  }

  /** For the host: nothing is forbidden to this session. */
  makeSuperuser(): void {
    this.#identities.add({ scheme: 'super', id: '' })
  }

  /** The list that guards a znode; hashes of passwords are masked for who may not change it. */
  getAcl(
    path: string,
    options?: ReadOptions,
  ): Promise<{ readonly acl: readonly AclLine[]; readonly stat: Stat }> {
    return this.#reads.acl(path, options)
  }

  setAcl(path: string, acl: readonly AclLine[], options?: SetAclOptions): Promise<Stat> {
    return attempt(() =>
      this.#write(setAclRequestOf(path, acl, options, this.#host.limits), options),
    )
  }

  /** Limits the subtree at a path; with no limit at all, the quota is gone. */
  setQuota(path: string, limits: QuotaLimits, call?: Call): Promise<void> {
    return attempt(() => {
      checkBag(call, callKeys)
      checkPath(path, this.#host.limits)
      const checked = checkQuota(path, limits)
      refuseRelated(path, this.#host.replica.tree.quotas.related(path)?.path)
      return writeQuota(this, path, checked, call)
    })
  }

  getQuota(path: string, options?: ReadOptions): Promise<QuotaReading | undefined> {
    return this.#reads.quota(path, options)
  }

  exists(path: string, options?: ReadOptions): Promise<Stat | undefined> {
    return this.#reads.exists(path, options)
  }

  children(path: string, options?: ReadOptions): Promise<string[]> {
    return this.#reads.children(path, options)
  }

  /** The znode and what is below it, as it was at one zxid, however long the loop takes. */
  scan(path: string, options?: ScanOptions): Scan {
    return this.#scans.scan(path, options)
  }

  countDescendants(path: string, options?: ReadOptions): Promise<number> {
    return this.#scans.countDescendants(path, options)
  }

  /** The paths of this session's ephemeral znodes, sorted; with a path, of those at or below it. */
  ephemerals(path = '/', options?: ReadOptions): Promise<string[]> {
    return this.#reads.ephemerals(path, options)
  }

  watch(path: string, options?: WatchOptions): Watch {
    const over = this.#life.isOver ? this.#life.errorFor(`watch ${show(path)}`) : undefined
    return this.#watches.begin(path, options, over)
  }

  txn(): Transaction {
    return new SessionTransaction(this.#host.limits, (operations, call) =>
      attempt(() => this.#commit(operations, call)),
    )
  }

  sync(call?: Call): Promise<Zxid> {
    return this.#reads.sync(call)
  }

  reached(zxid: Zxid, call?: Call): Promise<void> {
    return this.#reads.reached(zxid, call, this)
  }

  /** What this peer has applied, now and synchronously. Its bytes are shared: never write to them. */
  peek(path: string): ReadResult | undefined {
    return this.#reads.peek(path)
  }

  /** Ends the session, which deletes its ephemeral znodes. Idempotent. */
  close(call?: Call): Promise<void> {
    return attempt(() => {
      checkBag(call, callKeys)
      this.#closing ??= this.#life.isOver ? Promise.resolve() : this.#close(call)
      return this.#closing
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  on(event: 'state', listener: StateListener): this {
    this.#life.events.on(event, listener)
    return this
  }

  once(event: 'state', listener: StateListener): this {
    this.#life.events.once(event, listener)
    return this
  }

  off(event: 'state', listener: StateListener): this {
    this.#life.events.off(event, listener)
    return this
  }

  /** For the host, as session-host.ts says; so are the three that follow. */
  onDeliveries(items: readonly Delivery[]): void {
    for (const item of items) {
      switch (item.type) {
        case 'watch-event':
          this.#watches.deliver(item.watch, item.event)
          break
        case 'watch-gap':
          this.#watches.deliverGap(item.watch)
          break
        case 'watch-refused':
          this.#watches.refuse(item.watch, item.limit)
          break
        case 'wire-event':
        case 'wire-gap':
        case 'wire-watches':
          // Of clients of ZooKeeper's protocol alone.
          break
        case 'ended':
          this.#finish(...endingFor(item.reason, this.timeoutMs))
          break
        default:
          this.#calls.settle(item)
      }
    }
  }

  onApplied(lastApplied: Zxid): boolean {
    return this.#reads.onApplied(lastApplied)
  }

  onTime(): void {
    this.#life.onTime()
  }

  onHostGone(error: CoordinationError, unsent: ReadonlySet<CallId>): void {
    this.#finish('closed', error, unsent)
  }

  /** Nothing will be answered any more: ends whatever still waits. */
  #finish(
    state: 'expired' | 'closed',
    ending: Parameters<SessionLife['end']>[1],
    unsent: ReadonlySet<CallId> = new Set(),
  ): void {
    this.#life.end(state, ending)
    this.#calls.rejectAll(unsent, (what, outcome) => {
      const { code, message, cause } = ending
      return new CoordinationError(code, `${what} failed: ${message}`, { outcome, cause })
    })
    this.#reads.rejectAll()
    this.#scans.endAll()
    this.#watches.endAll((path) => this.#life.errorFor(`watch ${path}`))
  }

  /** Asks for other members of the ensemble, for its peer: see reconfiguration.ts. */
  reconfigure(request: Reconfiguration, call: Call): Promise<Configuration> {
    return this.#write(request, call)
  }

  #commit(
    operations: readonly Operation[],
    call: Call | undefined,
  ): ReturnType<Transaction['commit']> {
    checkBag(call, callKeys)
    return this.#write(transactionOf(operations), call)
  }

  #write<T>(request: WriteRequest, call: Call | undefined): Promise<T> {
    if (this.#life.refuses(call)) {
      const path = 'path' in request ? request.path : undefined
      throw this.#life.refusalOf(describeWrite(request), call, path)
    }
    if (this.readOnly) throw writesNothing(request)
    return this.#submit(request, call)
  }

  #submit<T>(request: WriteRequest, options: Call | undefined): Promise<T> {
    const call = this.#host.nextCall()
    const answered = this.#calls.addWrite<T>(call, request, options)
    this.#host.submit({ type: 'request-received', session: this.sessionId, call, request })
    return answered
  }

  #close(call: Call | undefined): Promise<void> {
    const what = `close session ${this.id}`
    const request: WriteRequest = { type: 'close-session' }
    // Without the caller's signal: when nobody waits any more, the session is to end all the same.
    const answered = this.#submit(request, undefined)
    // Now, not once it is committed: by then, others may act on the session's end.
    this.#life.end('closed', {
      code: 'SESSION_CLOSED',
      message: 'the application has closed the session; open a new one',
    })
    this.#watches.endAll()
    const timeoutMs = call?.timeoutMs ?? (this.readOnly ? undefined : this.timeoutMs)
    const bounds = { signal: call?.signal, timeoutMs }
    return sessionEnd(answered, what, bounds, this.#host.clock)
  }
}
