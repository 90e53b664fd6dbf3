/**
 * What a directory must hold at a moment of a life, by the facts that were told up to then: the log
 * after some append, no earlier than the last one that was acknowledged and no later than the last one
 * that was handed over; the snapshot likewise; and nothing else.
 */
import { isDeepStrictEqual } from 'node:util'
import { noPage, samePageEnd, type PageEnd, type SnapshotSummary } from '@conclave/core/internal'
import { MapReplica } from '@conclave/storage/suite'
import type { Fact, Found, LogFact } from './facts.ts'

interface PossibleLog {
  readonly seq: number
  readonly log: LogFact
}

/** A snapshot that may be found, and the appends with which it may be. */
interface PossibleSnapshot {
  readonly summary: SnapshotSummary
  readonly minSeq: number
  readonly maxSeq: number
}

export interface Expectation {
  readonly logs: readonly PossibleLog[]
  readonly snapshots: readonly PossibleSnapshot[]
  /** Pages up to here may be gone. */
  readonly purgedUpTo: number
  /** Snapshots that later ones have replaced: to fall back to one loses nothing while the log has the rest. */
  readonly replaced: readonly SnapshotSummary[]
  /** Logs that were possible, and no longer are. */
  readonly before: readonly PossibleLog[]
  /** What the store was about to do. */
  readonly chapter: string
}

const emptyLog: LogFact = {
  acceptedEpoch: 0,
  acceptedLeader: 0,
  currentEpoch: 0,
  configuration: null,
  start: noPage,
  ends: [],
  damaged: null,
}

/** Before anything was told: a directory that is missing, empty or half made, all the same. */
export const nothingTold: Expectation = {
  logs: [{ seq: 0, log: emptyLog }],
  snapshots: [{ summary: new MapReplica().summary, minSeq: 0, maxSeq: Infinity }],
  purgedUpTo: 0,
  replaced: [],
  before: [],
  chapter: '',
}

/** The expectation behind one more fact. */
export function behind(expected: Expectation, fact: Fact): Expectation {
  const { logs, snapshots } = expected
  switch (fact.type) {
    case 'opened':
      return {
        ...expected,
        logs: [{ seq: 0, log: fact.log }],
        snapshots: [{ summary: fact.summary, minSeq: 0, maxSeq: Infinity }],
        before: [...expected.before, ...logs],
      }
    case 'append':
      return { ...expected, logs: [...logs, { seq: fact.seq, log: fact.log }] }
    case 'synced':
      return {
        ...expected,
        logs: logs.filter(({ seq }) => seq >= fact.seq),
        before: [...expected.before, ...logs.filter(({ seq }) => seq < fact.seq)],
        snapshots: snapshots.filter(({ maxSeq }) => maxSeq >= fact.seq),
      }
    case 'install': {
      const before = snapshots.map((one) => ({
        ...one,
        maxSeq: Math.min(one.maxSeq, fact.seq - 1),
      }))
      const installed = { summary: fact.summary, minSeq: fact.seq, maxSeq: Infinity }
      return { ...expected, snapshots: [...before, installed] }
    }
    case 'checkpoint': {
      const minSeq = snapshots.at(-1)?.minSeq ?? 0
      const written = { summary: fact.summary, minSeq, maxSeq: Infinity }
      const replaced = [...expected.replaced, ...snapshots.map((one) => one.summary)]
      return { ...expected, snapshots: [...snapshots, written], replaced }
    }
    case 'checkpointed':
      return { ...expected, snapshots: snapshots.slice(-1) }
    case 'purge':
      return { ...expected, purgedUpTo: fact.upTo }
    case 'chapter':
      return { ...expected, chapter: fact.name }
    case 'failed':
    case 'closed':
      return expected
  }
}

/** What else is let pass. */
export interface Leniency {
  /** That the store says that it is damaged, or falls back to a snapshot before the last. */
  readonly orDamage?: boolean
  /** That the log ends where it ended before. */
  readonly orEarlier?: boolean
}

/** What is wrong with what was found, or `null` when nothing is. */
export function judge(
  expected: Expectation,
  found: Found,
  { orDamage = false, orEarlier = false }: Leniency = {},
): string | null {
  if (found.type === 'refused') return `does not open: ${found.code}: ${found.message}`
  if (found.type === 'broken') return `breaks: ${found.message}`
  if (found.log.damaged !== null && expected.logs.every(({ log }) => log.damaged === null)) {
    if (orDamage) return isEmpty(found) ? null : 'is called damaged, and yet holds something'
    return `called damaged: ${found.log.damaged}`
  }
  const possible = orEarlier ? [...expected.before, ...expected.logs] : expected.logs
  const log = orEarlier ? withoutRestored(found.log, expected) : found.log
  const matching = possible.filter((one) => isLog(log, one.log, expected.purgedUpTo))
  if (matching.length === 0) return wrongLog(expected, found.log)
  const same = expected.snapshots.filter((one) => isDeepStrictEqual(one.summary, found.summary))
  const fits = same.some(({ minSeq, maxSeq }) =>
    matching.some(({ seq }) => minSeq <= seq && seq <= maxSeq),
  )
  const isReplaced = expected.replaced.some((one) => isDeepStrictEqual(one, found.summary))
  if (fits || (orDamage && isReplaced)) return null
  const stands = `the snapshot stands at ${String(found.summary.end.last)}`
  return same.length > 0 ? `${stands}, with another log` : `${stands}, and is none that was written`
}

/** True of what a peer begins anew with: it holds no promise, and nothing else. */
function isEmpty({ log, summary }: Extract<Found, { type: 'opened' }>): boolean {
  const isNew = isDeepStrictEqual({ ...log, damaged: null }, emptyLog)
  return isNew && isDeepStrictEqual(summary, nothingTold.snapshots[0]?.summary)
}

/** The log without pages at its start that were there once: of a segment that was put back. */
function withoutRestored(found: LogFact, { logs, before }: Expectation): LogFact {
  const start = logs.at(-1)?.log.start ?? noPage
  const at = found.ends.findIndex((end) => samePageEnd(end, start))
  const known = before.flatMap(({ log }) => [log.start, ...log.ends])
  const restored = [found.start, ...found.ends.slice(0, at + 1)]
  const isKnown = restored.every((end) => known.some((one) => samePageEnd(one, end)))
  return at >= 0 && isKnown ? { ...found, start, ends: found.ends.slice(at + 1) } : found
}

function isLog(found: LogFact, told: LogFact, purgedUpTo: number): boolean {
  const starts: readonly PageEnd[] = [
    told.start,
    ...told.ends.filter(({ last }) => last <= purgedUpTo),
  ]
  if (!starts.some((start) => samePageEnd(start, found.start))) return false
  const ends = told.ends.filter(({ last }) => last > found.start.last)
  return isDeepStrictEqual({ ...told, start: found.start, ends }, found)
}

function wrongLog({ logs }: Expectation, found: LogFact): string {
  const shown = ({ ends, start, acceptedEpoch, currentEpoch }: LogFact): string =>
    `${String(ends.at(-1)?.last ?? start.last)} (${String(ends.length)} pages, epochs ${String(acceptedEpoch)}/${String(currentEpoch)})`
  const first = logs[0]?.log ?? emptyLog
  const last = logs.at(-1)?.log ?? emptyLog
  return `the log ends at ${shown(found)}, not from ${shown(first)} to ${shown(last)}`
}
