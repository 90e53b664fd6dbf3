/** S1: a session's id is its own for ever: it is created once, and opened once by each of its hosts. */
import type { Zxid } from '@conclave/core/internal'
import type { SessionCall } from '../history.ts'
import type { Invariant, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

export class SessionIds implements Invariant {
  readonly id = 'S1'
  readonly #opened = new Set<Zxid>()

  onSessionAnswer(peer: ObservedPeer, { answer }: SessionCall): void {
    if (answer === null || !('session' in answer)) return
    demand(
      !this.#opened.has(answer.hostedSince),
      this.id,
      () => `peer ${peer.id} opens session ${answer.session} a second time`,
    )
    this.#opened.add(answer.hostedSince)
  }
}
