/** Time, as the transport sees it: handed in, so that tests decide when it passes. */

export interface Clock {
  /** Monotonic, in ms. */
  nowMs(): number
  /** Runs the task once, not before `delayMs` have passed. What it returns takes it back. */
  after(delayMs: number, task: () => void): CancelTimer
}

export type CancelTimer = () => void

/** The process's own monotonic clock and timers. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs)
    return () => {
      clearTimeout(timer)
    }
  },
}
