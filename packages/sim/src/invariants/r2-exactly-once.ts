/**
 * R2: the requests of a session stand in the log once each, in the order of their numbers and without
 * gaps, across every change of leader, resend and restart.
 */
import { formatZxid, type SessionId, type Txn, type Zxid } from '@conclave/core/internal'
import type { Invariant } from '../observation.ts'
import { demand } from '../violation.ts'

export class ExactlyOnce implements Invariant {
  readonly id = 'R2'
  readonly #last = new Map<SessionId, number>()

  beforeTxn(txn: Txn, zxid: Zxid): void {
    if (txn.session === 0 || txn.requestId === 0) return
    const last = this.#last.get(txn.session) ?? 0
    demand(
      txn.requestId === last + 1,
      this.id,
      () =>
        `${formatZxid(zxid)} is request ${txn.requestId} of session ${txn.session}, ` +
        `the one before was ${last}`,
    )
    this.#last.set(txn.session, txn.requestId)
  }
}
