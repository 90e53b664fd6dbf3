/** A clock that passes only when it is told to. */
import type { Clock } from '../src/clock.ts'

export class ManualClock implements Clock {
  #nowMs = 1_000
  #nextTimer = 0
  /** What the wall clock has gained on the other one. */
  wallAheadMs = 0
  readonly #timers = new Map<number, { readonly atMs: number; readonly callback: () => void }>()
  #soon: (() => void)[] = []

  nowMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs + this.wallAheadMs
  }

  after(ms: number, callback: () => void): () => void {
    this.#nextTimer += 1
    const timer = this.#nextTimer
    this.#timers.set(timer, { atMs: this.#nowMs + ms, callback })
    return () => this.#timers.delete(timer)
  }

  soon(callback: () => void): void {
    this.#soon.push(callback)
  }

  /** How many timers wait: none may be left behind by a call that is settled. */
  get timerCount(): number {
    return this.#timers.size
  }

  /** Lets time pass, and calls back what is due. */
  advance(ms: number): void {
    this.#nowMs += ms
    for (const [timer, { atMs, callback }] of [...this.#timers]) {
      if (atMs > this.#nowMs) continue
      this.#timers.delete(timer)
      callback()
    }
  }

  /** Lets the loop turn once. */
  turn(): void {
    const callbacks = this.#soon
    this.#soon = []
    for (const callback of callbacks) callback()
  }
}
