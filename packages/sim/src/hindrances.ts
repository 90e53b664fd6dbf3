/** What hinders a peer's connections for a while: a narrow way out, dials that are slow or refused. */
import type { PeerId } from '@conclave/core/internal'
import type { Microseconds } from './scheduler.ts'

export class Hindrances {
  readonly #bytesPerSecond = new Map<PeerId, number>()
  readonly #dials = new Map<PeerId, Microseconds | null>()

  /** Whatever the peer sends goes through a way of so many bytes a second, until it is freed. */
  narrow(peer: PeerId, bytesPerSecond: number): void {
    this.#bytesPerSecond.set(peer, bytesPerSecond)
  }

  /** Connecting with the peer takes so much longer, or is refused (`null`), until it is freed. */
  hinderDials(peer: PeerId, byUs: Microseconds | null): void {
    this.#dials.set(peer, byUs)
  }

  free(peer: PeerId): void {
    this.#bytesPerSecond.delete(peer)
    this.#dials.delete(peer)
  }

  /** Nobody is hindered any more. */
  clear(): void {
    this.#bytesPerSecond.clear()
    this.#dials.clear()
  }

  /** What a way out of the peer carries, if it usually carries `usual`. */
  bandwidthOf(peer: PeerId, usual: number): number {
    return Math.min(usual, this.#bytesPerSecond.get(peer) ?? usual)
  }

  refusesDials(peer: PeerId): boolean {
    return this.#dials.get(peer) === null
  }

  /** How much longer it takes to connect with the peer. */
  dialDelayOf(peer: PeerId): Microseconds {
    return this.#dials.get(peer) ?? 0
  }
}
