/** W1: every watch event tells of a committed change that its watch sees, as that change was. */
import { formatZxid, type Delivery } from '@conclave/core/internal'
import type { SessionHistory } from '../history.ts'
import type { Invariant, Observed, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'
import { sameBytes } from './d2-restart-equivalence.ts'
import { watchSees } from './watch-match.ts'

export class JustifiedEvents implements Invariant {
  readonly id = 'W1'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onDelivery(_peer: ObservedPeer, session: SessionHistory, item: Delivery): void {
    if (item.type !== 'watch-event') return
    const { event } = item
    const watch = session.watches.get(item.watch)
    const justified = this.#observed
      .changesAt(event.zxid)
      .some(
        (change) =>
          change.type === event.type &&
          change.path === event.path &&
          (event.type === 'deleted' || sameBytes(change.znode.data, event.data)),
      )
    demand(
      watch !== undefined && watchSees(watch, event.path) && justified,
      this.id,
      () =>
        `session ${session.id} is told ${event.type} ${event.path} at ${formatZxid(event.zxid)} ` +
        `by ${watch === undefined ? 'no watch' : `its ${watch.depth} watch of ${watch.path}`}`,
    )
  }
}
