/**
 * C2: writes are linearizable: a write's txn comes after everything that was committed, anywhere,
 * when it was called.
 */
import { formatZxid } from '@conclave/core/internal'
import type { Call, SessionHistory } from '../history.ts'
import type { Invariant, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

export class LinearizableWrites implements Invariant {
  readonly id = 'C2'

  onAnswer(_peer: ObservedPeer, _session: SessionHistory, { answer, floor, id }: Call): void {
    if (answer?.type !== 'reply' && answer?.type !== 'refused') return
    demand(
      answer.zxid > floor,
      this.id,
      () =>
        `call ${id} is ${formatZxid(answer.zxid)}, when called ${formatZxid(floor)} was committed`,
    )
  }
}
