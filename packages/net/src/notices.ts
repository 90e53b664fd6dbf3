/**
 * What the listener is to be told, in order, and never from within a call to the transport: at the
 * end of the tick in which it happened.
 */
import type { Clock } from './clock.ts'
import { RefusalLog } from './refusal.ts'
import type { Refusal, TransportListener } from './transport.ts'

/** Runs a task soon, but not now. */
export type Schedule = (task: () => void) => void

export class Notices {
  readonly #listener: TransportListener
  readonly #refusals: RefusalLog
  readonly #schedule: Schedule
  #waiting: ((listener: TransportListener) => void)[] = []
  #closed = false

  constructor(listener: TransportListener, clock: Clock, schedule: Schedule) {
    this.#listener = listener
    this.#refusals = new RefusalLog(clock)
    this.#schedule = schedule
  }

  add(notice: (listener: TransportListener) => void): void {
    if (this.#closed) return
    this.#waiting.push(notice)
    if (this.#waiting.length === 1) this.#schedule(() => this.#tell())
  }

  /** Adds a refusal, unless the same was told within the last minute. */
  addRefusal(refusal: Refusal): void {
    if (this.#refusals.admits(refusal)) this.add((listener) => listener.onRefused(refusal))
  }

  /** What is refused from now on is news. */
  forgetRefusals(): void {
    this.#refusals.forget()
  }

  /** Nothing is told any more. */
  close(): void {
    this.#closed = true
    this.#waiting = []
  }

  #tell(): void {
    const waiting = this.#waiting
    this.#waiting = []
    let told = 0
    try {
      for (const notice of waiting) {
        // The listener may have closed the transport meanwhile.
        if (this.#closed) return
        told += 1
        notice(this.#listener)
      }
    } finally {
      // A listener that throws must not cost the next one its turn: the order is a promise.
      if (told < waiting.length && !this.#closed) {
        this.#waiting = [...waiting.slice(told), ...this.#waiting]
        this.#schedule(() => this.#tell())
      }
    }
  }
}
