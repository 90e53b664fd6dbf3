/**
 * C11: whoever sees no zxid sees one znode tree that changes one write at a time. Is there an order of
 * all writes and linearizable reads that respects real time, and with it for each session's local
 * reads a place that respects the session's own order? Trusts nothing that the ensemble says about
 * order: only times, outcomes, data and versions.
 *
 * A search that runs out of its budget has proved nothing: its verdict is `unknown`, and so is that of
 * the history.
 */
import { groupsOf, type Group } from './black-box-operations.ts'
import type { HistoryEntry } from './entry.ts'
import { searchOrder, type SearchResult, type Verdict } from './order-search.ts'
import { describeCall, describeZnode } from './words.ts'
import { performAll, reaper, ZnodeModel, type ZnodeStates } from './znode-states.ts'

export interface BlackBoxOptions {
  /** Steps of the model that the search of one group of znodes may take. */
  readonly maxSteps?: number | undefined
}

export interface BlackBoxReport {
  /** `ok` only when every group is; `unknown` when one was given up and none is wrong. */
  readonly verdict: Verdict
  /** What was judged: groups of znodes, and operations on them. */
  readonly groups: number
  readonly operations: number
  readonly steps: number
  /** The paths of the groups that were given up. */
  readonly undecided: readonly string[]
  /** For each group that nothing explains, why, for a person to read. */
  readonly problems: readonly string[]
}

/** Enough for tens of thousands of operations where answers tell versions. */
export const defaultMaxSteps = 2_000_000

/** Judges a history that begins with an empty tree and holds all that was written to it. */
export function checkBlackBox(
  entries: readonly HistoryEntry[],
  { maxSteps = defaultMaxSteps }: BlackBoxOptions = {},
): BlackBoxReport {
  const groups = groupsOf(entries)
  const problems: string[] = []
  const undecided: string[] = []
  let steps = 0
  let operations = 0
  for (const group of groups) {
    const model = new ZnodeModel(
      group.initial,
      group.operations.map((one) => one.actions),
    )
    const result = searchOrder(group.operations, model, maxSteps)
    steps += result.steps
    operations += group.operations.length
    if (result.verdict === 'violation') problems.push(explain(group, result))
    if (result.verdict === 'unknown') undecided.push(group.paths.join(' '))
  }
  const verdict = verdictOf(problems.length > 0, undecided.length > 0)
  return { verdict, groups: groups.length, operations, steps, undecided, problems }
}

/** What is undecided is not a pass. */
export function verdictOf(hasProblems: boolean, isUndecided: boolean): Verdict {
  if (hasProblems) return 'violation'
  return isUndecided ? 'unknown' : 'ok'
}

/** Operations of the longest beginning that are shown. */
const shownOperations = 12

/** Why nothing explains a group: the longest beginning that can be explained, and what comes next. */
function explain({ paths, initial, operations }: Group, { order, blocked }: SearchResult): string {
  let znodes: ZnodeStates = initial
  for (const index of order) znodes = performAll(operations[index]?.actions ?? [], znodes) ?? znodes
  const touched = new Set(
    blocked.flatMap((index) =>
      (operations[index]?.actions ?? []).map((one) =>
        one.type === 'delete-all' ? one.root : one.key,
      ),
    ),
  )
  const lineOf = (index: number): string => {
    const operation = operations[index]
    const call = operation?.call ?? null
    if (call !== null) return describeCall(call)
    return operation?.session === reaper ? reaper : `the end of session ${operation?.session ?? ''}`
  }
  const hidden = Math.max(0, order.length - shownOperations)
  return [
    `no order explains what was seen of ${paths.slice(0, 8).join(', ')}${paths.length > 8 ? '…' : ''}`,
    `the longest beginning that has one, ${order.length} of ${operations.length} operations:`,
    ...(hidden > 0 ? [`  (${hidden} before)`] : []),
    ...order.slice(hidden).map((index) => `  ${lineOf(index)}`),
    'then:',
    ...[...touched].map((key) => `  ${describeZnode(paths[key] ?? '', znodes[key] ?? null)}`),
    'and none of these can be next:',
    ...blocked.map((index) => `  ${lineOf(index)}`),
  ].join('\n')
}
