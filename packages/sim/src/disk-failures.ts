/**
 * What a disk refuses: an append, a checkpoint, everything for want of space; or a read, which may go
 * well the next time. Nobody may use a store that has refused to write something: so what it does next is the worst that stores were seen to do. It
 * refuses for ever (`poisoned`), or says yes and keeps nothing (`lying`, as LevelDB behind one ENOSPC).
 */
import type { Microseconds } from './scheduler.ts'

export const failingUses = ['append', 'checkpoint', 'read-log', 'read-snapshot'] as const
export type FailingUse = (typeof failingUses)[number]
type Reading = Extract<FailingUse, 'read-log' | 'read-snapshot'>
type Writing = Exclude<FailingUse, Reading>
export type AfterFailure = 'poisoned' | 'lying'

export class DiskFailures {
  readonly #armed = new Map<FailingUse, AfterFailure>()
  #full: { readonly until: Microseconds; readonly after: AfterFailure } | null = null
  #after: AfterFailure | null = null

  /** The next such use fails. */
  arm(use: FailingUse, after: AfterFailure): void {
    this.#armed.set(use, after)
  }

  /** No write finds space before then, nor does the store open. */
  fillUntil(until: Microseconds, after: AfterFailure): void {
    this.#full = { until, after }
  }

  isFull(now: Microseconds): boolean {
    return this.#full !== null && now < this.#full.until
  }

  get hasFailed(): boolean {
    return this.#after !== null
  }

  /** True of a store that answers what it does not do. */
  get isLying(): boolean {
    return this.#after === 'lying'
  }

  /** Why this write fails now; `null` when it does not. */
  strike(use: Writing, now: Microseconds): string | null {
    if (this.#after !== null) return this.isLying ? null : `${use}: the store has failed before`
    if (this.#full !== null && this.isFull(now)) {
      this.#after = this.#full.after
      return `${use}: no space left on the device`
    }
    const after = this.#armed.get(use)
    if (after === undefined) return null
    this.#armed.delete(use)
    this.#after = after
    return `${use}: input/output error`
  }

  /** Why this read fails now; `null` when it does not. */
  strikeRead(use: Reading): string | null {
    return this.#armed.delete(use) ? `${use}: too many open files` : null
  }

  /** The store is opened: what was refused before is over. */
  reopen(): void {
    this.#after = null
  }

  /** No more faults. */
  heal(): void {
    this.#armed.clear()
    this.#full = null
  }
}
