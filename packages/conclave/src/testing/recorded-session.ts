/**
 * A session under test: the session itself, with time flowing while its calls wait and with what it
 * asks and is told in the history.
 */
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
  Zxid,
} from '@conclave/core'
import type { CallResult, HistoryOperation } from '@conclave/sim'
import type { LocalSession } from '../local-session.ts'
import { entryStat, entryValue, isReapable } from './entry-values.ts'
import { RecordedTransaction } from './recorded-transaction.ts'
import { RecordedWatch } from './recorded-watch.ts'
import { TimedScan } from './timed-scan.ts'
import type { Recorder, Told } from './recorder.ts'
import type { TestPeer } from './test-peer.ts'
import type { VirtualTime } from './virtual-time.ts'

type StateListener = (state: SessionState, previous: SessionState) => void

export class RecordedSession implements Session {
  readonly id: SessionId
  readonly timeoutMs: number
  readonly readOnly: boolean
  readonly alive: AbortSignal
  /** The session itself, and the peer that hosts it: for the ensemble under test. */
  readonly local: LocalSession
  readonly host: TestPeer
  readonly #time: VirtualTime
  readonly #recorder: Recorder
  #watchCount = 0

  constructor(local: LocalSession, host: TestPeer, time: VirtualTime, recorder: Recorder) {
    this.id = local.id
    this.timeoutMs = local.timeoutMs
    this.readOnly = local.readOnly
    this.alive = local.alive
    this.local = local
    this.host = host
    this.#time = time
    this.#recorder = recorder
  }

  /** True of a session of the ensemble whose history this is. */
  isIn(recorder: Recorder): boolean {
    return this.#recorder === recorder
  }

  get state(): SessionState {
    return this.local.state
  }

  certain(): AbortSignal {
    return this.local.certain()
  }

  create(
    path: string,
    data?: Bytes,
    options?: CreateOptions,
  ): Promise<{ readonly path: string; readonly stat: Stat }> {
    const operation: HistoryOperation = {
      type: 'create',
      path,
      value: entryValue(data),
      ephemeral: options?.mode === 'ephemeral',
      reapable: isReapable(options?.mode),
      sequential: options?.sequential === true,
      parents: options?.parents === true,
    }
    const answered = this.local.create(path, data, options)
    return this.#record(operation, answered, options, ({ path: made, stat }) => ({
      result: { path: made, stat: entryStat(stat) },
      zxid: stat.czxid,
    }))
  }

  get(path: string, options?: ReadOptions): Promise<ReadResult> {
    const operation = readOperation('get', path, options)
    return this.#record(operation, this.local.get(path, options), options, toldOfReading)
  }

  find(path: string, options?: ReadOptions): Promise<ReadResult | undefined> {
    const operation = readOperation('get', path, options)
    return this.#record(operation, this.local.find(path, options), options, toldOfReading)
  }

  /** In the history, a read of each. */
  findAll(
    paths: readonly string[],
    options?: ReadOptions,
  ): Promise<readonly (ReadResult | undefined)[]> {
    const found = this.local.findAll(paths, options)
    if (!Array.isArray(paths) || paths.length === 0) return found
    return Promise.all(
      paths.map((path: string, at) => {
        const one = found.then((all) => all[at])
        return this.#record(readOperation('get', path, options), one, options, toldOfReading)
      }),
    )
  }

  set(path: string, data: Bytes, options?: SetOptions): Promise<Stat> {
    const { version } = options ?? {}
    const operation: HistoryOperation = { type: 'set', path, value: entryValue(data), version }
    const answered = this.local.set(path, data, options)
    return this.#record(operation, answered, options, (stat) => ({
      result: { stat: entryStat(stat) },
      zxid: stat.mzxid,
    }))
  }

  delete(path: string, options?: DeleteOptions): Promise<void> {
    const { version, recursive } = options ?? {}
    const operation: HistoryOperation = { type: 'delete', path, version, recursive }
    return this.#record(operation, this.local.delete(path, options), options, toldNothing)
  }

  exists(path: string, options?: ReadOptions): Promise<Stat | undefined> {
    const operation = readOperation('exists', path, options)
    return this.#record(operation, this.local.exists(path, options), options, (stat) => ({
      result: stat === undefined ? null : { stat: entryStat(stat) },
    }))
  }

  children(path: string, options?: ReadOptions): Promise<string[]> {
    const operation = readOperation('children', path, options)
    const answered = this.local.children(path, options)
    return this.#record(operation, answered, options, (names) => ({
      result: { names: [...names] },
    }))
  }

  /** Not in the history: it says nothing that reads and watches do not. */
  scan(path: string, options?: ScanOptions): Scan {
    return new TimedScan(
      this.local.scan(path, options),
      this.#time,
      `scan ${path} of session ${this.id}`,
    )
  }

  countDescendants(path: string, options?: ReadOptions): Promise<number> {
    const what = `countDescendants() of session ${this.id}`
    const answered = this.local.countDescendants(path, options)
    return this.#time.whileAwaited(what, answered, options?.timeoutMs)
  }

  ephemerals(path?: string, options?: ReadOptions): Promise<string[]> {
    const what = `ephemerals() of session ${this.id}`
    return this.#time.whileAwaited(what, this.local.ephemerals(path, options), options?.timeoutMs)
  }

  authenticate(scheme: string, proof: Bytes, call?: Call): Promise<void> {
    const what = `authenticate() of session ${this.id}`
    return this.#time.whileAwaited(what, this.local.authenticate(scheme, proof, call))
  }

  getAcl(
    path: string,
    options?: ReadOptions,
  ): Promise<{ readonly acl: readonly AclLine[]; readonly stat: Stat }> {
    const what = `getAcl ${path} of session ${this.id}`
    return this.#time.whileAwaited(what, this.local.getAcl(path, options), options?.timeoutMs)
  }

  /** Not in the history, which knows nothing of access: what it forbids is no write of anybody. */
  setAcl(path: string, acl: readonly AclLine[], options?: SetAclOptions): Promise<Stat> {
    const what = `setAcl ${path} of session ${this.id}`
    return this.#time.whileAwaited(what, this.local.setAcl(path, acl, options), options?.timeoutMs)
  }

  /** Not in the history, like lists of access: what quotas forbid is no write of anybody. */
  setQuota(path: string, limits: QuotaLimits, call?: Call): Promise<void> {
    const what = `setQuota ${path} of session ${this.id}`
    return this.#time.whileAwaited(what, this.local.setQuota(path, limits, call), call?.timeoutMs)
  }

  getQuota(path: string, options?: ReadOptions): Promise<QuotaReading | undefined> {
    const what = `getQuota ${path} of session ${this.id}`
    return this.#time.whileAwaited(what, this.local.getQuota(path, options), options?.timeoutMs)
  }

  watch(path: string, options?: WatchOptions): Watch {
    const watch = this.local.watch(path, options)
    this.#watchCount += 1
    const number = this.#watchCount
    return new RecordedWatch(watch, this.#time, (change) => {
      this.#recorder.change(this.id, number, path, options ?? {}, change)
    })
  }

  txn(): Transaction {
    return new RecordedTransaction(this.local.txn(), (operations, answered, call) =>
      this.#record({ type: 'transaction', operations }, answered, call, ({ zxid, results }) => ({
        result: {
          results: results.map((one): CallResult => ({
            ...('path' in one ? { path: one.path } : {}),
            ...('stat' in one ? { stat: entryStat(one.stat) } : {}),
          })),
        },
        zxid,
      })),
    )
  }

  sync(call?: Call): Promise<Zxid> {
    return this.#record({ type: 'sync' }, this.local.sync(call), call, (zxid) => ({
      result: null,
      zxid,
    }))
  }

  reached(zxid: Zxid, call?: Call): Promise<void> {
    const what = `reached() of session ${this.id}`
    return this.#time.whileAwaited(what, this.local.reached(zxid, call), call?.timeoutMs)
  }

  peek(path: string): ReadResult | undefined {
    return this.local.peek(path)
  }

  close(call?: Call): Promise<void> {
    return this.#record({ type: 'close-session' }, this.local.close(call), call, toldNothing)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  on(event: 'state', listener: StateListener): this {
    this.local.on(event, listener)
    return this
  }

  once(event: 'state', listener: StateListener): this {
    this.local.once(event, listener)
    return this
  }

  off(event: 'state', listener: StateListener): this {
    this.local.off(event, listener)
    return this
  }

  #record<T>(
    operation: HistoryOperation,
    answered: Promise<T>,
    call: Call | undefined,
    tell: (answer: T) => Told,
  ): Promise<T> {
    const on = 'path' in operation ? ` ${operation.path}` : ''
    const what = `${operation.type}${on} of session ${this.id}`
    const recorded = this.#recorder.call(this.id, operation, answered, tell)
    return this.#time.whileAwaited(what, recorded, call?.timeoutMs)
  }
}

function readOperation(
  type: 'get' | 'exists' | 'children',
  path: string,
  options: ReadOptions | undefined,
): HistoryOperation {
  return { type, path, read: options?.read ?? 'local' }
}

function toldOfReading(reading: ReadResult | undefined): Told {
  if (reading === undefined) return { result: null }
  return { result: { value: entryValue(reading.data), stat: entryStat(reading.stat) } }
}

function toldNothing(): Told {
  return { result: null }
}
