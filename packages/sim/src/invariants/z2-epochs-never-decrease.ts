/**
 * Z2: in what is durable, acceptedEpoch and currentEpoch never decrease, and currentEpoch never
 * passes acceptedEpoch; an epoch is promised to one leader, and ACK-E says only what is durable.
 * A peer that lost its store begins anew: Z19 keeps it from counting.
 */
import type { Message, PeerId } from '@conclave/core/internal'
import type { Invariant, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

interface Promises {
  accepted: number
  current: number
  /** To whom each epoch was promised by ACK-E. */
  readonly promisedTo: Map<number, PeerId>
}

export class EpochsNeverDecrease implements Invariant {
  readonly id = 'Z2'
  readonly #peers = new Map<PeerId, Promises>()

  onDurable(peer: ObservedPeer): void {
    const promises = this.#of(peer.id)
    const { acceptedEpoch, currentEpoch } = peer.durable
    demand(
      acceptedEpoch >= promises.accepted && currentEpoch >= promises.current,
      this.id,
      () =>
        `peer ${peer.id} had promised ${promises.accepted} and joined ${promises.current}, ` +
        `its log says ${acceptedEpoch} and ${currentEpoch}`,
    )
    demand(
      currentEpoch <= acceptedEpoch,
      this.id,
      () => `peer ${peer.id} joined ${currentEpoch} and has promised only ${acceptedEpoch}`,
    )
    promises.accepted = acceptedEpoch
    promises.current = currentEpoch
  }

  onSend(from: ObservedPeer, to: PeerId, message: Message): void {
    if (message.type !== 'ack-epoch') return
    const { promisedTo } = this.#of(from.id)
    demand(
      from.durable.acceptedEpoch === message.epoch,
      this.id,
      () => `peer ${from.id} promises ${message.epoch}, durable is ${from.durable.acceptedEpoch}`,
    )
    const known = promisedTo.get(message.epoch)
    demand(
      known === undefined || known === to,
      this.id,
      () => `peer ${from.id} promises epoch ${message.epoch} to ${to} after ${known}`,
    )
    promisedTo.set(message.epoch, to)
  }

  onStop(peer: ObservedPeer, wiped: boolean): void {
    if (wiped) this.#peers.delete(peer.id)
  }

  #of(peer: PeerId): Promises {
    let promises = this.#peers.get(peer)
    if (promises === undefined) {
      promises = { accepted: 0, current: 0, promisedTo: new Map() }
      this.#peers.set(peer, promises)
    }
    return promises
  }
}
