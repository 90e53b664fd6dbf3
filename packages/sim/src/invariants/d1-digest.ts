/** D1: peers that have applied the same have the same state: equal digests at equal page ends. */
import { formatZxid, type RecoveredState } from '@conclave/core/internal'
import type { Invariant, Observed, ObservedPeer, Step } from '../observation.ts'
import { demand } from '../violation.ts'

export class EqualDigests implements Invariant {
  readonly id = 'D1'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onStart(peer: ObservedPeer, { replica }: RecoveredState): void {
    this.#check(peer, replica.end.last, replica.digest)
  }

  onStep({ peer, after }: Step): void {
    this.#check(peer, after.lastApplied, after.digest)
  }

  #check(peer: ObservedPeer, at: Step['after']['lastApplied'], digest: string): void {
    const known = this.#observed.committed.digestAt(at, digest)
    demand(
      known === digest,
      this.id,
      () => `at ${formatZxid(at)} peer ${peer.id} has the digest ${digest}, others ${known}`,
    )
  }
}
