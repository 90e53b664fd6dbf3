/** What is left of a call that is made of several: each gets what those before it have not used. */
import { CoordinationError, type Call } from '@conclave/core'
import type { Clock } from '../clock.ts'

export class RemainingTime {
  readonly #clock: Clock
  readonly #call: Call | undefined
  readonly #endMs: number

  constructor(call: Call | undefined, clock: Clock) {
    this.#clock = clock
    this.#call = call
    this.#endMs = clock.nowMs() + (call?.timeoutMs ?? Infinity)
  }

  /** The bounds of what is asked next. Throws `TIMEOUT` when nothing is left. */
  callFor(what: string): Call {
    const signal = this.#call?.signal
    const leftMs = this.#endMs - this.#clock.nowMs()
    if (leftMs > 0) return { signal, timeoutMs: Math.ceil(leftMs) }
    const message = `${what} took longer than its timeoutMs of ${String(this.#call?.timeoutMs)}: nothing came of it`
    throw new CoordinationError('TIMEOUT', message)
  }
}
