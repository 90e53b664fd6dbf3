/**
 * S8: when the expiry of a session is committed, its host has stopped taking it for alive: the local
 * deadline, on the host's own clock, has passed. This is what makes a lock's signal abort before the
 * lock is anybody else's.
 */
import { formatZxid, type Page } from '@conclave/core/internal'
import type { SessionHistory } from '../history.ts'
import type { Invariant, Observed, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

export class LocalDeadline implements Invariant {
  readonly id = 'S8'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onCommitted(_peer: ObservedPeer, page: Page): void {
    for (const txn of this.#observed.txnsOf(page)) {
      if (txn.type !== 'close-session' || txn.reason !== 'expired') continue
      for (const session of this.#observed.history.placesOf(txn.closed)) {
        if (session.isOpen) this.#check(session, page)
      }
    }
  }

  /** A former host, too, that has not heard of the move. */
  #check({ id, peer }: SessionHistory, page: Page): void {
    const host = this.#observed.peers.get(peer)
    if (host?.isRunning !== true) return
    const deadlineMs = host.sessionDeadlineMs(id)
    demand(
      deadlineMs === undefined || deadlineMs <= host.nowMs,
      this.id,
      () =>
        `session ${id} expires in ${formatZxid(page.last)}, its host ${host.id} takes it ` +
        `for alive for another ${(deadlineMs as number) - host.nowMs} ms`,
    )
  }
}
