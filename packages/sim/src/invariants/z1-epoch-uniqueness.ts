/**
 * Z1: an epoch has at most one established leader, ever: the same peer in the same incarnation. A
 * leader is established when the quorum of ACK-LD is complete, which it shows by being in broadcast.
 */
import { demand } from '../violation.ts'
import type { Invariant, Step } from '../observation.ts'

export class EpochUniqueness implements Invariant {
  readonly id = 'Z1'
  readonly #leaders = new Map<number, string>()

  /** The epochs that had an established leader. */
  get epochs(): number {
    return this.#leaders.size
  }

  onStep({ peer, after }: Step): void {
    const { role, phase, epoch } = after.standing
    if (role !== 'leader' || phase !== 'broadcast') return
    const leader = `peer ${peer.id}, start ${peer.incarnation}`
    const known = this.#leaders.get(epoch)
    if (known === undefined) this.#leaders.set(epoch, leader)
    else
      demand(known === leader, this.id, () => `epoch ${epoch} is led by ${known} and by ${leader}`)
  }
}
