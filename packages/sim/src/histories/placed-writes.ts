/**
 * The order of the writes of a history: C2 a write that was answered before another was called is
 * before it in the log; C5 the writes of a session are in the log, and answered, in the order of its
 * calls.
 */
import type { Problem } from './committed-order.ts'
import { returnOf, type CallEntry } from './entry.ts'
import { HighestBefore } from './floors.ts'
import { callsBySession } from './session-order.ts'
import { describeCall } from './words.ts'

/** Judges the writes that have a place in the log. */
export function checkWriteOrder(places: ReadonlyMap<CallEntry, number>): Problem[] {
  return [...checkRealTime(places), ...checkSessions(places)]
}

function checkRealTime(places: ReadonlyMap<CallEntry, number>): Problem[] {
  const answered = new HighestBefore()
  const byReturn = [...places].sort(([a], [b]) => returnOf(a) - returnOf(b))
  for (const [call, zxid] of byReturn) answered.push({ at: returnOf(call), zxid, call })
  const problems: Problem[] = []
  for (const [call, zxid] of places) {
    const floor = answered.before(call.calledAt)
    if (floor === undefined || zxid > floor.zxid) continue
    const text = `it is at ${zxid}, before it was called ${floor.zxid} was answered`
    problems.push({
      rule: 'C2',
      text: `${describeCall(call)}: ${text}: ${describeCall(floor.call)}`,
    })
  }
  return problems
}

function checkSessions(places: ReadonlyMap<CallEntry, number>): Problem[] {
  const problems: Problem[] = []
  for (const own of callsBySession([...places.keys()]).values()) {
    let last: CallEntry | undefined
    let lastAnswered: CallEntry | undefined
    for (const call of own) {
      if (last !== undefined && (places.get(call) ?? 0) <= (places.get(last) ?? 0)) {
        const text = `it is at ${places.get(call) ?? 0}, not behind ${describeCall(last)}`
        problems.push({ rule: 'C5', text: `${describeCall(call)}: ${text}` })
      }
      last = call
      if (returnOf(call) === Infinity) continue
      if (lastAnswered !== undefined && returnOf(call) < returnOf(lastAnswered)) {
        const text = `it is answered before ${describeCall(lastAnswered)}`
        problems.push({ rule: 'C5', text: `${describeCall(call)}: ${text}` })
      }
      lastAnswered = call
    }
  }
  return problems
}
