/**
 * Quorum rounds: proof that a leader was still the leader at some moment after a question was asked.
 * A round is a number on a ping; a learner that still follows answers with it, and an answer speaks
 * for every round before it. Rounds are what linearizable reads, the acknowledgement of proofs of
 * life and the joining of amnesiac peers wait for (C7, C8, S4, Z19).
 */
import type { Quorum } from '../ensemble/quorum.ts'
import type { PeerId } from '../ids.ts'

export class Rounds {
  readonly #confirmations = new Map<PeerId, number>()
  #last = 0
  #wanted = 0

  /** The number of the next round to begin. */
  get next(): number {
    return this.#last + 1
  }

  /** A round is wanted before the next heartbeat. */
  request(): number {
    this.#wanted = this.next
    return this.next
  }

  /** True when somebody waits for a round that has not begun, and none asked for is under way. */
  isDue(confirmed: number): boolean {
    return this.#wanted > this.#last && confirmed >= this.#last
  }

  /** Begins a round: everything that happened so far is before it. */
  begin(self: PeerId): number {
    this.#last += 1
    this.#confirmations.set(self, this.#last)
    return this.#last
  }

  onConfirmation(peer: PeerId, round: number): void {
    if (round > this.#last) return
    this.#confirmations.set(peer, Math.max(round, this.#confirmations.get(peer) ?? 0))
  }

  forget(peer: PeerId): void {
    this.#confirmations.delete(peer)
  }

  /** The last round that a quorum has confirmed. */
  confirmed(quorum: Quorum): number {
    return quorum.reachedBy(this.#confirmations)
  }
}
