/**
 * What reads and syncs show of the committed order: C3 exactly one state, C4 no session goes back, C6
 * a session's own writes, C7 and C8 what was answered before a sync or a linearizable read was asked
 * for, C9 nothing older than a bound, C10 nothing that was never written.
 *
 * A read whose client was told no zxid is placed at the first state that it can show behind all that
 * its session has seen. A later place could never help: what comes after must be behind it.
 */
import type { ModelZnode } from '../model/tree-model.ts'
import type { CommittedOrder, Problem } from './committed-order.ts'
import { isWrite, returnOf, stepsOf, textOfData, type CallEntry, type EntryStat } from './entry.ts'
import { HighestBefore, LowestBehind } from './floors.ts'
import { anyDigits, withoutDigits, writtenPaths } from './path-groups.ts'
import { describeCall } from './words.ts'

export interface ReadSurroundings {
  readonly order: CommittedOrder
  /** The zxid of each write that has one. */
  readonly places: ReadonlyMap<CallEntry, number>
  /** How old a local read may be, in µs. */
  readonly maxStaleUs: number
}

/** Judges all reads and syncs. */
export function checkReads(calls: readonly CallEntry[], around: ReadSurroundings): Problem[] {
  return new ReadCheck(calls, around).run()
}

/** A place that a read must be at or behind, and the rule that says so. */
interface Bound {
  readonly rule: string
  readonly zxid: number
  readonly why: string
}

/** What a session has seen, by the time of returns. */
interface Seen {
  readonly replies: HighestBefore
  readonly writes: HighestBefore
  readonly syncs: HighestBefore
}

class ReadCheck {
  readonly #order: CommittedOrder
  readonly #places: ReadonlyMap<CallEntry, number>
  readonly #maxStaleUs: number
  readonly #calls: readonly CallEntry[]
  readonly #problems: Problem[] = []
  readonly #nextCalled: LowestBehind
  /** Of all sessions: writes that were answered; all that was. */
  readonly #writes = new HighestBefore()
  readonly #replies = new HighestBefore()
  readonly #seen = new Map<string, Seen>()
  readonly #written: ReadonlySet<string>

  constructor(calls: readonly CallEntry[], { order, places, maxStaleUs }: ReadSurroundings) {
    this.#order = order
    this.#places = places
    this.#maxStaleUs = maxStaleUs
    this.#calls = calls
      .filter((call) => call.outcome === 'ok' || (call.outcome !== 'unknown' && places.has(call)))
      .sort((a, b) => returnOf(a) - returnOf(b) || a.id - b.id)
    this.#nextCalled = new LowestBehind(
      [...places].map(([call, zxid]) => ({ at: call.calledAt, zxid, call })),
    )
    this.#written = writtenValues(calls)
  }

  run(): Problem[] {
    for (const call of this.#calls) {
      const seen = this.#seenBy(call.session)
      const isRead = 'read' in call.operation
      if (isRead) this.#checkWritten(call)
      const zxid = isRead ? this.#checkRead(call, seen) : this.#checkOther(call, seen)
      if (zxid === undefined) continue
      const mark = { at: returnOf(call), zxid, call }
      this.#replies.push(mark)
      seen.replies.push(mark)
      if (isWrite(call)) {
        this.#writes.push(mark)
        seen.writes.push(mark)
      }
      if (call.operation.type === 'sync') seen.syncs.push(mark)
    }
    return this.#problems
  }

  #seenBy(session: string): Seen {
    const known = this.#seen.get(session)
    if (known !== undefined) return known
    const seen = {
      replies: new HighestBefore(),
      writes: new HighestBefore(),
      syncs: new HighestBefore(),
    }
    this.#seen.set(session, seen)
    return seen
  }

  /** C10: nobody wrote it. */
  #checkWritten(call: CallEntry): void {
    const value = call.result?.value
    if (value === undefined || value === null || value === '') return
    if (!('path' in call.operation)) return
    const { path } = call.operation
    const isWritten = [path, withoutDigits(path)].some((one) =>
      this.#written.has(`${one} ${value}`),
    )
    if (!isWritten) this.#complain('C10', call, 'nobody wrote this there')
  }

  /** The place of a write; of a sync, which must be behind what was answered before it. */
  #checkOther(call: CallEntry, { replies }: Seen): number | undefined {
    if (call.operation.type !== 'sync') return this.#places.get(call)
    const floor = this.#writes.before(call.calledAt)
    const before = replies.before(returnOf(call))
    const { zxid } = call
    // Without a zxid it is known to have reached this much.
    if (zxid === undefined) return Math.max(floor?.zxid ?? 0, before?.zxid ?? 0)
    if (floor !== undefined && zxid < floor.zxid) {
      const text = `it is at ${zxid}, before it was called`
      this.#complain('C7', call, `${text}: ${describeCall(floor.call)}`)
    }
    if (before !== undefined && zxid < before.zxid) {
      this.#complain('C4', call, `it is at ${zxid}, its session had seen ${before.zxid}`)
    }
    return zxid
  }

  /** The place of a read, after all that is demanded of it. */
  #checkRead(call: CallEntry, seen: Seen): number | undefined {
    const bounds = this.#boundsOf(call, seen)
    const { zxid } = call
    if (zxid !== undefined) {
      this.#demand(call, zxid, bounds)
      const differs = this.#difference(call, zxid)
      if (differs !== null) this.#complain('C3', call, `at ${zxid} ${differs}`)
      return zxid
    }
    const lowest = bounds.reduce((highest, bound) => Math.max(highest, bound.zxid), 0)
    const before = this.#nextCalled.behind(returnOf(call))
    const found = this.#firstPlace(call, lowest, before)
    if (found !== undefined) return found
    const elsewhere = this.#firstPlace(call, 0, Infinity)
    if (elsewhere === undefined) this.#complain('C3', call, 'at no time was this so')
    else if (elsewhere >= before) this.#complain('C10', call, 'this is so only later')
    else this.#demand(call, this.#lastPlace(call, lowest) ?? elsewhere, bounds)
    return undefined
  }

  #boundsOf(call: CallEntry, seen: Seen): Bound[] {
    const { operation, calledAt } = call
    const bounds: Bound[] = []
    const add = (rule: string, mark: { zxid: number; call: CallEntry } | undefined): void => {
      if (mark !== undefined) bounds.push({ rule, zxid: mark.zxid, why: describeCall(mark.call) })
    }
    // The strongest rule that a read breaks is the one that is named.
    if ('read' in operation && operation.read === 'linearizable') {
      add('C8', this.#replies.before(calledAt))
    }
    add('C6', seen.writes.before(calledAt))
    add('C7', seen.syncs.before(calledAt))
    add('C4', seen.replies.before(returnOf(call)))
    add('C9', this.#writes.before(calledAt - this.#maxStaleUs))
    return bounds
  }

  #demand(call: CallEntry, zxid: number, bounds: readonly Bound[]): void {
    const broken = bounds.find((bound) => zxid < bound.zxid)
    if (broken === undefined) return
    this.#complain(broken.rule, call, `it shows ${zxid}, behind ${broken.zxid}: ${broken.why}`)
  }

  /** Where first, from `lowest` on and before `before`, the call can have seen what it saw. */
  #firstPlace(call: CallEntry, lowest: number, before: number): number | undefined {
    if (this.#difference(call, lowest) === null) return lowest
    for (const zxid of this.#changesOf(call, lowest)) {
      if (zxid >= before) return undefined
      if (this.#difference(call, zxid) === null) return zxid
    }
    return undefined
  }

  /** Where last before `lowest` it can. */
  #lastPlace(call: CallEntry, lowest: number): number | undefined {
    return [...this.#changesOf(call, 0)]
      .filter((zxid) => zxid < lowest)
      .findLast((zxid) => this.#difference(call, zxid) === null)
  }

  /** The zxids behind `after` at which what the call reads changed. */
  #changesOf({ operation }: CallEntry, after: number): Iterable<number> {
    return 'read' in operation ? this.#order.tree.changesOf(operation.path, after) : []
  }

  /** What a read shows that was not so right after `zxid`; `null` when all of it was. */
  #difference(call: CallEntry, zxid: number): string | null {
    const { operation, result } = call
    if (!('read' in operation)) return null
    const { tree } = this.#order
    const known = tree.at(operation.path, zxid)
    if (known === null) return result ? 'there was no znode' : null
    if (result === null || result === undefined) return 'there was a znode'
    const { value, names, stat } = result
    if (value !== undefined && (value ?? '') !== (textOfData(known.data) ?? ''))
      return 'it was other data'
    if (names !== undefined) {
      const prefix = operation.path === '/' ? 1 : operation.path.length + 1
      const known = tree.childrenAt(operation.path, zxid).map((path) => path.slice(prefix))
      if (known.sort().join() !== [...names].sort().join())
        return `the children were ${known.join()}`
    }
    return statDifference(stat ?? {}, known)
  }

  #complain(rule: string, call: CallEntry, text: string): void {
    this.#problems.push({ rule, text: `${describeCall(call)}: ${text}` })
  }
}

function statDifference(stat: EntryStat, known: ModelZnode): string | null {
  const fields: Readonly<Record<keyof EntryStat, number>> = {
    czxid: known.czxid,
    mzxid: known.mzxid,
    pzxid: known.pzxid,
    version: known.version,
    cversion: known.creates + known.deletes,
    numChildren: known.creates - known.deletes,
  }
  for (const [name, value] of Object.entries(fields)) {
    const told = stat[name as keyof EntryStat]
    if (told !== undefined && told !== value) return `${name} was ${value}`
  }
  return null
}

/** Everything that may have been written, as `path value`. */
function writtenValues(calls: readonly CallEntry[]): Set<string> {
  const written = new Set<string>()
  for (const call of calls) {
    if (call.outcome === 'not-applied') continue
    const paths = writtenPaths(call)
    for (const [index, step] of stepsOf(call).entries()) {
      if (!('value' in step)) continue
      const path = paths[index] ?? `${step.path}${anyDigits}`
      written.add(`${path} ${step.value ?? ''}`)
    }
  }
  return written
}
