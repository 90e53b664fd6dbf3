/**
 * Z17: at every peer, snapshot ≤ applied ≤ committed ≤ logged, durable ≤ logged; what the core takes
 * for durable is durable; and neither what is applied nor what is committed ever goes back.
 */
import { formatZxid } from '@conclave/core/internal'
import type { Invariant, Step } from '../observation.ts'
import { demand } from '../violation.ts'

export class StateOrdering implements Invariant {
  readonly id = 'Z17'

  onStep({ peer, before, after }: Step): void {
    const { lastApplied, lastCommitted, lastDurable, lastLogged } = after
    const holds =
      peer.snapshotEnd.last <= lastApplied &&
      lastApplied <= lastCommitted &&
      lastCommitted <= lastLogged &&
      lastDurable <= lastLogged &&
      lastDurable <= peer.durable.end.last
    demand(
      before.lastApplied <= lastApplied && before.lastCommitted <= lastCommitted,
      this.id,
      () =>
        `peer ${peer.id} goes back to ${formatZxid(lastApplied)} applied and ` +
        `${formatZxid(lastCommitted)} committed, it had ${formatZxid(before.lastApplied)} and ` +
        formatZxid(before.lastCommitted),
    )
    demand(holds, this.id, () => {
      const places = Object.entries({
        snapshot: peer.snapshotEnd.last,
        applied: lastApplied,
        committed: lastCommitted,
        logged: lastLogged,
        durable: lastDurable,
        onDisk: peer.durable.end.last,
      })
      const shown = places.map(([name, zxid]) => `${name} ${formatZxid(zxid)}`)
      return `peer ${peer.id}: ${shown.join(', ')}`
    })
  }
}
