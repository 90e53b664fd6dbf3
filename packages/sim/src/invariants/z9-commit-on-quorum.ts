/**
 * Z9: when a page is committed, a quorum of disks holds it durably, and so everything before it. The
 * disks are looked into; nobody's ack is believed. A peer that lost its store counts with what it had
 * too, until an established leader has brought it up to date: it has no vote for so long (Z19), and any
 * quorum of those that have one still meets the rest of a quorum that it was counted in.
 */
import { formatZxid, votersOf, type Page, type PeerId } from '@conclave/core/internal'
import type { Invariant, Observed, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

export class CommitOnQuorum implements Invariant {
  readonly id = 'Z9'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onCommitted(peer: ObservedPeer, page: Page): void {
    const holders: number[] = []
    for (const one of this.#observed.peers.values()) {
      // An ack does not become untrue because the store was lost behind it.
      const disks = [one.durable, ...one.lost]
      if (disks.some((disk) => disk.holds(page))) holders.push(one.id)
    }
    for (const voters of this.#electoratesOf(page)) {
      const counted = holders.filter((id) => voters.includes(id))
      demand(
        counted.length > voters.length / 2,
        this.id,
        () =>
          `peer ${peer.id} commits ${formatZxid(page.last)}, durable at ` +
          `${counted.join() || 'none'} of the voters ${voters.join()}`,
      )
    }
  }

  /** Those who decide about the page: by what was committed before, and by what it configures (Z18). */
  #electoratesOf(page: Page): readonly (readonly PeerId[])[] {
    const { model, founders } = this.#observed
    const before = votersOf(model.configuration?.members ?? founders)
    if (!page.reconfigures) return [before]
    const txn = this.#observed.txnsOf(page).at(-1)
    return txn?.type === 'configure' ? [before, votersOf(txn.configuration.members)] : [before]
  }
}
