/** A clock that stands still until a test moves it. */
import type { CancelTimer, Clock } from '../src/clock.ts'

export class FakeClock implements Clock {
  #nowMs = 1_000
  #tasks: { readonly atMs: number; readonly task: () => void }[] = []

  nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, task: () => void): CancelTimer {
    const entry = { atMs: this.#nowMs + delayMs, task }
    this.#tasks.push(entry)
    return () => {
      this.#tasks = this.#tasks.filter((one) => one !== entry)
    }
  }

  /** Delays until each pending task, the next one first. */
  get pending(): number[] {
    return this.#tasks.map(({ atMs }) => atMs - this.#nowMs).sort((a, b) => a - b)
  }

  /** Lets time pass, and runs what becomes due, each at its own moment. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs
    for (;;) {
      const [next] = this.#tasks
        .filter(({ atMs }) => atMs <= untilMs)
        .sort((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.#tasks = this.#tasks.filter((one) => one !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.task()
    }
    this.#nowMs = untilMs
  }

  /** As after a blocked loop: much time has passed, and what was due in it runs once, late. */
  stall(byMs: number): void {
    const due = this.#tasks.filter(({ atMs }) => atMs <= this.#nowMs + byMs)
    this.#nowMs += byMs
    this.#tasks = this.#tasks.filter((one) => !due.includes(one))
    for (const { task } of due) task()
  }
}
