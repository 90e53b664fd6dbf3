/** Links that were refused, by either side: for a peer's status, and told to whoever watches. */
import type { Refusal } from '@conclave/net'
import { peerChannel } from './diagnostics.ts'

/** How many are remembered. */
const maxRefusals = 16

export class RefusedLinks {
  readonly #peer: number
  /** The last reason of each kind and peer. */
  readonly #reasons = new Map<string, string>()

  constructor(peer: number) {
    this.#peer = peer
  }

  get reasons(): readonly string[] {
    return [...this.#reasons.values()]
  }

  note({ code, by, peer, address, reason }: Refusal): void {
    // By what it is, not by where it came from: each attempt comes from a port of its own.
    const key = `${by} ${String(peer)} ${code}`
    if (!this.#reasons.has(key) && this.#reasons.size >= maxRefusals) return
    this.#reasons.set(key, reason)
    if (peerChannel.hasSubscribers) {
      peerChannel.publish({ type: 'refused', id: this.#peer, peer, address, reason })
    }
  }

  /** They are in the past: the peer is ready. */
  clear(): void {
    this.#reasons.clear()
  }
}
