/**
 * S3: nothing takes effect in the name of a session behind its end. (That the end deletes exactly what
 * the session owned, the model itself demands.)
 */
import { formatZxid, type Txn, type Zxid } from '@conclave/core/internal'
import type { Invariant, Observed } from '../observation.ts'
import { demand } from '../violation.ts'

export class SessionEnd implements Invariant {
  readonly id = 'S3'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  beforeTxn(txn: Txn, zxid: Zxid): void {
    if (txn.session === 0 || txn.type === 'refuse') return
    demand(
      this.#observed.model.isLive(txn.session),
      this.id,
      () => `${formatZxid(zxid)} is a ${txn.type} of session ${txn.session}, which has ended`,
    )
  }
}
