/**
 * What watches tell, against the committed order: W1 each event is a change that was committed and
 * that its watch sees; W4 it comes before any answer that shows the change; W5 events come in the
 * order of their zxids; W7 between two events of a watch none is left out, but where it says so.
 */
import { watchSees } from '../invariants/watch-match.ts'
import type { CommittedOrder, Problem } from './committed-order.ts'
import { returnOf, type CallEntry, type EventEntry, type HistoryEntry } from './entry.ts'
import { HighestBefore } from './floors.ts'

/** Judges all events, each session's by their times. */
export function checkEvents(
  entries: readonly HistoryEntry[],
  places: ReadonlyMap<CallEntry, number>,
  order: CommittedOrder,
): Problem[] {
  const problems: Problem[] = []
  const complain = (rule: string, event: EventEntry, text: string): void => {
    problems.push({ rule, text: `${describeEvent(event)}: ${text}` })
  }
  const shown = shownBefore(entries, places)
  const lastOfSession = new Map<string, number>()
  const lastOfWatch = new Map<string, number | undefined>()
  const events = entries.filter((entry) => entry.type === 'event').sort((a, b) => a.at - b.at)
  for (const event of events) {
    const { session, watch, at, zxid } = event
    const key = `${session}/${watch}`
    if (event.change === 'gap' || zxid === undefined) {
      lastOfWatch.set(key, undefined)
      continue
    }
    if (!isJustified(event, zxid, order)) complain('W1', event, 'no such change was committed')
    const seen = shown.get(session)?.before(at)?.zxid ?? 0
    if (!(zxid > seen)) complain('W4', event, `the session had seen ${seen} before it`)
    const before = lastOfSession.get(session) ?? 0
    if (zxid < before) complain('W5', event, `it comes behind one at ${before}`)
    lastOfSession.set(session, Math.max(zxid, before))
    const last = lastOfWatch.get(key)
    lastOfWatch.set(key, zxid)
    if (last === undefined) continue
    const missed = order
      .changesBetween(last, zxid)
      .find((change) => watchSees(watchOf(event), change.path))
    if (missed !== undefined) {
      complain('W7', event, `before it ${missed.path} was ${missed.type} at ${missed.zxid}, untold`)
    }
  }
  return problems
}

/** What the answers of each session had shown, by time. */
function shownBefore(
  entries: readonly HistoryEntry[],
  places: ReadonlyMap<CallEntry, number>,
): Map<string, HighestBefore> {
  const shown = new Map<string, HighestBefore>()
  const answers = entries
    .filter((entry) => entry.type === 'call' && entry.outcome !== 'unknown')
    .map((call) => ({ call: call as CallEntry, at: returnOf(call as CallEntry) }))
    .sort((a, b) => a.at - b.at)
  for (const { call, at } of answers) {
    const zxid = call.zxid ?? places.get(call)
    if (zxid === undefined) continue
    const own = shown.get(call.session) ?? new HighestBefore()
    shown.set(call.session, own)
    own.push({ at, zxid, call })
  }
  return shown
}

function watchOf({ watch, watched, depth }: EventEntry): Parameters<typeof watchSees>[0] {
  return { number: watch, path: watched, depth }
}

function isJustified(event: EventEntry, zxid: number, order: CommittedOrder): boolean {
  const { path, change } = event
  if (path === undefined || !watchSees(watchOf(event), path)) return false
  return order.changesAt(zxid).some((one) => one.type === change && one.path === path)
}

function describeEvent({ session, watch, change, path, zxid }: EventEntry): string {
  const who = session.replace(/^0+(?=.)/, '')
  return `watch ${watch} of ${who} is told that ${path ?? ''} was ${change} at ${zxid ?? ''}`
}
