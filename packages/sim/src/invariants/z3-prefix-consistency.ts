/**
 * Z3: what any two peers have committed is one history: whatever a peer commits is the next page of
 * the one committed log, by zxid and CRC, or extends it. A page that nobody was seen to commit before
 * is first committed by a leader.
 */
import { formatZxid, type Page } from '@conclave/core/internal'
import type { Invariant, Observed, ObservedPeer, Step } from '../observation.ts'
import { demand } from '../violation.ts'

export class PrefixConsistency implements Invariant {
  readonly id = 'Z3'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onStep({ peer, before, after }: Step): void {
    if (after.lastCommitted === before.lastCommitted) return
    const { committed } = this.#observed
    for (const page of peer.appended.between(before.lastCommitted, after.lastCommitted)) {
      const known = committed.pageAt(page.last)
      demand(
        known?.crc === page.crc,
        this.id,
        () => `peer ${peer.id} commits ${formatZxid(page.last)}, which is not the committed page`,
      )
    }
    demand(
      committed.pageAt(after.lastCommitted) !== undefined,
      this.id,
      () => `peer ${peer.id} commits up to ${formatZxid(after.lastCommitted)}, no page ends there`,
    )
  }

  onCommitted(peer: ObservedPeer, page: Page): void {
    const { end } = this.#observed.committed
    demand(
      page.previousLast === end.last && page.previousCrc === end.crc,
      this.id,
      () =>
        `peer ${peer.id} commits a page after ${formatZxid(page.previousLast)}, ` +
        `the committed log ends at ${formatZxid(end.last)}`,
    )
  }
}
