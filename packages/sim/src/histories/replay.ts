/**
 * A history against the committed log: every write is accounted for, every read shows what the log
 * says at its place, and the places respect real time and each session. In time that is linear but
 * for sorting: what can be judged by zxids needs no search.
 *
 * The log is the peers' own, or, where none is at hand, what the clients were told, put together.
 */
import { CommittedOrder, type LoggedTxn, type Problem } from './committed-order.ts'
import type { HistoryEntry } from './entry.ts'
import { checkEvents } from './placed-events.ts'
import { checkReads } from './placed-reads.ts'
import { checkWriteOrder } from './placed-writes.ts'
import { accountForWrites } from './write-accounting.ts'

export interface ReplayOptions {
  /** How old a local read may be (C9), in µs; not asked unless it is given. */
  readonly maxStaleUs?: number | undefined
}

export interface ReplayReport {
  readonly problems: readonly Problem[]
  readonly txns: number
  /** Writes whose place in the log is certain. */
  readonly placed: number
}

/** Judges a history against the log of all that was committed meanwhile. */
export function checkReplay(
  entries: readonly HistoryEntry[],
  log: readonly LoggedTxn[],
  { maxStaleUs = Infinity }: ReplayOptions = {},
): ReplayReport {
  const calls = entries.filter((entry) => entry.type === 'call')
  const order = new CommittedOrder(log)
  const { places, problems } = accountForWrites(calls, order)
  const found = [
    ...doubles(calls),
    ...(order.problem === null ? [] : [order.problem]),
    ...problems,
    ...checkWriteOrder(places),
    // What is behind a txn that cannot be cannot be judged.
    ...(order.problem === null ? checkReads(calls, { order, places, maxStaleUs }) : []),
    ...(order.problem === null ? checkEvents(entries, places, order) : []),
  ]
  return { problems: found, txns: log.length, placed: places.size }
}

/** Two calls of a session by one id: then nothing else can be trusted. */
function doubles(calls: readonly { readonly session: string; readonly id: number }[]): Problem[] {
  const known = new Set<string>()
  const problems: Problem[] = []
  for (const { session, id } of calls) {
    const name = `${session}#${id}`
    if (known.has(name)) problems.push({ rule: 'C1', text: `the history has two calls ${name}` })
    known.add(name)
  }
  return problems
}
