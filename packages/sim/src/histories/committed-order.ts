/**
 * The committed log as a history is replayed against it: txns in their order, each at its zxid, and
 * the state behind each of them in a model that shares nothing with the peers.
 */
import type { Txn, Zxid } from '@conclave/core/internal'
import { StateModel } from '../model/state-model.ts'
import type { ModelChange, TreeModel } from '../model/tree-model.ts'
import { Violation } from '../violation.ts'

export interface LoggedTxn {
  readonly zxid: Zxid
  readonly txn: Txn
}

/** A broken rule, by its name in docs/PROTOCOL.md, and what was seen. */
export interface Problem {
  readonly rule: string
  readonly text: string
}

/** A session as histories name it: 16 hexadecimal digits. */
export function sessionText(session: number): string {
  return session.toString(16).padStart(16, '0')
}

export class CommittedOrder {
  readonly txns: readonly LoggedTxn[]
  /** Why the log cannot be replayed to its end. */
  readonly problem: Problem | null
  readonly #model = new StateModel()
  readonly #byZxid = new Map<number, LoggedTxn>()
  readonly #changes = new Map<number, readonly ModelChange[]>()

  constructor(log: readonly LoggedTxn[]) {
    this.txns = log
    this.problem = this.#replay(log)
  }

  get tree(): TreeModel {
    return this.#model.tree
  }

  at(zxid: number): LoggedTxn | undefined {
    return this.#byZxid.get(zxid)
  }

  /** What changed at this zxid, in order. */
  changesAt(zxid: number): readonly ModelChange[] {
    return this.#changes.get(zxid) ?? []
  }

  /** What changed behind `after` and before `before`, in order. */
  changesBetween(after: number, before: number): readonly ModelChange[] {
    return this.txns
      .slice(this.#indexBehind(after), this.#indexBehind(before - 1))
      .flatMap(({ zxid }) => this.changesAt(zxid))
  }

  /** How many txns there are up to and with `zxid`. */
  #indexBehind(zxid: number): number {
    let low = 0
    let high = this.txns.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.txns[middle]?.zxid ?? 0) <= zxid) low = middle + 1
      else high = middle
    }
    return low
  }

  #replay(log: readonly LoggedTxn[]): Problem | null {
    let last = 0
    for (const logged of log) {
      const { zxid, txn } = logged
      if (zxid <= last) return { rule: 'Z5', text: `the log has ${zxid} behind ${last}` }
      last = zxid
      this.#byZxid.set(zxid, logged)
      try {
        this.#changes.set(zxid, this.#model.apply(txn, zxid))
      } catch (error) {
        if (!(error instanceof Violation)) throw error
        return { rule: error.invariant, text: error.detail }
      }
    }
    return null
  }
}
