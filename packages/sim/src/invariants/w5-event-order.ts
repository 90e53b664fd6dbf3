/** W5: events and answers to writes reach a session in the order of their zxids. */
import { formatZxid, type Delivery, type Zxid } from '@conclave/core/internal'
import type { SessionHistory } from '../history.ts'
import type { Invariant, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

export class EventOrder implements Invariant {
  readonly id = 'W5'
  readonly #last = new Map<SessionHistory, Zxid>()

  onDelivery(_peer: ObservedPeer, session: SessionHistory, item: Delivery): void {
    if (item.type !== 'watch-event' && item.type !== 'reply' && item.type !== 'refused') return
    const zxid = item.type === 'watch-event' ? item.event.zxid : item.zxid
    const last = this.#last.get(session) ?? (0 as Zxid)
    demand(
      zxid >= last,
      this.id,
      () => `session ${session.id} is told of ${formatZxid(zxid)} after ${formatZxid(last)}`,
    )
    this.#last.set(session, zxid)
  }
}
