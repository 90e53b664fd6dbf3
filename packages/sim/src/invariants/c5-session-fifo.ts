/** C5: a session's writes are committed, and answered by a host, in the order in which they were called. */
import { formatZxid } from '@conclave/core/internal'
import type { Call, SessionHistory } from '../history.ts'
import type { Invariant, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

export class SessionFifo implements Invariant {
  readonly id = 'C5'
  readonly #last = new Map<SessionHistory, { readonly call: number; readonly zxid: number }>()

  onAnswer(_peer: ObservedPeer, session: SessionHistory, { answer, id }: Call): void {
    if (answer?.type !== 'reply' && answer?.type !== 'refused') return
    const last = this.#last.get(session)
    demand(
      last === undefined || (id > last.call && answer.zxid > last.zxid),
      this.id,
      () =>
        `call ${id} of session ${session.id} is answered behind a later one, at ${formatZxid(answer.zxid)}`,
    )
    this.#last.set(session, { call: id, zxid: answer.zxid })
  }
}
