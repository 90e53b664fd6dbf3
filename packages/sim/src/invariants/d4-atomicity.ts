/**
 * D4: of a transaction all operations take effect, at one zxid, or none. What stops between two of them
 * shows: a peer never stands, nor writes a snapshot, at a zxid within a page.
 */
import { formatZxid, type Txn, type Zxid } from '@conclave/core/internal'
import type { Call } from '../history.ts'
import type { ModelChange } from '../model/tree-model.ts'
import type { Invariant, Observed, Step } from '../observation.ts'
import { demand } from '../violation.ts'

export class Atomicity implements Invariant {
  readonly id = 'D4'
  readonly #observed: Observed
  #call: Call | undefined

  constructor(observed: Observed) {
    this.#observed = observed
  }

  beforeTxn(_txn: Txn, _zxid: Zxid, call: Call | undefined): void {
    this.#call = call
  }

  afterTxn(txn: Txn, zxid: Zxid, changes: readonly ModelChange[]): void {
    const request = this.#call?.request
    if (request?.type !== 'transaction') return
    const wanted = request.operations.filter((operation) => operation.type !== 'check').length
    const refused = txn.type === 'refuse'
    demand(
      changes.length === (refused ? 0 : wanted) && changes.every((change) => change.zxid === zxid),
      this.id,
      () =>
        `${formatZxid(zxid)} is a transaction of ${wanted} changes${refused ? ', refused' : ''}, ` +
        `it makes ${changes.length}`,
    )
  }

  onStep({ peer, before, after }: Step): void {
    const { lastApplied } = after
    if (lastApplied === before.lastApplied || lastApplied === 0) return
    const { committed } = this.#observed
    demand(
      committed.pageAt(lastApplied) !== undefined,
      this.id,
      () => `peer ${peer.id} stands at ${formatZxid(lastApplied)}, which is no page's end`,
    )
  }
}
