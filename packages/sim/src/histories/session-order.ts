/**
 * What a session's own order says about its local reads: each shows a state that was current at some
 * time since what the session had seen before, however long ago that was.
 */
import { returnOf, tellsOfTree, type CallEntry } from './entry.ts'

/** The calls of each session, in the order in which they were made. */
export function callsBySession(calls: readonly CallEntry[]): Map<string, CallEntry[]> {
  const sessions = new Map<string, CallEntry[]>()
  for (const call of calls) {
    const own = sessions.get(call.session)
    if (own === undefined) sessions.set(call.session, [call])
    else own.push(call)
  }
  for (const own of sessions.values()) own.sort((a, b) => a.id - b.id)
  return sessions
}

export function isLocalRead({ operation }: CallEntry): boolean {
  return 'read' in operation && operation.read === 'local'
}

/**
 * Walks a session's calls in their order; `visit` is given each local read with the calls that it
 * comes behind and that no earlier visit was given, by their returns.
 */
export function walkLocalReads(
  own: readonly CallEntry[],
  visit: (read: CallEntry, behind: readonly CallEntry[]) => void,
): void {
  const answered = own.filter(tellsOfTree).sort((a, b) => returnOf(a) - returnOf(b) || a.id - b.id)
  let next = 0
  for (const read of own) {
    if (!isLocalRead(read) || read.outcome !== 'ok') continue
    const behind: CallEntry[] = []
    for (;;) {
      const call = answered[next]
      if (call === undefined || call.id >= read.id || returnOf(call) > read.calledAt) break
      behind.push(call)
      next += 1
    }
    visit(read, behind)
  }
}

/** For each local read, since when what it shows may have been current. */
export function earliestOfLocalReads(calls: readonly CallEntry[]): Map<CallEntry, number> {
  const earliest = new Map<CallEntry, number>()
  for (const own of callsBySession(calls).values()) {
    let since = -Infinity
    walkLocalReads(own, (read, behind) => {
      for (const call of behind) {
        // A local read tells no more than what came before it.
        if (!isLocalRead(call)) since = Math.max(since, call.calledAt)
      }
      earliest.set(read, since)
    })
  }
  return earliest
}
