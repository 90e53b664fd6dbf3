/**
 * A session on servers that speak ZooKeeper's protocol, those of Apache ZooKeeper or the ports of our
 * own peers: the same calls, errors and results as of a session that a peer in this process hosts. The
 * client underneath (@conclave/zookeeper) finds servers and keeps the session; here it is made of
 * promises and async iterators. What each call promises is said at `Session`; what cannot be kept over
 * the wire, in docs/zookeeper-parity.md.
 *
 * Invariants: C1 a write that fails says whether it was applied; S8 past its deadline the session is
 * `suspended`; W4 a change is handed over before what shows it.
 */
import { CoordinationError, type Limits, type Operation, type Zxid } from '@conclave/core/internal'
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
import type { Chroot } from '@conclave/zookeeper'
import { sessionIdText, type Client, type SessionEnding } from '@conclave/zookeeper'
import { callKeys, checkBag, checkPath } from '../call-arguments.ts'
import type { Clock } from '../clock.ts'
import { show } from '../option-checks.ts'
import { endingFor, sessionEnd } from '../session-end.ts'
import { SessionLife, type SessionEvents } from '../session-life.ts'
import { attempt } from '../session-reads.ts'
import { SessionTransaction } from '../session-transaction.ts'
import {
  createRequestOf,
  deleteRequestOf,
  setAclRequestOf,
  setRequestOf,
  transactionOf,
} from '../write-arguments.ts'
import { InOrder } from './in-order.ts'
import { RemoteCalls } from './remote-calls.ts'
import { RemoteProofs } from './remote-proofs.ts'
import { RemoteQuotas } from './remote-quotas.ts'
import { RemoteReads } from './remote-reads.ts'
import { RemoteScans } from './remote-scans.ts'
import { RemoteWatches } from './remote-watches.ts'
import { RemoteWrites } from './remote-writes.ts'

type StateListener = (...told: SessionEvents['state']) => void

export interface RemoteSessionOptions {
  readonly clock: Clock
  readonly limits: Limits
  readonly maxFrameBytes: number
  readonly chroot: Chroot
}

export class RemoteSession implements Session {
  readonly id: SessionId
  readonly readOnly = false
  readonly #client: Client
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #life: SessionLife
  readonly #proofs: RemoteProofs
  readonly #reads: RemoteReads
  readonly #writes: RemoteWrites
  readonly #quotas: RemoteQuotas
  readonly #scans: RemoteScans
  readonly #watches: RemoteWatches
  readonly #ended: Promise<void>
  #onEnded: () => void = () => undefined
  #closing: Promise<void> | undefined

  /** Takes over a session that the ensemble has just granted to this client. */
  constructor(client: Client, { clock, limits, maxFrameBytes, chroot }: RemoteSessionOptions) {
    this.#client = client
    this.#clock = clock
    this.#limits = limits
    this.id = sessionIdText(client.sessionId)
    this.#life = new SessionLife(
      { clock, deadlineMs: () => client.deadlineMs, afterDelivery: queueMicrotask },
      `session ${this.id}`,
    )
    const order = new InOrder()
    const calls = new RemoteCalls(client, this.#life, order, { clock, limits, maxFrameBytes })
    this.#proofs = new RemoteProofs(client, this.#life, calls)
    this.#reads = new RemoteReads(calls, chroot)
    this.#writes = new RemoteWrites(calls, chroot)
    this.#quotas = new RemoteQuotas(calls, chroot)
    this.#scans = new RemoteScans(client, calls, this.#reads, this.#life, chroot)
    this.#watches = new RemoteWatches(client, calls, this.#life, order, chroot)
    this.#ended = new Promise((resolve) => {
      this.#onEnded = resolve
    })
  }

  get state(): SessionState {
    return this.#life.state
  }

  /** As the server granted it that the session is at. */
  get timeoutMs(): number {
    return this.#client.timeoutMs
  }

  get alive(): AbortSignal {
    return this.#life.alive
  }

  certain(): AbortSignal {
    return this.#life.certain()
  }

  create(
    path: string,
    data?: Bytes,
    options?: CreateOptions,
  ): Promise<{ readonly path: string; readonly stat: Stat }> {
    return attempt(() =>
      this.#writes.create(createRequestOf(path, data, options, this.#limits), options),
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

  set(path: string, data: Bytes, options?: SetOptions): Promise<Stat> {
    return attempt(() => this.#writes.set(setRequestOf(path, data, options, this.#limits), options))
  }

  delete(path: string, options?: DeleteOptions): Promise<void> {
    return attempt(() => this.#writes.delete(deleteRequestOf(path, options, this.#limits), options))
  }

  exists(path: string, options?: ReadOptions): Promise<Stat | undefined> {
    return this.#reads.exists(path, options)
  }

  authenticate(scheme: string, proof: Bytes, call?: Call): Promise<void> {
    return attempt(() => {
      checkBag(call, callKeys)
      return this.#proofs.prove(scheme, proof, call)
    })
  }

  getAcl(
    path: string,
    options?: ReadOptions,
  ): Promise<{ readonly acl: readonly AclLine[]; readonly stat: Stat }> {
    return this.#reads.acl(path, options)
  }

  setAcl(path: string, acl: readonly AclLine[], options?: SetAclOptions): Promise<Stat> {
    return attempt(() =>
      this.#writes.setAcl(setAclRequestOf(path, acl, options, this.#limits), options),
    )
  }

  children(path: string, options?: ReadOptions): Promise<string[]> {
    return this.#reads.children(path, options)
  }

  /** Read whole before the first znode is given out: see remote-scans.ts. */
  scan(path: string, options?: ScanOptions): Scan {
    return this.#scans.scan(path, options)
  }

  countDescendants(path: string, options?: ReadOptions): Promise<number> {
    return this.#reads.countDescendants(path, options)
  }

  ephemerals(path = '/', options?: ReadOptions): Promise<string[]> {
    return this.#reads.ephemerals(path, options)
  }

  setQuota(path: string, limits: QuotaLimits, call?: Call): Promise<void> {
    return attempt(() => {
      checkBag(call, callKeys)
      checkPath(path, this.#limits)
      return this.#quotas.set(path, limits, call)
    })
  }

  getQuota(path: string, options?: ReadOptions): Promise<QuotaReading | undefined> {
    return this.#quotas.get(path, options)
  }

  watch(path: string, options?: WatchOptions): Watch {
    return this.#watches.begin(path, options)
  }

  txn(): Transaction {
    return new SessionTransaction(this.#limits, (operations, call) =>
      attempt(() => this.#commit(operations, call)),
    )
  }

  sync(call?: Call): Promise<Zxid> {
    return this.#reads.sync(call)
  }

  reached(zxid: Zxid, call?: Call): Promise<void> {
    return this.#reads.reached(zxid, call, () => this.#client.lastZxid)
  }

  /** There is no copy of the tree on this side of the wire. */
  peek(path: string): never {
    if (this.#life.isOver) throw this.#life.errorFor(`peek ${show(path)}`)
    checkPath(path, this.#limits)
    const message = `peek ${path} failed: a session over the wire has no copy of the tree; use get or find, or a session that a peer hosts`
    throw new CoordinationError('UNIMPLEMENTED', message, { path })
  }

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

  /** For the client: time has passed. */
  onTime(): void {
    this.#life.onTime()
  }

  /** For the client: the session is over. */
  onEnding(ending: SessionEnding): void {
    this.#life.end(...lifeEnding(ending, this.timeoutMs))
    this.#watches.endAll((path) => this.#life.errorFor(`watch ${path}`))
    this.#onEnded()
  }

  #commit(
    operations: readonly Operation[],
    call: Call | undefined,
  ): ReturnType<Transaction['commit']> {
    checkBag(call, callKeys)
    return this.#writes.commit(transactionOf(operations), call)
  }

  #close(call: Call | undefined): Promise<void> {
    this.#client.close()
    // Now, not once it is answered: by then, others may act on the session's end.
    this.#life.end('closed', {
      code: 'SESSION_CLOSED',
      message: 'the application has closed the session; open a new one',
    })
    this.#watches.endAll()
    const bounds = { signal: call?.signal, timeoutMs: call?.timeoutMs ?? this.timeoutMs }
    const closed = sessionEnd(this.#ended, `close session ${this.id}`, bounds, this.#clock)
    // A server is looked for even when nobody waits any more, but no longer than it keeps the session.
    const patienceMs = Math.max(bounds.timeoutMs, this.timeoutMs)
    const cancel = this.#clock.after(patienceMs, () => this.#client.end({ reason: 'closed' }))
    void this.#ended.then(cancel)
    return closed
  }
}

function lifeEnding(ending: SessionEnding, timeoutMs: number): Parameters<SessionLife['end']> {
  switch (ending.reason) {
    case 'expired':
    case 'closed':
      return endingFor(ending.reason, timeoutMs)
    case 'silent': {
      const message = `no server has answered for longer than any keeps the session, which has a timeout of ${String(timeoutMs)} ms; open a new one`
      return ['expired', { code: 'SESSION_EXPIRED', message }]
    }
    case 'refused': {
      const message =
        'the server does not take what the session has proved; mend that, and open a new one'
      return ['closed', { code: 'SESSION_CLOSED', message, cause: ending.cause }]
    }
    case 'defect': {
      const message = 'something is wrong with the client; open a new one, and report the cause'
      return ['closed', { code: 'SESSION_CLOSED', message, cause: ending.cause }]
    }
  }
}
