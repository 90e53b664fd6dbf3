/** Z7: along the committed log epochs never decrease, and neither do the zxids. */
import { epochOf, formatZxid, type Page, type Zxid } from '@conclave/core/internal'
import type { Invariant, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

export class GlobalPrimaryOrder implements Invariant {
  readonly id = 'Z7'
  #last = 0 as Zxid

  onCommitted(peer: ObservedPeer, page: Page): void {
    demand(
      page.first > this.#last && epochOf(page.first) >= epochOf(this.#last),
      this.id,
      () => `peer ${peer.id} commits ${formatZxid(page.first)} after ${formatZxid(this.#last)}`,
    )
    this.#last = page.last
  }
}
