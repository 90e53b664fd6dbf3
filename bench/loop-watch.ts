/** The turns of this process's loop, as long as somebody looks: what blocks it, and what only delays it. */
import { openSync, readSync } from 'node:fs'

/** The longest turns, in ms. */
export interface LongestTurns {
  readonly longestMs: number
  /**
   * Without the time for which the thread could have run and other ones had the cores: what the turn
   * itself takes, on a machine that is shared. Where the system does not tell, the same.
   */
  readonly longestOwnMs: number
}

/** Looks at every turn from now on until it is asked for the longest ones. */
export function watchTurns(): () => LongestTurns {
  let lastMs = performance.now()
  let lastWaitedMs = waitedMs()
  let longestMs = 0
  let longestOwnMs = 0
  let isWatching = true
  const look = (): void => {
    const turnMs = performance.now() - lastMs
    const waited = waitedMs()
    longestMs = Math.max(longestMs, turnMs)
    longestOwnMs = Math.max(longestOwnMs, turnMs - (waited - lastWaitedMs))
    lastWaitedMs = waited
    lastMs = performance.now()
    if (isWatching) setImmediate(look)
  }
  setImmediate(look)
  return () => {
    isWatching = false
    return { longestMs, longestOwnMs }
  }
}

const scheduling = openScheduling()
const text = Buffer.alloc(128)

/** For how long this thread has waited for a core since it began, in ms; 0 where nobody says. */
function waitedMs(): number {
  if (scheduling === null) return 0
  const length = readSync(scheduling, text, 0, text.length, 0)
  const [, waitedNs = '0'] = text.toString('latin1', 0, length).split(' ')
  return Number(waitedNs) / 1e6
}

/** Linux tells of each thread how long it ran, and how long it waited to. */
function openScheduling(): number | null {
  try {
    return openSync(`/proc/self/task/${String(process.pid)}/schedstat`, 'r')
  } catch {
    return null
  }
}
