/** The soft quotas that are exceeded, by what a peer has applied: for its status, and told to whoever watches. */
import type { Quotas } from '@conclave/core/internal'
import { quotaChannel } from './diagnostics.ts'

export class ExceededQuotas {
  readonly #peer: number
  #exceeded: ReadonlySet<string> = new Set()

  constructor(peer: number) {
    this.#peer = peer
  }

  /** The paths, sorted. */
  get paths(): readonly string[] {
    return [...this.#exceeded].sort()
  }

  /** Looks at the quotas, and tells which are exceeded, or kept again, since it looked last. */
  look(quotas: Quotas): void {
    const { exceeded } = quotas
    const before = this.#exceeded
    if (exceeded === before) return
    this.#exceeded = exceeded
    if (!quotaChannel.hasSubscribers) return
    for (const path of new Set([...before, ...exceeded])) {
      if (before.has(path) === exceeded.has(path)) continue
      const type = exceeded.has(path) ? 'exceeded' : 'kept'
      const { limits, usage } = quotas.get(path) ?? { limits: null, usage: null }
      quotaChannel.publish({ type, id: this.#peer, path, limits, usage })
    }
  }
}
