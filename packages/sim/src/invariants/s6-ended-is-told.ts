/**
 * S6: a session that has ended, or moved, is told so by its host: in the step that applies that, or the
 * snapshot that hides it, and never taken for alive behind that.
 */
import { formatZxid } from '@conclave/core/internal'
import type { Invariant, Observed, ObservedPeer, Step } from '../observation.ts'
import { demand } from '../violation.ts'

export class EndedIsTold implements Invariant {
  readonly id = 'S6'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onStep({ peer, before, after }: Step): void {
    // What the step before told has arrived by now.
    if (after.lastApplied !== before.lastApplied) this.#check(peer, before.lastApplied)
  }

  #check(peer: ObservedPeer, applied: Step['before']['lastApplied']): void {
    const { history, model } = this.#observed
    for (const session of history.sessions.values()) {
      if (session.peer !== peer.id || !session.isOpen || session.isReadOnly) continue
      const endedAt = model.hostedUntil(session.id, session.hostedSince)
      demand(
        endedAt === null || endedAt > applied,
        this.id,
        () =>
          `peer ${peer.id} has applied ${formatZxid(applied)} and not told session ${session.id} ` +
          `that it ended here at ${formatZxid(endedAt ?? applied)}`,
      )
    }
  }
}
