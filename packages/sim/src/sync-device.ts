/**
 * The device behind a disk's syncs: one after the other, each in its time, sometimes slow, sometimes
 * standing still. What waits when the store is lost is never done.
 */
import type { DiskProfile } from './disk.ts'
import type { Random } from './prng.ts'
import type { Microseconds, Scheduler } from './scheduler.ts'

interface Sync {
  readonly done: () => void
}

export class SyncDevice {
  readonly #scheduler: Scheduler
  readonly #profile: DiskProfile
  readonly #random: Random
  /** What waits, in order. */
  #waiting: Sync[] = []
  #busyUntil: Microseconds = 0
  #stalledUntil: Microseconds = 0
  #slowBy: Microseconds = 0
  #isCalm = false

  constructor(scheduler: Scheduler, profile: DiskProfile, random: Random) {
    this.#scheduler = scheduler
    this.#profile = profile
    this.#random = random
  }

  /** Runs `done` when a sync that is asked for now is over. */
  whenSynced(done: () => void): void {
    const { syncUs, slowSyncChance, slowSyncUs } = this.#profile
    let delay = this.#slowBy + this.#random.exponential(syncUs)
    if (this.#random.chance(slowSyncChance) && !this.#isCalm) {
      delay += this.#random.exponential(slowSyncUs)
    }
    this.#busyUntil = Math.max(this.#scheduler.now, this.#busyUntil, this.#stalledUntil) + delay
    const sync = { done }
    this.#waiting.push(sync)
    this.#scheduler.at(this.#busyUntil, () => this.#finish(sync))
  }

  /** Nothing that waits is ever done. */
  drop(): void {
    this.#waiting = []
    this.#busyUntil = this.#scheduler.now
  }

  /** No more faults: what waits is done now, in order, and nothing is slow any more. */
  heal(): void {
    this.#isCalm = true
    this.#slowBy = 0
    this.#stalledUntil = 0
    this.#busyUntil = this.#scheduler.now
    for (const sync of this.#waiting) this.#scheduler.after(0, () => this.#finish(sync))
  }

  /** From now on each sync takes this much longer. */
  slowDown(by: Microseconds): void {
    this.#slowBy = by
  }

  /** No sync that begins now is done before `until`. */
  stall(until: Microseconds): void {
    this.#stalledUntil = until
  }

  #finish(sync: Sync): void {
    const at = this.#waiting.indexOf(sync)
    if (at < 0) return
    this.#waiting.splice(at, 1)
    sync.done()
  }
}
