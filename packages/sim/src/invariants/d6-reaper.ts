/**
 * D6: what the ensemble deletes on its own account is an emptied container, or a znode whose TTL has
 * passed since its last set by the clocks that txns are stamped with; and neither has children. No
 * other change is without a request. That what must go does go is demanded in the end (progress.ts).
 */
import { formatZxid, type Txn, type Zxid } from '@conclave/core/internal'
import { isDue } from '../model/reaping.ts'
import type { Invariant, Observed } from '../observation.ts'
import { demand } from '../violation.ts'

export class Reaping implements Invariant {
  readonly id = 'D6'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  beforeTxn(txn: Txn, zxid: Zxid): void {
    if (txn.requestId !== 0) return
    switch (txn.type) {
      case 'delete': {
        const znode = this.#observed.model.tree.get(txn.path)
        demand(
          znode !== null && isDue(znode, txn.timeMs),
          this.id,
          () => `${formatZxid(zxid)} reaps ${txn.path} at ${txn.timeMs}: ${JSON.stringify(znode)}`,
        )
        return
      }
      case 'create':
      case 'set':
      case 'check':
      case 'transaction':
      case 'create-with-parents':
      case 'delete-subtree':
        demand(false, this.id, () => `nobody asked for the ${txn.type} at ${formatZxid(zxid)}`)
        return
      default:
        return
    }
  }
}
