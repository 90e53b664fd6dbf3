/**
 * The clock of one peer under test, from its start to its end. A paused peer's is a loop that is
 * blocked: the time goes on, and what was to be called back waits. A crashed peer's calls back no more.
 */
import type { Random } from '@conclave/sim'
import type { Clock } from '../clock.ts'
import type { VirtualTime } from './virtual-time.ts'

/** When virtual time begins, as a wall clock shows it. */
const epochWallMs = 1_700_000_000_000
/** What a turn of a peer's loop takes, at least and at most. */
const turnUs = { from: 10, upTo: 100 }

export class PeerClock implements Clock {
  readonly #time: VirtualTime
  readonly #random: Random
  /** What waits while the peer is paused. */
  #held: (() => void)[] | undefined
  #isStopped = false

  constructor(time: VirtualTime, random: Random) {
    this.#time = time
    this.#random = random
  }

  nowMs(): number {
    return this.#time.nowMs
  }

  wallMs(): number {
    return epochWallMs + Math.floor(this.#time.nowMs)
  }

  after(ms: number, callback: () => void): () => void {
    let isCancelled = false
    this.#time.after(ms, () => {
      this.#call(() => {
        if (!isCancelled) callback()
      })
    })
    return () => {
      isCancelled = true
    }
  }

  soon(callback: () => void): void {
    const us = this.#random.integer(turnUs.from, turnUs.upTo)
    this.#time.after(us / 1_000, () => this.#call(callback))
  }

  get isPaused(): boolean {
    return this.#held !== undefined
  }

  pause(): void {
    this.#held ??= []
  }

  /** Everything that waited is called back at once, in order. */
  resume(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const callback of held) this.#time.after(0, () => this.#call(callback))
  }

  /** Nothing is called back any more. */
  stop(): void {
    this.#isStopped = true
    this.#held = undefined
  }

  #call(callback: () => void): void {
    if (this.#isStopped) return
    if (this.#held === undefined) callback()
    else this.#held.push(callback)
  }
}
