/** Short ways to write a history down, for tests. Times are µs; sessions are sequential unless told. */
import type {
  CallEntry,
  CallResult,
  HistoryOperation,
  ReadKind,
  Value,
} from '../../src/histories/entry.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type Options = Partial<Pick<CallEntry, 'zxid' | 'error'>>

/** Builds a history, call by call; ids are given in the order in which it is told of them. */
export class Story {
  readonly entries: Writable<CallEntry>[] = []
  #lastId = 0

  /** A call that is `ok`. */
  ok(
    session: string,
    times: readonly [number, number],
    operation: HistoryOperation,
    result: CallResult | null = null,
    options: Options = {},
  ): this {
    return this.#add(session, times, operation, { outcome: 'ok', result, ...options })
  }

  /** A call that was refused, or that definitely failed. */
  failed(
    session: string,
    times: readonly [number, number],
    operation: HistoryOperation,
    error: string,
    options: Options = {},
  ): this {
    return this.#add(session, times, operation, { outcome: 'not-applied', error, ...options })
  }

  /** A call that never was answered. */
  unknown(session: string, calledAt: number, operation: HistoryOperation): this {
    return this.#add(session, [calledAt, NaN], operation, { outcome: 'unknown' })
  }

  #add(
    session: string,
    [calledAt, returnedAt]: readonly [number, number],
    operation: HistoryOperation,
    rest: Pick<CallEntry, 'outcome'> & Partial<CallEntry>,
  ): this {
    this.#lastId += 1
    this.entries.push({
      type: 'call',
      session,
      id: this.#lastId,
      operation,
      calledAt,
      returnedAt: Number.isNaN(returnedAt) ? null : returnedAt,
      ...rest,
    })
    return this
  }
}

export function create(path: string, value: Value = null): HistoryOperation {
  return { type: 'create', path, value }
}

export function createEphemeral(path: string, value: Value = null): HistoryOperation {
  return { type: 'create', path, value, ephemeral: true }
}

/** A container, or a znode with a TTL. */
export function createReapable(path: string, value: Value = null): HistoryOperation {
  return { type: 'create', path, value, reapable: true }
}

export function createSequential(path: string, value: Value = null): HistoryOperation {
  return { type: 'create', path, value, sequential: true }
}

export function set(path: string, value: Value, version?: number): HistoryOperation {
  return { type: 'set', path, value, ...(version !== undefined && { version }) }
}

export function remove(path: string, version?: number): HistoryOperation {
  return { type: 'delete', path, ...(version !== undefined && { version }) }
}

export function get(path: string, read: ReadKind = 'linearizable'): HistoryOperation {
  return { type: 'get', path, read }
}

export function exists(path: string, read: ReadKind = 'linearizable'): HistoryOperation {
  return { type: 'exists', path, read }
}

export function children(path: string, read: ReadKind = 'linearizable'): HistoryOperation {
  return { type: 'children', path, read }
}

/** What a read of data came to. */
export function read(value: Value, version: number): CallResult {
  return { value, stat: { version } }
}

/** What a set or a create came to. */
export function version(number: number): CallResult {
  return { stat: { version: number } }
}
