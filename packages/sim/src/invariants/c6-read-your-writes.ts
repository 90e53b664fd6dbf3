/** C6: when a write is answered, it is applied at the peer that answers: whoever wrote can read it. */
import { formatZxid, type CoreView, type PeerId, type Zxid } from '@conclave/core/internal'
import type { Call, SessionHistory } from '../history.ts'
import type { Invariant, ObservedPeer, Step } from '../observation.ts'
import { demand } from '../violation.ts'

export class ReadYourWrites implements Invariant {
  readonly id = 'C6'
  readonly #views = new Map<PeerId, CoreView>()

  onStep({ peer, after }: Step): void {
    this.#views.set(peer.id, after)
  }

  onAnswer(peer: ObservedPeer, _session: SessionHistory, { answer, id }: Call): void {
    if (answer === null || !('zxid' in answer)) return
    const applied = this.#views.get(peer.id)?.lastApplied ?? (0 as Zxid)
    demand(
      applied >= answer.zxid,
      this.id,
      () =>
        `call ${id} is answered at ${formatZxid(answer.zxid)}, ` +
        `peer ${peer.id} has applied ${formatZxid(applied)}`,
    )
  }
}
