/**
 * Z13: a learner that acknowledges NEWLEADER holds durably what its leader holds, page for page, and
 * nothing else: what the leader does not know was cut from the disk (ZOOKEEPER-3701).
 */
import { formatZxid, type Message, type PeerId } from '@conclave/core/internal'
import type { Invariant, Observed, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

export class SyncTarget implements Invariant {
  readonly id = 'Z13'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onSend(from: ObservedPeer, to: PeerId, message: Message): void {
    if (message.type !== 'ack-new-leader') return
    const leader = this.#observed.peers.get(to)
    // A leader that is gone meanwhile, or leads another epoch, will never count it.
    if (leader?.isRunning !== true || leader.appended.currentEpoch !== message.epoch) return
    for (const page of from.durable.pages) {
      demand(
        leader.appended.holds(page),
        this.id,
        () =>
          `peer ${from.id} joins ${to} with ${formatZxid(page.last)}, which ${to} does not have`,
      )
    }
  }
}
