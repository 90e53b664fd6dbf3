/** W8: nothing is left of the watches of a session that has ended: no event reaches it any more. */
import { formatZxid, type Delivery } from '@conclave/core/internal'
import type { SessionHistory } from '../history.ts'
import type { Invariant, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

export class WatchEnd implements Invariant {
  readonly id = 'W8'

  onDelivery(peer: ObservedPeer, session: SessionHistory, item: Delivery): void {
    if (item.type !== 'watch-event') return
    demand(
      session.ended === null,
      this.id,
      () =>
        `peer ${peer.id} tells session ${session.id}, which has ended, of ${item.event.path} at ` +
        formatZxid(item.event.zxid),
    )
  }
}
