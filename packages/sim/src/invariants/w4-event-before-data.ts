/**
 * W4: a session hears of a change before it can see it: no watch event comes behind an answer or a
 * read that already had its change.
 */
import { formatZxid, type Delivery, type Zxid } from '@conclave/core/internal'
import type { SessionHistory } from '../history.ts'
import type { Invariant, ObservedPeer, Reading } from '../observation.ts'
import { demand } from '../violation.ts'

export class EventBeforeData implements Invariant {
  readonly id = 'W4'
  readonly #seen = new Map<SessionHistory, Zxid>()

  onDelivery(_peer: ObservedPeer, session: SessionHistory, item: Delivery): void {
    switch (item.type) {
      case 'reply':
      case 'refused':
      case 'synced':
        this.#note(session, item.zxid)
        break
      case 'watch-event': {
        const seen = this.#seen.get(session) ?? 0
        demand(
          item.event.zxid > seen,
          this.id,
          () =>
            `session ${session.id} is told of ${item.event.path} at ` +
            `${formatZxid(item.event.zxid)} after it saw ${formatZxid(seen as Zxid)}`,
        )
        break
      }
      default:
        break
    }
  }

  onRead(_peer: ObservedPeer, session: SessionHistory, { zxid }: Reading): void {
    this.#note(session, zxid)
  }

  #note(session: SessionHistory, zxid: Zxid): void {
    if (zxid > (this.#seen.get(session) ?? 0)) this.#seen.set(session, zxid)
  }
}
