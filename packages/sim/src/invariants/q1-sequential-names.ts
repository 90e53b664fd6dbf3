/**
 * Q1: the numbers of sequential znodes below one parent are unique and rise with the zxid, whatever
 * was deleted, refused or restored meanwhile (ZOOKEEPER-1046).
 */
import { formatZxid, type Txn, type Zxid } from '@conclave/core/internal'
import type { Call } from '../history.ts'
import { parentPathOf, type ModelChange } from '../model/tree-model.ts'
import type { Invariant, Observed } from '../observation.ts'
import { demand } from '../violation.ts'

export class SequentialNames implements Invariant {
  readonly id = 'Q1'
  readonly #observed: Observed
  #call: Call | undefined
  /** The last number below each parent, by its path and the txn that made it. */
  readonly #last = new Map<string, number>()

  constructor(observed: Observed) {
    this.#observed = observed
  }

  beforeTxn(_txn: Txn, _zxid: Zxid, call: Call | undefined): void {
    this.#call = call
  }

  afterTxn(_txn: Txn, zxid: Zxid, changes: readonly ModelChange[]): void {
    const request = this.#call?.request
    if (request?.type !== 'create' || !request.sequential) return
    const created = changes.at(-1)
    if (created?.type !== 'created') return
    const suffix = created.path.slice(request.path.length)
    const number = /^\d{10}$/.test(suffix) ? Number(suffix) : -1
    const parentPath = parentPathOf(created.path)
    const parent = this.#observed.model.tree.get(parentPath)
    const key = `${parentPath} ${parent?.czxid ?? 0}`
    const last = this.#last.get(key) ?? -1
    demand(
      number > last,
      this.id,
      () => `${formatZxid(zxid)} creates ${created.path}, the number before was ${last}`,
    )
    this.#last.set(key, number)
  }
}
