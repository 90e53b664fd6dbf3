/**
 * Z11: a leader that is established has, durably, every page that was committed before its epoch.
 */
import { epochOf, formatZxid } from '@conclave/core/internal'
import type { Invariant, Observed, Step } from '../observation.ts'
import { demand } from '../violation.ts'

export class LeaderCompleteness implements Invariant {
  readonly id = 'Z11'
  readonly #observed: Observed
  readonly #checked = new Set<number>()

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onStep({ peer, after }: Step): void {
    const { role, phase, epoch } = after.standing
    if (role !== 'leader' || phase !== 'broadcast' || this.#checked.has(epoch)) return
    this.#checked.add(epoch)
    const earlier = this.#observed.committed.pages.findLast((page) => epochOf(page.last) < epoch)
    demand(
      earlier === undefined || peer.durable.holds(earlier),
      this.id,
      () =>
        `peer ${peer.id} is established in epoch ${epoch} without ` +
        formatZxid((earlier as { last: typeof after.lastApplied }).last),
    )
  }
}
