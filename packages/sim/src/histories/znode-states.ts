/**
 * The state of a few znodes as a black box sees them (whether each exists, its version, its data, its
 * owner), and what one operation does to it. Nothing of zxids, and nothing of the rest of the tree.
 *
 * States are numbers, equal for equal states, so that a search can remember them.
 */
import type { SearchModel } from './order-search.ts'
import type { Value } from './entry.ts'

/** The owner of a znode that may go by itself. */
export const reaper = 'the reaper'

/** A znode: one of the paths of a state, by its index. */
type Key = number

/** One thing that an operation needs, does, or has seen; an operation is several, in order. */
export type Action =
  | { readonly type: 'create'; readonly key: Key; readonly value: Value; readonly owner: string }
  /** Creates it unless it is there: an ancestor of what is created. */
  | { readonly type: 'ensure'; readonly key: Key }
  /** Of `null` any version will do. */
  | {
      readonly type: 'set'
      readonly key: Key
      readonly value: Value
      readonly expected: number | null
      readonly made: number | null
    }
  | {
      readonly type: 'delete'
      readonly key: Key
      readonly expected: number | null
      /** Its children, as far as they are in the state. */
      readonly children: readonly Key[]
    }
  | {
      readonly type: 'delete-all'
      readonly root: Key
      readonly below: readonly Key[]
      readonly expected: number | null
    }
  /** The end of its owner's session. */
  | { readonly type: 'orphan'; readonly key: Key; readonly owner: string }
  /** One that may go by itself goes, unless it has children, as far as they are in the state. */
  | { readonly type: 'reap'; readonly key: Key; readonly children: readonly Key[] }
  /** `undefined`: was not told. */
  | {
      readonly type: 'seen'
      readonly key: Key
      readonly version: number | undefined
      readonly value: Value | undefined
    }
  | { readonly type: 'absent' | 'seen-ephemeral'; readonly key: Key }
  | { readonly type: 'other-version'; readonly key: Key; readonly version: number }

export interface ZnodeState {
  readonly version: number
  readonly value: Value
  readonly owner: string
}

/** One for each key; `null` where there is none. */
export type ZnodeStates = readonly (ZnodeState | null)[]

/** What the action makes of the znodes, in place; false when it cannot be. */
function perform(action: Action, znodes: (ZnodeState | null)[]): boolean {
  const key = action.type === 'delete-all' ? action.root : action.key
  const old = znodes[key] ?? null
  switch (action.type) {
    case 'create':
      znodes[key] = { version: 0, value: action.value, owner: action.owner }
      return old === null
    case 'ensure':
      znodes[key] = old ?? { version: 0, value: null, owner: '' }
      return true
    case 'set': {
      if (old === null || !fits(action.expected, old.version)) return false
      if (!fits(action.made, old.version + 1)) return false
      znodes[key] = { ...old, version: old.version + 1, value: action.value }
      return true
    }
    case 'delete':
      if (old === null || !fits(action.expected, old.version)) return false
      znodes[key] = null
      return action.children.every((child) => (znodes[child] ?? null) === null)
    case 'delete-all':
      if (old === null || !fits(action.expected, old.version)) return false
      for (const one of [key, ...action.below]) znodes[one] = null
      return true
    case 'orphan':
      if (old?.owner === action.owner) znodes[key] = null
      return true
    case 'reap':
      if (old?.owner !== reaper) return true
      if (action.children.every((child) => (znodes[child] ?? null) === null)) znodes[key] = null
      return true
    case 'seen':
      return (
        old !== null &&
        (action.version === undefined || action.version === old.version) &&
        (action.value === undefined || action.value === old.value)
      )
    case 'absent':
      return old === null
    case 'seen-ephemeral':
      return old !== null && old.owner !== '' && old.owner !== reaper
    case 'other-version':
      return old !== null && old.version !== action.version
  }
}

function fits(wanted: number | null, version: number): boolean {
  return wanted === null || wanted === version
}

/** Performs all of it, or nothing: `null`. */
export function performAll(actions: readonly Action[], znodes: ZnodeStates): ZnodeStates | null {
  const changed = [...znodes]
  for (const action of actions) if (!perform(action, changed)) return null
  return changed
}

/** True of an action that changes nothing. */
export function isObservation(action: Action): boolean {
  switch (action.type) {
    case 'seen':
    case 'absent':
    case 'seen-ephemeral':
    case 'other-version':
      return true
    default:
      return false
  }
}

/** The states that operations lead to. Data that nobody has read makes no difference. */
export class ZnodeModel implements SearchModel {
  readonly initial: number
  readonly #operations: readonly (readonly Action[])[]
  readonly #readValues = new Set<Value>()
  readonly #numbers = new Map<string, number>()
  readonly #states: ZnodeStates[] = []
  /** Where an operation leads from a state, by `state * operations + operation`. */
  readonly #steps = new Map<number, number>()

  constructor(initial: ZnodeStates, operations: readonly (readonly Action[])[]) {
    this.#operations = operations
    for (const action of operations.flat()) {
      if (action.type === 'seen' && action.value !== undefined) this.#readValues.add(action.value)
    }
    this.initial = this.#numberOf(initial)
  }

  step(state: number, operation: number): number {
    const key = state * this.#operations.length + operation
    const known = this.#steps.get(key)
    if (known !== undefined) return known
    const after = performAll(this.#operations[operation] ?? [], this.#states[state] ?? [])
    const number = after === null ? -1 : this.#numberOf(after)
    this.#steps.set(key, number)
    return number
  }

  #numberOf(znodes: ZnodeStates): number {
    let key = ''
    for (const znode of znodes) {
      if (znode === null) key += '-|'
      else {
        const { version, value, owner } = znode
        const told = this.#readValues.has(value) ? JSON.stringify(value) : ''
        key += `${version}:${owner}:${told}|`
      }
    }
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#states.push(znodes)
    this.#numbers.set(key, this.#states.length - 1)
    return this.#states.length - 1
  }
}
