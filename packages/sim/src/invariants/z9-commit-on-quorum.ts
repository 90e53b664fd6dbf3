/**
 * Z9: when a page is committed, a quorum of disks holds it durably, and so everything before it. The
 * disks are looked into; nobody's ack is believed. A peer that lost its store counts with what it had
 * too, until an established leader has brought it up to date: it has no vote for so long (Z19), and any
 * quorum of those that have one still meets the rest of a quorum that it was counted in.
 */
import { formatMembers, formatZxid, type Member, type Page } from '@conclave/core/internal'
import { suffices } from '../model/sufficiency.ts'
import type { Invariant, Observed, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

export class CommitOnQuorum implements Invariant {
  readonly id = 'Z9'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onCommitted(peer: ObservedPeer, page: Page): void {
    const holders = new Set<number>()
    for (const one of this.#observed.peers.values()) {
      // An ack does not become untrue because the store was lost behind it.
      const disks = [one.durable, ...one.lost]
      if (disks.some((disk) => disk.holds(page))) holders.add(one.id)
    }
    for (const members of this.#electoratesOf(page)) {
      demand(
        suffices(members, (id) => holders.has(id)),
        this.id,
        () =>
          `peer ${peer.id} commits ${formatZxid(page.last)}, durable at ` +
          `${[...holders].join() || 'none'} of the members ${formatMembers(members)}`,
      )
    }
  }

  /** Those who decide about the page: by what was committed before, and by what it configures (Z18). */
  #electoratesOf(page: Page): readonly (readonly Member[])[] {
    const { model, founders } = this.#observed
    const before = model.configuration?.members ?? founders
    if (!page.reconfigures) return [before]
    const txn = this.#observed.txnsOf(page).at(-1)
    return txn?.type === 'configure' ? [before, txn.configuration.members] : [before]
  }
}
