/** C4: a session never goes back in time: no read shows less than an answer or a read before it. */
import { formatZxid, type SessionId, type Zxid } from '@conclave/core/internal'
import type { Call, SessionHistory } from '../history.ts'
import type { Invariant, ObservedPeer, Reading } from '../observation.ts'
import { demand } from '../violation.ts'

export class MonotonicReads implements Invariant {
  readonly id = 'C4'
  readonly #seen = new Map<SessionId, Zxid>()

  onAnswer(_peer: ObservedPeer, session: SessionHistory, { answer }: Call): void {
    if (answer !== null && 'zxid' in answer) this.#note(session.id, answer.zxid)
  }

  onRead(peer: ObservedPeer, session: SessionHistory, { zxid }: Reading): void {
    const seen = this.#seen.get(session.id) ?? 0
    demand(
      zxid >= seen,
      this.id,
      () =>
        `peer ${peer.id} shows session ${session.id} the state at ${formatZxid(zxid)}, ` +
        `it has seen ${formatZxid(seen as Zxid)}`,
    )
    this.#note(session.id, zxid)
  }

  #note(session: SessionId, zxid: Zxid): void {
    if (zxid > (this.#seen.get(session) ?? 0)) this.#seen.set(session, zxid)
  }
}
