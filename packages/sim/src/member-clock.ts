/** A peer's clocks, monotonic and wall, as far off as they were drawn, and its application's life. */
import type { Event } from '@conclave/core/internal'
import type { Scheduler } from './scheduler.ts'

/** How a peer's clocks differ from virtual time. */
export interface ClockProfile {
  readonly rate: number
  readonly offsetMs: number
  readonly wallOffsetMs: number
}

/** When virtual time began, as a wall clock that is right shows it. */
const epochWallMs = 1_700_000_000_000

export class MemberClock {
  readonly #profile: ClockProfile
  readonly #scheduler: Scheduler
  #appStalledSinceMs: number | null = null
  #wallJumpedMs = 0

  constructor(profile: ClockProfile, scheduler: Scheduler) {
    this.#profile = profile
    this.#scheduler = scheduler
  }

  /** The monotonic clock. */
  get nowMs(): number {
    const { rate, offsetMs } = this.#profile
    return Math.round(offsetMs * 1_000 + this.#scheduler.now * rate) / 1_000
  }

  /** The time of day, as the peer takes it. */
  get wallMs(): number {
    const offsetMs = this.#profile.wallOffsetMs + this.#wallJumpedMs
    return epochWallMs + offsetMs + Math.floor(this.#scheduler.now / 1_000)
  }

  /** From now on, or no more, the application gives no sign of life. */
  stallApp(stalled: boolean): void {
    this.#appStalledSinceMs = stalled ? this.nowMs : null
  }

  /** The wall clock is set, forwards or back. The monotonic one knows nothing of it. */
  jumpWall(byMs: number): void {
    this.#wallJumpedMs += byMs
  }

  /** The first event of a batch. */
  tick(): Event & { readonly type: 'tick' } {
    const { nowMs, wallMs } = this
    return { type: 'tick', nowMs, wallMs, appAliveMs: this.#appStalledSinceMs ?? nowMs }
  }
}
