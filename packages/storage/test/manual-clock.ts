/** Time that passes only when a test says so. */
import type { StoreClock } from '../src/store-clock.ts'

interface Timer {
  readonly dueMs: number
  readonly callback: () => void
}

export class ManualClock implements StoreClock {
  #nowMs = Date.UTC(2026, 0, 2, 3, 4, 5)
  #timers: Timer[] = []

  wallMs(): number {
    return this.#nowMs
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { dueMs: this.#nowMs + ms, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  get timerCount(): number {
    return this.#timers.length
  }

  /** Lets time pass, and calls back what is due. */
  pass(ms: number): void {
    this.#nowMs += ms
    const due = this.#timers.filter((timer) => timer.dueMs <= this.#nowMs)
    this.#timers = this.#timers.filter((timer) => timer.dueMs > this.#nowMs)
    for (const timer of due) timer.callback()
  }
}

/** Resolves when everything that could go on without the disk or the clock has done so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
