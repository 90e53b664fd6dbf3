/**
 * C7: after a sync a session reads at or past everything that was committed, anywhere, when it
 * called: even if the peer it is hosted by, or that peer's leader, had been deposed by then. A
 * linearizable read is a sync and a read behind it, so that C8 is checked with it.
 */
import { formatZxid } from '@conclave/core/internal'
import type { Call, SessionHistory } from '../history.ts'
import type { Invariant, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

export class SyncReachesAll implements Invariant {
  readonly id = 'C7'

  onAnswer(peer: ObservedPeer, _session: SessionHistory, { answer, floor, id }: Call): void {
    if (answer?.type !== 'synced') return
    demand(
      answer.zxid >= floor,
      this.id,
      () =>
        `sync ${id} at peer ${peer.id} comes to ${formatZxid(answer.zxid)}, ` +
        `when called ${formatZxid(floor)} was committed`,
    )
  }
}
