/**
 * Z19: a peer that has lost its store casts no vote and counts nowhere until an established leader
 * has sent it UPTODATE; and that leader does so only after a round that a quorum without it
 * confirmed, which shows in Z1 and Z9 when it is not so.
 */
import type { Message, PeerId } from '@conclave/core/internal'
import type { Invariant, Observed, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

export class Amnesia implements Invariant {
  readonly id = 'Z19'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onSend(from: ObservedPeer, _to: PeerId, message: Message): void {
    if (!from.isAmnesiac || this.#observed.committed.end.last === 0) return
    switch (message.type) {
      case 'notification':
        demand(
          !message.votes || message.empty || message.role !== 'looking',
          this.id,
          () => `peer ${from.id} lost its store and votes`,
        )
        break
      case 'follower-info':
        demand(!message.counts, this.id, () => `peer ${from.id} lost its store and counts`)
        break
      case 'leader-info':
        demand(false, this.id, () => `peer ${from.id} lost its store and makes an epoch`)
        break
      default:
        break
    }
  }
}
