/**
 * Txns to pages: an epoch's txns get their zxids here, one after the other and without a gap, and are
 * divided into pages within the limits. A page's txns are kept until it is applied, so that a leader
 * never decodes its own pages.
 *
 * A txn is only made when there is a page to put it into: what waits, waits as a request. The one
 * exception is a txn that turns out too large for what is left of a page: it begins the next one.
 *
 * Invariants: Z5 counters follow each other from 1; Z16 none goes past the limit; Z18 a change of the
 * configuration is the last txn of its page.
 */
import { assert } from '../assert.ts'
import type { Limits } from '../limits.ts'
import type { Page, PageDraft, PageEnd } from '../zab/page.ts'
import { advanceZxid, counterOf, epochOf, makeZxid, type Zxid } from '../zxid.ts'
import { Fifo } from './fifo.ts'
import { txnBytes } from './txn-bytes.ts'
import type { Txn } from './txn.ts'

/** Makes the next txn, for this place in the order; `null` when nothing waits to become one. */
export type NextTxn = (zxid: Zxid) => Txn | null

export class Pagination {
  readonly #epoch: number
  readonly #limits: Limits
  readonly #nextTxn: NextTxn
  /** Drafts of pages that are not applied yet, oldest first. */
  readonly #drafts = new Fifo<PageDraft>()
  /** Made already, at the zxid that comes next. */
  #carried: Txn | null = null
  #lastCounter = 0

  constructor(epoch: number, limits: Limits, nextTxn: NextTxn) {
    this.#epoch = epoch
    this.#limits = limits
    this.#nextTxn = nextTxn
  }

  /** True while a txn that is made already waits for the next page. */
  get hasCarried(): boolean {
    return this.#carried !== null
  }

  /** True when the epoch has no place left (Z16). */
  get isExhausted(): boolean {
    return this.#lastCounter >= this.#limits.maxCounter
  }

  /** The next page, behind the one that ends at `previous`; `null` when there is nothing for it. */
  draft(previous: PageEnd): PageDraft | null {
    const counter = epochOf(previous.last) === this.#epoch ? counterOf(previous.last) : 0
    assert(counter === this.#lastCounter, 'Z5: a page follows the one that was drafted before it')
    if (this.isExhausted) return null
    const first = makeZxid(this.#epoch, counter + 1)
    const most = Math.min(this.#limits.maxPageTxns, this.#limits.maxCounter - counter)
    const txns: Txn[] = []
    let bytes = 0
    let reconfigures = false
    while (txns.length < most && !reconfigures) {
      const txn = this.#carried ?? this.#nextTxn(advanceZxid(first, txns.length))
      this.#carried = null
      if (txn === null) break
      bytes += txnBytes(txn)
      if (bytes > this.#limits.maxPageBytes && txns.length > 0 && !isExpiry(txn)) {
        this.#carried = txn
        break
      }
      txns.push(txn)
      reconfigures = txn.type === 'configure'
    }
    if (txns.length === 0) return null
    this.#lastCounter += txns.length
    const draft: PageDraft = { first, previous, reconfigures, txns }
    this.#drafts.push(draft)
    return draft
  }

  /** The txns of the page that is applied now, which was drafted here; it is not kept any longer. */
  take(page: Page): readonly Txn[] {
    const draft = this.#drafts.shift()
    const isItsDraft =
      draft?.first === page.first && advanceZxid(draft.first, draft.txns.length - 1) === page.last
    assert(isItsDraft, 'Z8: a leader has applied all history before, and then what it drafts')
    return draft.txns
  }
}

/**
 * An expiry is proposed in the step in which it was judged, even if its page grows by it: a proof of
 * life that came while it waited would be acknowledged, and its session live on for its host (S4).
 */
function isExpiry(txn: Txn): boolean {
  return txn.type === 'close-session' && txn.reason === 'expired'
}
