/**
 * A history as a black box sees it: for each group of znodes that must be judged together its
 * operations, with the time within which each took effect.
 *
 * What was never answered keeps that it may have had its effect, or not, or will have it yet; only
 * what somebody has read has had its effect by then.
 */
import {
  isWrite,
  returnOf,
  stepsOf,
  type CallEntry,
  type HistoryEntry,
  type Value,
  type WriteStep,
} from './entry.ts'
import type { SearchOperation } from './order-search.ts'
import { ancestorsOf, childOf, parentOf, PathGroups, writtenPaths } from './path-groups.ts'
import { configPath, isOfBeginning } from '../model/tree-model.ts'
import { readBy } from './read-writes.ts'
import { callsBySession, earliestOfLocalReads, walkLocalReads } from './session-order.ts'
import { isObservation, reaper, type Action, type ZnodeStates } from './znode-states.ts'

/** One operation of a group. */
export interface GroupOperation extends SearchOperation {
  readonly actions: readonly Action[]
  /** The call that it is of; `null` of the end of a session. */
  readonly call: CallEntry | null
  /** Whose it is. */
  readonly session: string
}

/** Znodes that are judged together. */
export interface Group {
  readonly paths: readonly string[]
  readonly initial: ZnodeStates
  readonly operations: readonly GroupOperation[]
}

/** The groups of a history that begins with an empty tree. */
export function groupsOf(entries: readonly HistoryEntry[]): Group[] {
  const calls = entries.filter((entry) => entry.type === 'call')
  const paths = new PathGroups(calls)
  const earliest = earliestOfLocalReads(calls)
  const read = readBy(calls)
  const drafts = paths.groups.map((group) => new GroupDraft(group))
  for (const call of calls) {
    const calledAt = earliest.get(call) ?? call.calledAt
    const returnedAt = read.get(call) ?? returnOf(call)
    for (const number of new Set(paths.of(call).map((path) => paths.groupOf(path)))) {
      drafts[number]?.add(call, calledAt, returnedAt)
    }
  }
  for (const guess of sequentialGuesses(calls, paths)) drafts[guess.group]?.addGuess(guess)
  for (const end of sessionEnds(calls, paths)) drafts[end.group]?.addEnd(end)
  for (const { path, calledAt } of reapings(calls, paths)) {
    drafts[paths.groupOf(path)]?.addReaping(path, calledAt)
  }
  return drafts.map((draft) => draft.finish())
}

interface Guess {
  readonly group: number
  readonly path: string
  readonly call: CallEntry
  readonly step: Extract<WriteStep, { type: 'create' }>
}

/** A sequential create without an answer may be whatever is called like it and nobody else made. */
function sequentialGuesses(calls: readonly CallEntry[], paths: PathGroups): Guess[] {
  const made = new Set(calls.filter((call) => call.outcome === 'ok').flatMap(writtenPaths))
  const free = paths.groups.flat().filter((path) => /\d{10}$/.test(path) && !made.has(path))
  return calls
    .filter((call) => call.outcome === 'unknown')
    .flatMap((call) =>
      stepsOf(call).flatMap((step) => {
        if (step.type !== 'create' || step.sequential !== true) return []
        const like = free.filter((path) => path.slice(0, -10) === step.path)
        return like.map((path) => ({ group: paths.groupOf(path), path, call, step }))
      }),
    )
}

interface SessionEnd {
  readonly group: number
  readonly path: string
  readonly session: string
  readonly calledAt: number
  readonly returnedAt: number
}

/**
 * The end of a session, for each znode that may be its own: behind its last answered write, and
 * before its close is answered, if it is. Each znode for itself: that they go at one moment is not
 * looked at here.
 */
function sessionEnds(calls: readonly CallEntry[], paths: PathGroups): SessionEnd[] {
  const ends: SessionEnd[] = []
  for (const [session, own] of callsBySession(calls)) {
    const owned = new Set<string>()
    let calledAt = -Infinity
    let returnedAt = Infinity
    for (const call of own) {
      if (call.operation.type === 'close-session') {
        if (call.outcome === 'ok') returnedAt = Math.min(returnedAt, returnOf(call))
        continue
      }
      if (call.outcome === 'not-applied') continue
      const written = writtenPaths(call)
      if (written.length > 0 && call.outcome === 'ok') calledAt = Math.max(calledAt, call.calledAt)
      for (const [index, step] of stepsOf(call).entries()) {
        if (step.type !== 'create' || step.ephemeral !== true) continue
        const path = written[index] ?? null
        if (path !== null) owned.add(path)
        else for (const guess of sequentialGuesses([call], paths)) owned.add(guess.path)
      }
    }
    for (const path of owned) {
      ends.push({ group: paths.groupOf(path), path, session, calledAt, returnedAt })
    }
  }
  return ends
}

/** Where a znode that was asked for may go by itself: at any time from then on, or never. */
function reapings(
  calls: readonly CallEntry[],
  paths: PathGroups,
): { readonly path: string; readonly calledAt: number }[] {
  return calls.flatMap((call) => {
    if (call.outcome === 'not-applied') return []
    const written = writtenPaths(call)
    return stepsOf(call).flatMap((step, index) => {
      if (step.type !== 'create' || step.reapable !== true) return []
      const path = written[index] ?? null
      const guesses = sequentialGuesses([call], paths).map((guess) => guess.path)
      const made = path === null ? guesses : [path]
      return made.map((one) => ({ path: one, calledAt: call.calledAt }))
    })
  })
}

type Draft = Omit<GroupOperation, 'observes' | 'after' | 'effect'>

/** A group, while its operations are gathered. */
class GroupDraft {
  readonly #paths: readonly string[]
  readonly #keys: ReadonlyMap<string, number>
  readonly #operations: Draft[] = []
  readonly #placeOf = new Map<CallEntry, number>()

  constructor(paths: readonly string[]) {
    this.#paths = paths
    this.#keys = new Map(paths.map((path, key) => [path, key]))
  }

  add(call: CallEntry, calledAt: number, returnedAt: number): void {
    const actions = this.#actionsOf(call)
    if (actions.length === 0) return
    this.#placeOf.set(call, this.#operations.length)
    this.#operations.push({ actions, call, session: call.session, calledAt, returnedAt })
  }

  addGuess({ path, call, step }: Guess): void {
    const owner = ownerOf(step, call)
    const key = this.#keyOf(path)
    const actions: Action[] = [{ type: 'create', key, value: step.value, owner }]
    const { session, calledAt } = call
    this.#operations.push({ actions, call, session, calledAt, returnedAt: Infinity })
  }

  addEnd({ path, session, calledAt, returnedAt }: SessionEnd): void {
    const actions: Action[] = [{ type: 'orphan', key: this.#keyOf(path), owner: session }]
    this.#operations.push({ actions, call: null, session, calledAt, returnedAt })
  }

  addReaping(path: string, calledAt: number): void {
    const children = this.#paths.filter((one) => one !== '/' && parentOf(one) === path)
    const keys = children.map((one) => this.#keyOf(one))
    const actions: Action[] = [{ type: 'reap', key: this.#keyOf(path), children: keys }]
    this.#operations.push({ actions, call: null, session: reaper, calledAt, returnedAt: Infinity })
  }

  finish(): Group {
    const after = this.#sessionOrder()
    const effects = this.#effects(new Set(after.values()))
    const operations = this.#operations.map((draft, index) => ({
      ...draft,
      observes: draft.actions.every(isObservation),
      after: after.get(index) ?? -1,
      effect: effects[index] ?? -1,
    }))
    const initial = this.#paths.map((path) =>
      isOfBeginning(path)
        ? { version: path === configPath ? -1 : 0, value: null, owner: '' }
        : null,
    )
    return { paths: this.#paths, initial, operations }
  }

  /**
   * The operation of the same session that one comes behind, where time does not say so: for each local
   * read the last that was answered before it; for the end of a session its last answered write.
   */
  #sessionOrder(): Map<number, number> {
    const after = new Map<number, number>()
    const lastWrite = new Map<string, number>()
    for (const [session, own] of callsBySession([...this.#placeOf.keys()])) {
      let last: number | undefined
      walkLocalReads(own, (read, behind) => {
        for (const call of behind) last = this.#placeOf.get(call) ?? last
        const place = this.#placeOf.get(read)
        if (place !== undefined && last !== undefined) after.set(place, last)
      })
      const write = own.findLast((call) => call.outcome === 'ok' && isWrite(call))
      const place = write && this.#placeOf.get(write)
      if (place !== undefined) lastWrite.set(session, place)
    }
    for (const [index, { call, session }] of this.#operations.entries()) {
      const place = lastWrite.get(session)
      if (call === null && place !== undefined) after.set(index, place)
    }
    return after
  }

  /**
   * A number for each operation, equal where the effect is, and nothing waits for one of the two. Data
   * that nobody has read makes no difference.
   */
  #effects(awaited: ReadonlySet<number>): number[] {
    const read = new Set<Value>()
    for (const action of this.#operations.flatMap((one) => one.actions)) {
      if (action.type === 'seen' && action.value !== undefined) read.add(action.value)
    }
    const numbers = new Map<string, number>()
    return this.#operations.map(({ actions }, index) => {
      const shown = JSON.stringify(actions, (name, value: unknown) =>
        name === 'value' && !read.has(value as Value) ? undefined : value,
      )
      const effect = awaited.has(index) ? `${index}` : shown
      const number = numbers.get(effect) ?? numbers.size
      numbers.set(effect, number)
      return number
    })
  }

  #keyOf(path: string): number {
    const key = this.#keys.get(path)
    if (key === undefined) throw new Error(`${path} is judged in another group`)
    return key
  }

  #actionsOf(call: CallEntry): Action[] {
    const { operation, outcome } = call
    const isRead = 'read' in operation
    if (outcome === 'not-applied') return isRead ? this.#actionsOfRead(call) : this.#refusal(call)
    if (isRead) return outcome === 'ok' ? this.#actionsOfRead(call) : []
    const paths = writtenPaths(call)
    const withParents = operation.type === 'create' && operation.parents === true
    const ancestors = withParents ? ancestorsOf(operation.path) : []
    const actions = stepsOf(call).flatMap((step, index) => {
      const path = paths[index] ?? null
      // What another group judges is not judged here.
      if (path === null || !this.#keys.has(path)) return []
      const own = operation.type === 'transaction' ? call.result?.results?.[index] : call.result
      const made = outcome === 'ok' ? own?.stat?.version : undefined
      return [this.#actionOf(step, path, call, made)]
    })
    return [...ancestors.map((path) => this.#ensure(path)), ...actions]
  }

  #ensure(path: string): Action {
    return { type: 'ensure', key: this.#keyOf(path) }
  }

  #actionOf(step: WriteStep, path: string, call: CallEntry, made: number | undefined): Action {
    const key = this.#keyOf(path)
    switch (step.type) {
      case 'create':
        return {
          type: 'create',
          key,
          value: step.value,
          owner: ownerOf(step, call),
        }
      case 'set':
        return {
          type: 'set',
          key,
          value: step.value,
          expected: step.version ?? null,
          made: made ?? null,
        }
      case 'check':
        return { type: 'seen', key, version: step.version, value: undefined }
      case 'delete': {
        const expected = step.version ?? null
        const isWhole = call.operation.type === 'delete' && call.operation.recursive === true
        const isBelow = isWhole
          ? (one: string) => one.startsWith(`${path}/`)
          : (one: string) => one !== '/' && parentOf(one) === path
        const others = this.#paths.filter(isBelow).map((one) => this.#keyOf(one))
        return isWhole
          ? { type: 'delete-all', root: key, below: others, expected }
          : { type: 'delete', key, children: others, expected }
      }
    }
  }

  #actionsOfRead(call: CallEntry): Action[] {
    const { operation, outcome, error, result } = call
    // What the configuration is, its history does not say.
    if (!('read' in operation) || operation.path === configPath) return []
    const key = this.#keyOf(operation.path)
    if (outcome !== 'ok' && error !== 'NO_NODE') return []
    if (outcome !== 'ok' || result === null || result === undefined)
      return [{ type: 'absent', key }]
    const version = result.stat?.version
    const seen: Action = { type: 'seen', key, version, value: result.value }
    if (operation.type !== 'children') return [seen]
    const names = new Set((result.names ?? []).map((name) => childOf(operation.path, name)))
    const children = this.#paths
      .filter((path) => path !== '/' && parentOf(path) === operation.path)
      .map((path): Action => {
        const child = this.#keyOf(path)
        if (!names.has(path)) return { type: 'absent', key: child }
        return { type: 'seen', key: child, version: undefined, value: undefined }
      })
    return [seen, ...children]
  }

  /** What a refusal tells of the one znode that it is about. */
  #refusal({ operation, error }: CallEntry): Action[] {
    const isPlain =
      operation.type === 'set' ||
      operation.type === 'delete' ||
      (operation.type === 'create' && operation.sequential !== true)
    if (!isPlain) return []
    const key = this.#keyOf(operation.path)
    const isThere: Action = { type: 'seen', key, version: undefined, value: undefined }
    switch (error) {
      case 'NODE_EXISTS':
      case 'NOT_EMPTY':
        return [isThere]
      case 'NO_NODE':
        return operation.type === 'create' ? [] : [{ type: 'absent', key }]
      case 'BAD_VERSION': {
        const version = operation.type === 'create' ? undefined : operation.version
        return version === undefined ? [] : [{ type: 'other-version', key, version }]
      }
      default:
        return []
    }
  }
}

function ownerOf(step: Extract<WriteStep, { type: 'create' }>, call: CallEntry): string {
  if (step.ephemeral === true) return call.session
  return step.reapable === true ? reaper : ''
}
