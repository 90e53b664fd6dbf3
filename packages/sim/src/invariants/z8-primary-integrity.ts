/**
 * Z8: when a leader broadcasts the first page of its epoch, it has applied every page of earlier epochs
 * that anybody ever delivered.
 */
import { epochOf, formatZxid, type Zxid } from '@conclave/core/internal'
import type { Invariant, Observed, Step } from '../observation.ts'
import { demand } from '../violation.ts'

export class PrimaryIntegrity implements Invariant {
  readonly id = 'Z8'
  readonly #observed: Observed
  readonly #checked = new Set<number>()

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onStep({ peer, effects, after }: Step): void {
    const { role, phase, epoch } = after.standing
    if (role !== 'leader' || phase !== 'broadcast' || this.#checked.has(epoch)) return
    const broadcasts = effects.some(
      (effect) =>
        effect.type === 'append-log' &&
        effect.records.some(
          (record) => record.type === 'page' && epochOf(record.page.first) === epoch,
        ),
    )
    if (!broadcasts) return
    this.#checked.add(epoch)
    const { pages } = this.#observed.committed
    const earlier = pages.findLast((page) => epochOf(page.last) < epoch)?.last ?? (0 as Zxid)
    demand(
      after.lastApplied >= earlier,
      this.id,
      () =>
        `peer ${peer.id} broadcasts in epoch ${epoch} and has applied ` +
        `${formatZxid(after.lastApplied)} of ${formatZxid(earlier)}`,
    )
  }
}
