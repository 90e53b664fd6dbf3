/**
 * Time, as a peer and its sessions take it: the only file that asks the platform for it. What needs
 * the time gets a `Clock`, so that tests and the simulator can be the clock.
 */

export interface Clock {
  /** Milliseconds on a clock that never jumps. It may stand still while the machine is suspended. */
  nowMs(): number
  /** Milliseconds since 1970, as the machine believes. It may jump. */
  wallMs(): number
  /** Calls back once, `ms` from now or a little later, unless the returned function is called. */
  after(ms: number, callback: () => void): () => void
  /** Calls back once, in the next turn of the loop, after the I/O that is ready by then. */
  soon(callback: () => void): void
}

/** What a timer of the platform can wait for; it takes more for 1 ms. */
const maxTimerMs = 2 ** 31 - 1

/** The machine's own clock. Its timers keep the process alive: a peer is open until it is closed. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(Math.ceil(ms), maxTimerMs))
    return () => clearTimeout(timer)
  },
  soon(callback) {
    setImmediate(callback)
  },
}
