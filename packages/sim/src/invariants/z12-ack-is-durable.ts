/**
 * Z12: when a message leaves that vouches for something, that is durable at its sender: the history
 * an ACK or ACK-LD speaks for, the epoch in LEADERINFO, ACK-E and ACK-LD, the history a peer votes
 * with. Messages are compared with the disk itself.
 */
import { formatZxid, type Message, type PeerId, type Zxid } from '@conclave/core/internal'
import type { Invariant, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

export class AckIsDurable implements Invariant {
  readonly id = 'Z12'

  onSend(from: ObservedPeer, _to: PeerId, message: Message): void {
    switch (message.type) {
      case 'ack':
      case 'diff-ack':
        this.#demandHistory(from, message.upTo, message.type)
        break
      case 'ack-new-leader':
        this.#demandHistory(from, message.upTo, message.type)
        this.#demandEpoch(from, from.durable.currentEpoch, message.epoch, message.type)
        break
      case 'ack-epoch':
        this.#demandEpoch(from, from.durable.acceptedEpoch, message.epoch, message.type)
        this.#demandHistory(from, message.end.last, message.type)
        break
      case 'leader-info':
        this.#demandEpoch(from, from.durable.acceptedEpoch, message.epoch, message.type)
        break
      case 'notification':
        if (message.role === 'looking' && message.vote.leader === from.id) {
          this.#demandHistory(from, message.vote.last, 'vote')
        }
        break
      default:
        break
    }
  }

  #demandHistory(from: ObservedPeer, upTo: Zxid, what: string): void {
    const { durable } = from
    demand(
      upTo <= durable.start.last || durable.pageAt(upTo) !== undefined,
      this.id,
      () =>
        `the ${what} of peer ${from.id} speaks for ${formatZxid(upTo)}, ` +
        `durable is ${formatZxid(durable.end.last)}`,
    )
  }

  #demandEpoch(from: ObservedPeer, durable: number, said: number, what: string): void {
    demand(
      durable === said,
      this.id,
      () => `the ${what} of peer ${from.id} speaks for epoch ${said}, durable is ${durable}`,
    )
  }
}
