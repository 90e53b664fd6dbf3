/** S2: after every txn, each ephemeral znode belongs to a session that is live (ZOOKEEPER-2355). */
import { formatZxid, type SessionId, type Txn, type Zxid } from '@conclave/core/internal'
import { ephemeralsOf, type ModelChange } from '../model/tree-model.ts'
import type { Invariant, Observed } from '../observation.ts'
import { demand } from '../violation.ts'

export class EphemeralOwners implements Invariant {
  readonly id = 'S2'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  afterTxn(txn: Txn, zxid: Zxid, changes: readonly ModelChange[]): void {
    const { model } = this.#observed
    for (const { type, path, znode } of changes) {
      const owned = type === 'created' && znode.owner !== 0
      demand(
        !owned || model.isLive(znode.owner as SessionId),
        this.id,
        () => `${formatZxid(zxid)} leaves ${path} to session ${znode.owner}, which is not live`,
      )
    }
    if (txn.type !== 'close-session') return
    const left = ephemeralsOf(model.tree, txn.closed)
    demand(left.length === 0, this.id, () => `${formatZxid(zxid)} leaves ${left.join()} behind`)
  }
}
