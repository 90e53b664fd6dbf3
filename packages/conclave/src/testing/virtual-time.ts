/**
 * The time of an ensemble under test. It stands still while the test's own code runs, and flows, one
 * happening a turn of the event loop, while something of the ensemble is awaited. Between two
 * happenings everything that a test does in answer to the first has its turn, so that one seed and
 * one test take one course.
 *
 * Nothing global is replaced, and nothing here asks what time it really is: a runner's fake timers
 * and this know nothing of each other.
 */
// By name, not the globals: those may be a runner's fakes.
import { clearImmediate, setImmediate } from 'node:timers'
import type { CoordinationError } from '@conclave/core'
import { Scheduler } from '@conclave/sim'

/**
 * For how long time flows on when nothing happens that the test can see. Nothing that comes by itself
 * takes longer: twice the longest session timeout.
 */
export const quietMs = 120_000

/** What somebody waits for: a call by its name, or `null` of what may well never come. */
interface Awaited {
  readonly call: string | null
  readonly settled: Promise<unknown>
}

export class VirtualTime {
  readonly #scheduler = new Scheduler()
  readonly #onStandstill: (calls: readonly string[]) => void
  readonly #awaited = new Set<Awaited>()
  /** How those are woken who sleep when the time ends. */
  readonly #sleepers = new Set<(error: CoordinationError) => void>()
  #flowsUntilMs = 0
  /** The next turn, while time flows. */
  #next: NodeJS.Immediate | undefined
  #over: CoordinationError | undefined

  /** `onStandstill` is told which calls wait when time flows no further by itself. */
  constructor(onStandstill: (calls: readonly string[]) => void) {
    this.#onStandstill = onStandstill
  }

  /** Since the ensemble began. */
  get nowMs(): number {
    return this.#scheduler.now / 1_000
  }

  /** Calls back once, `ms` from now. */
  after(ms: number, callback: () => void): void {
    this.#scheduler.after(Math.ceil(ms * 1_000), callback)
  }

  /** Has time flow until the promise is settled. `call` names it; `null`: it may well never be. */
  whileAwaited<T>(call: string | null, promise: Promise<T>, timeoutMs?: number): Promise<T> {
    const settled = promise.finally(() => {
      this.#awaited.delete(awaited)
      this.flow()
    })
    const awaited: Awaited = { call, settled }
    this.#awaited.add(awaited)
    this.flow(Number.isFinite(timeoutMs) ? timeoutMs : 0)
    return settled
  }

  /** Resolves `ms` from now; rejects when the time ends before. */
  sleep(ms: number): Promise<void> {
    const slept = new Promise<void>((resolve, reject) => {
      if (this.#over !== undefined) {
        reject(this.#over)
        return
      }
      this.#sleepers.add(reject)
      this.after(ms, () => {
        this.#sleepers.delete(reject)
        resolve()
      })
    })
    return this.whileAwaited(null, slept, ms)
  }

  /** Something was done or told: what follows from it has its time, and `ms` more. */
  flow(ms = 0): void {
    this.#flowsUntilMs = Math.max(this.#flowsUntilMs, this.nowMs + ms + quietMs)
    if (this.#next !== undefined || this.#awaited.size === 0 || this.#over !== undefined) return
    this.#next = setImmediate(this.#turn)
  }

  /** Nothing happens any more. What is awaited may be rejected, and nobody needs to hear of it. */
  end(error: CoordinationError): void {
    this.#over = error
    this.#stop()
    for (const { settled } of this.#awaited) settled.catch(() => undefined)
    for (const wake of this.#sleepers) wake(error)
    this.#sleepers.clear()
  }

  readonly #turn = (): void => {
    if (this.#awaited.size === 0) {
      this.#next = undefined
      return
    }
    // First: what a listener of the application throws must not stop the clock.
    this.#next = setImmediate(this.#turn)
    if (this.#scheduler.runNext(this.#flowsUntilMs * 1_000)) return
    this.#stop()
    const calls = [...this.#awaited].flatMap(({ call }) => (call === null ? [] : [call]))
    if (calls.length > 0) this.#onStandstill(calls)
  }

  #stop(): void {
    clearImmediate(this.#next)
    this.#next = undefined
  }
}
