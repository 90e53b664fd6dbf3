/**
 * A session that a peer in this process hosts: promises and async iterators over requests, local
 * reads and watch events. It knows its host only through the seam of session-host.ts. Whether it
 * lives is session-life.ts; how it reads, session-reads.ts; what waits for an answer,
 * unanswered-calls.ts.
 *
 * Invariants: C1 a write that fails says whether it was applied; W4 a watch event is handed over
 * before a reply, or a read, that shows its change.
 */
import {
  CoordinationError,
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
  Bytes,
  Call,
  CreateOptions,
  DeleteOptions,
  ReadOptions,
  ReadResult,
  Scan,
  ScanOptions,
  Session,
  SessionId,
  SessionState,
  SetOptions,
  Stat,
  Transaction,
  Watch,
  WatchOptions,
} from '@conclave/core'
import {
  callKeys,
  checkBag,
  checkPath,
  checkVersion,
  copyData,
  createKeys,
  createShapeOf,
  deleteKeys,
  requireData,
  setKeys,
} from './call-arguments.ts'
import { givenUpError, onGivingUp } from './giving-up.ts'
import { flagOption, show } from './option-checks.ts'
import { describeWrite } from './refusals.ts'
import type { HostedSession, SessionHost } from './session-host.ts'
import { SessionLife, type SessionEvents } from './session-life.ts'
import { attempt, SessionReads } from './session-reads.ts'
import { publicSessionId } from './session-results.ts'
import { SessionScans } from './session-scans.ts'
import { SessionTransaction } from './session-transaction.ts'
import { SessionWatches } from './session-watches.ts'
import { UnansweredCalls } from './unanswered-calls.ts'

type StateListener = (...told: SessionEvents['state']) => void

export class LocalSession implements Session, HostedSession {
  readonly id: SessionId
  readonly timeoutMs: number
  /** As peers know it. */
  readonly sessionId: NumericSessionId
  readonly #host: SessionHost
  readonly #life: SessionLife
  readonly #calls: UnansweredCalls
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
    this.#life = new SessionLife(host, sessionId, `session ${this.id}`)
    this.#calls = new UnansweredCalls(host.clock, (call) => {
      host.submit({ type: 'call-aborted', call })
    })
    this.#reads = new SessionReads(host, sessionId, this.#life, this.#calls)
    this.#scans = new SessionScans(host, this.#life, this.#reads)
    this.#watches = new SessionWatches(host, sessionId)
  }

  /** Whether the ensemble keeps the session, as of now. */
  get state(): SessionState {
    return this.#life.state
  }

  /** Aborts once, when the session is `expired` or `closed`. */
  get alive(): AbortSignal {
    return this.#life.alive
  }

  /** A signal that aborts as soon as the session can no longer be known to live, and stays so. */
  certain(): AbortSignal {
    return this.#life.certain()
  }

  /**
   * Creates a znode and resolves with its path, to which `sequential` has added ten digits.
   *
   * Rejects with `NODE_EXISTS`, `NO_NODE` (no parent) or `NO_CHILDREN_FOR_EPHEMERALS`, and then
   * nothing was created.
   */
  create(
    path: string,
    data?: Bytes,
    options?: CreateOptions,
  ): Promise<{ readonly path: string; readonly stat: Stat }> {
    return attempt(() => {
      const bag = checkBag(options, createKeys)
      const { mode, sequential } = createShapeOf(bag)
      const parents = flagOption(bag['parents'], 'parents')
      checkPath(path, this.#host.limits, sequential)
      const bytes = copyData(data, path, this.#host.limits)
      const request = { type: 'create', path, data: bytes, mode, sequential, parents } as const
      return this.#write(request, options)
    })
  }

  /** Reads a znode, behind this session's own earlier writes. Rejects with `NO_NODE` if absent. */
  get(path: string, options?: ReadOptions): Promise<ReadResult> {
    return this.#reads.get(path, options)
  }

  /** Reads like `get`; absence is `undefined`. */
  find(path: string, options?: ReadOptions): Promise<ReadResult | undefined> {
    return this.#reads.find(path, options)
  }

  /** Replaces a znode's data. Rejects with `NO_NODE` or `BAD_VERSION`, and then nothing changed. */
  set(path: string, data: Bytes, options?: SetOptions): Promise<Stat> {
    return attempt(() => {
      const bag = checkBag(options, setKeys)
      checkPath(path, this.#host.limits)
      const version = checkVersion(bag['version'], path)
      const bytes = copyData(requireData(data, path), path, this.#host.limits)
      return this.#write({ type: 'set', path, data: bytes, version }, options)
    })
  }

  /** Deletes a znode. Rejects with `NO_NODE`, `BAD_VERSION` or `NOT_EMPTY`: nothing was deleted. */
  delete(path: string, options?: DeleteOptions): Promise<void> {
    return attempt(() => {
      const bag = checkBag(options, deleteKeys)
      checkPath(path, this.#host.limits)
      const version = checkVersion(bag['version'], path)
      const recursive = flagOption(bag['recursive'], 'recursive')
      return this.#write({ type: 'delete', path, version, recursive }, options)
    })
  }

  /** Resolves with the znode's stat, `undefined` when there is none. */
  exists(path: string, options?: ReadOptions): Promise<Stat | undefined> {
    return this.#reads.exists(path, options)
  }

  /** The names of the znode's children, sorted. Rejects with `NO_NODE`. */
  children(path: string, options?: ReadOptions): Promise<string[]> {
    return this.#reads.children(path, options)
  }

  /**
   * The znode and what is below it, as it was at one zxid, however long the loop takes. Throws
   * `BAD_ARGUMENT` and `BAD_OPTION`; the loop rejects with `NO_NODE`, and with `LIMIT_EXCEEDED` if so
   * much has changed meanwhile that the old state cannot be kept. `timeoutMs` bounds its beginning.
   */
  scan(path: string, options?: ScanOptions): Scan {
    return this.#scans.scan(path, options)
  }

  /** How many znodes there are below this one, at one zxid. Rejects with `NO_NODE`. */
  countDescendants(path: string, options?: ReadOptions): Promise<number> {
    return this.#scans.countDescendants(path, options)
  }

  /** The paths of this session's ephemeral znodes, sorted; with a path, of those at or below it. */
  ephemerals(path = '/', options?: ReadOptions): Promise<string[]> {
    return this.#reads.ephemerals(path, options)
  }

  /**
   * Watches from now on: no change behind what could be read before the call is missed. Throws
   * `BAD_ARGUMENT` and `BAD_OPTION`. Who takes too slowly sees one `gap` for what did not fit.
   */
  watch(path: string, options?: WatchOptions): Watch {
    const over = this.#life.isOver ? this.#life.errorFor(`watch ${show(path)}`) : undefined
    return this.#watches.begin(path, options, over)
  }

  /** Begins a transaction: nothing is sent before its `commit`. */
  txn(): Transaction {
    return new SessionTransaction(this.#host.limits, (operations, call) =>
      attempt(() => this.#commit(operations, call)),
    )
  }

  /** Resolves once this peer has applied every write acknowledged before the call, with its zxid. */
  sync(call?: Call): Promise<Zxid> {
    return this.#reads.sync(call)
  }

  /** Resolves once reads of this session see everything up to `zxid`. */
  reached(zxid: Zxid, call?: Call): Promise<void> {
    return this.#reads.reached(zxid, call, this)
  }

  /**
   * What this peer has applied, now and synchronously; `undefined` when there is no such znode. Its
   * bytes are shared: never write to them. Throws when the session is over.
   */
  peek(path: string): ReadResult | undefined {
    return this.#reads.peek(path)
  }

  /**
   * Ends the session, which deletes its ephemeral znodes. Writes given before it are carried out,
   * calls given after it reject with `SESSION_CLOSED`. Idempotent.
   *
   * Waits for the ensemble at most as long as the session's timeout, or `timeoutMs`, then rejects
   * with `TIMEOUT`: the session ends all the same.
   */
  close(call?: Call): Promise<void> {
    return attempt(() => {
      checkBag(call, callKeys)
      this.#closing ??= this.#life.isOver ? Promise.resolve() : this.#close(call)
      return this.#closing
    })
  }

  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** `state` tells every change of state, after it can be seen. */
  on(event: 'state', listener: StateListener): this {
    this.#life.events.on(event, listener)
    return this
  }

  /** Like `on`, for the next change alone. */
  once(event: 'state', listener: StateListener): this {
    this.#life.events.once(event, listener)
    return this
  }

  /** Takes a listener back. */
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
        case 'ended':
          this.#onEnded(item.reason)
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

  #onEnded(reason: 'closed' | 'expired' | 'moved'): void {
    switch (reason) {
      case 'closed':
        this.#finish('closed', { code: 'SESSION_CLOSED', message: 'the session was closed' })
        return
      case 'expired':
        this.#finish('expired', {
          code: 'SESSION_EXPIRED',
          message: `the ensemble heard nothing of the session for ${String(this.timeoutMs)} ms and has ended it; open a new one`,
        })
        return
      case 'moved':
        this.#finish('closed', {
          code: 'SESSION_MOVED',
          message: 'another peer hosts the session now',
        })
    }
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
    if (operations.length === 0) {
      const message = 'the transaction is empty: add an operation before commit()'
      throw new CoordinationError('BAD_ARGUMENT', message)
    }
    return this.#write({ type: 'transaction', operations }, call)
  }

  #write<T>(request: WriteRequest, call: Call | undefined): Promise<T> {
    if (this.#life.refuses(call)) {
      const path = 'path' in request ? request.path : undefined
      throw this.#life.refusalOf(describeWrite(request), call, path)
    }
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
    return new Promise((resolve, reject: (error: Error) => void) => {
      const bounds = { signal: call?.signal, timeoutMs: call?.timeoutMs ?? this.timeoutMs }
      const release = onGivingUp(bounds, this.#host.clock, (givingUp) => {
        const so = 'the session ends once the ensemble is reached, or has expired by then'
        reject(givenUpError(givingUp, what, { outcome: 'unknown', so }))
      })
      answered.then(
        () => {
          release?.()
          resolve()
        },
        (error: unknown) => {
          release?.()
          if (isOver(error)) resolve()
          else reject(error as Error)
        },
      )
    })
  }
}

/** True of an error that says that the session has ended, which is what its closer wanted. */
function isOver(error: unknown): boolean {
  if (!(error instanceof CoordinationError)) return false
  return error.code === 'SESSION_CLOSED' || error.code === 'SESSION_EXPIRED'
}
