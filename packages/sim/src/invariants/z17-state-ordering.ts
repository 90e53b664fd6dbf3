/**
 * Z17: at every peer, snapshot ≤ applied ≤ committed ≤ logged, durable ≤ logged; and what the core
 * takes for durable is durable.
 */
import { formatZxid } from '@conclave/core/internal'
import type { Invariant, Step } from '../observation.ts'
import { demand } from '../violation.ts'

export class StateOrdering implements Invariant {
  readonly id = 'Z17'

  onStep({ peer, after }: Step): void {
    const { lastApplied, lastCommitted, lastDurable, lastLogged } = after
    const holds =
      peer.snapshotEnd.last <= lastApplied &&
      lastApplied <= lastCommitted &&
      lastCommitted <= lastLogged &&
      lastDurable <= lastLogged &&
      lastDurable <= peer.durable.end.last
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
