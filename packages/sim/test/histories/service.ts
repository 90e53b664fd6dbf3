/**
 * A service that is right, as plainly as it can be: one tree, one log, operations that take effect
 * one after another. What histories that must pass are made of.
 */
import type { SessionId, TreeTxn, Txn, Zxid } from '@conclave/core/internal'
import type {
  CallEntry,
  CallResult,
  HistoryOperation,
  WriteStep,
} from '../../src/histories/entry.ts'
import type { LoggedTxn } from '../../src/histories/committed-order.ts'

interface Znode {
  readonly value: string | null
  readonly version: number
  readonly owner: number
  readonly creates: number
  readonly deletes: number
}
type State = ReadonlyMap<string, Znode>

const root: Znode = { value: null, version: 0, owner: 0, creates: 0, deletes: 0 }
const epoch = 3 * 2 ** 32

/** What taking effect came to. */
export type Effect = Pick<CallEntry, 'outcome' | 'error' | 'result' | 'zxid'>

class Refused extends Error {}

export class Service {
  readonly log: LoggedTxn[] = []
  /** The state behind so many txns. */
  readonly #states: State[] = [new Map([['/', root]])]
  #lastRequest = 0

  get position(): number {
    return this.log.length
  }

  openSession(): number {
    const password = new Uint8Array(16)
    this.#append({ ...header(0, 0), type: 'create-session', timeoutMs: 1_000, password, host: 1 })
    return epoch + this.log.length
  }

  expire(session: number): void {
    this.#end(session, 0, 'expired')
  }

  /** A write takes effect, or is refused, now. */
  write(session: number, operation: HistoryOperation): Effect {
    this.#lastRequest += 1
    if (operation.type === 'close-session') {
      this.#end(session, this.#lastRequest, 'closed')
      return { outcome: 'ok', result: null, zxid: this.#zxid }
    }
    const steps = operation.type === 'transaction' ? operation.operations : [operation]
    const state = new Map(this.#now)
    try {
      const done = (steps as readonly WriteStep[]).map((step) => perform(step, session, state))
      const txns = done.map((one) => one.txn)
      const isOne = operation.type !== 'transaction'
      const change = isOne ? (txns[0] as TreeTxn) : ({ type: 'transaction', txns } as const)
      this.#append({ ...header(session, this.#lastRequest), ...change }, state)
      const results = done.map((one) => one.result)
      return { outcome: 'ok', result: isOne ? (results[0] ?? null) : { results }, zxid: this.#zxid }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const code = error.message as 'NO_NODE'
      const refusal = { code, path: '/', operation: 0, limit: null } as const
      this.#append({ ...header(session, this.#lastRequest), type: 'refuse', ...refusal })
      return { outcome: 'not-applied', error: code, zxid: this.#zxid }
    }
  }

  /** What a read shows behind so many txns. */
  read(operation: HistoryOperation & { readonly path: string }, position: number): Effect {
    const state = this.#states[position] as State
    const znode = state.get(operation.path)
    const zxid = position === 0 ? 0 : epoch + position
    if (znode === undefined) return { outcome: 'ok', result: null, zxid }
    const { value, version, creates, deletes } = znode
    const stat = { version, cversion: creates + deletes, numChildren: creates - deletes }
    const names = childrenOf(operation.path, state)
    switch (operation.type) {
      case 'get':
        return { outcome: 'ok', result: { value, stat }, zxid }
      case 'children':
        return { outcome: 'ok', result: { names }, zxid }
      default:
        return { outcome: 'ok', result: { stat }, zxid }
    }
  }

  get #now(): State {
    return this.#states.at(-1) as State
  }

  get #zxid(): number {
    return epoch + this.log.length
  }

  #end(session: number, requestId: number, reason: 'closed' | 'expired'): void {
    const state = new Map(this.#now)
    const paths = [...state].filter(([, znode]) => znode.owner === session).map(([path]) => path)
    for (const path of paths) perform({ type: 'delete', path }, session, state)
    const head = header(requestId === 0 ? 0 : session, requestId)
    const closed = session as SessionId
    this.#append({ ...head, type: 'close-session', closed, reason, paths }, state)
  }

  #append(txn: Txn, state: State = this.#now): void {
    this.#states.push(state)
    this.log.push({ zxid: (epoch + this.log.length + 1) as Zxid, txn })
  }
}

function header(
  session: number,
  requestId: number,
): { readonly timeMs: number; readonly session: SessionId; readonly requestId: number } {
  return { timeMs: 1, session: session as SessionId, requestId }
}

/** A step of a write, on the state, in place. */
function perform(
  step: WriteStep,
  session: number,
  state: Map<string, Znode>,
): { readonly txn: TreeTxn; readonly result: CallResult } {
  if (step.type === 'create') return performCreate(step, session, state)
  const { path } = step
  const znode = state.get(path)
  if (znode === undefined) throw new Refused('NO_NODE')
  if (step.version !== undefined && step.version !== znode.version) throw new Refused('BAD_VERSION')
  switch (step.type) {
    case 'check':
      return { txn: { type: 'check', path }, result: {} }
    case 'set': {
      const version = znode.version + 1
      state.set(path, { ...znode, value: step.value, version })
      return {
        txn: { type: 'set', path, data: bytesOf(step.value), version },
        result: { stat: { version } },
      }
    }
    case 'delete': {
      if (znode.creates !== znode.deletes) throw new Refused('NOT_EMPTY')
      const parent = state.get(parentOf(path)) ?? root
      state.delete(path)
      state.set(parentOf(path), { ...parent, deletes: parent.deletes + 1 })
      return { txn: { type: 'delete', path }, result: {} }
    }
  }
}

function performCreate(
  step: Extract<WriteStep, { type: 'create' }>,
  session: number,
  state: Map<string, Znode>,
): { readonly txn: TreeTxn; readonly result: CallResult } {
  const parent = state.get(parentOf(step.path))
  if (parent === undefined) throw new Refused('NO_NODE')
  if (parent.owner !== 0) throw new Refused('NO_CHILDREN_FOR_EPHEMERALS')
  const digits = step.sequential === true ? String(parent.creates).padStart(10, '0') : ''
  const path = step.path + digits
  if (state.has(path)) throw new Refused('NODE_EXISTS')
  const owner = step.ephemeral === true ? session : 0
  const parentCreateCount = parent.creates + 1
  state.set(parentOf(path), { ...parent, creates: parentCreateCount })
  state.set(path, { ...root, value: step.value, owner })
  const data = bytesOf(step.value)
  const ephemeralOwner = owner as SessionId
  return {
    txn: { type: 'create', path, data, ephemeralOwner, reap: 0, parentCreateCount, acl: null },
    result: { path, stat: { version: 0 } },
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

function childrenOf(path: string, state: State): string[] {
  const prefix = path === '/' ? '/' : `${path}/`
  return [...state.keys()]
    .filter((one) => one !== '/' && one.startsWith(prefix) && parentOf(one) === path)
    .map((one) => one.slice(prefix.length))
}

function bytesOf(value: string | null): Uint8Array | null {
  return value === null ? null : Uint8Array.from(value, (letter) => letter.charCodeAt(0))
}
