/**
 * What waits under the names of calls, in the order in which these were given, which is nearly always
 * the order in which it is taken out again: by FIFO then, and from the middle when one gives up.
 *
 * Why not a Map by call: keys that rise for ever make V8 build its table anew every few thousand
 * writes, and a table that was left behind leads the garbage collector to the next one and to all
 * that was in it, so that whatever waits when the collector comes is copied, kept and swept as old.
 */
import { assert } from '../assert.ts'
import type { CallId } from '../events.ts'
import { Fifo } from './fifo.ts'

export class CallQueue<T extends { readonly call: CallId }> implements Iterable<T> {
  readonly #items = new Fifo<T>()
  /** Taken out of the middle: skipped when they come to the head, or once half are like them. */
  readonly #taken = new Set<T>()
  #lastCall: CallId = -1

  get size(): number {
    return this.#items.size - this.#taken.size
  }

  /** How many items are held, those among them that were taken and are still to be skipped. */
  get heldCount(): number {
    return this.#items.size
  }

  /** The item that waits longest. */
  get first(): T | undefined {
    return this.#items.first
  }

  /** Adds an item; its call must be later than every one before. */
  push(item: T): void {
    assert(item.call > this.#lastCall, 'a call is named once, and later than the one before')
    this.#lastCall = item.call
    this.#items.push(item)
  }

  /** The item of a call, if it is here. */
  get(call: CallId): T | undefined {
    const first = this.#items.first
    if (first === undefined || first.call === call) return first
    let low = 0
    let high = this.#items.size
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#items.at(middle) as T).call < call) low = middle + 1
      else high = middle
    }
    const item = this.#items.at(low)
    return item?.call === call && !this.#taken.has(item) ? item : undefined
  }

  /** Takes the item of a call out; `undefined` when it is not here. */
  take(call: CallId): T | undefined {
    const item = this.get(call)
    if (item === undefined) return undefined
    if (item === this.#items.first) {
      this.#items.shift()
      this.#skipTaken()
    } else {
      this.#taken.add(item)
      this.#sweep()
    }
    return item
  }

  /** Takes everything out. */
  clear(): void {
    this.#items.clear()
    this.#taken.clear()
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (const item of this.#items) if (!this.#taken.has(item)) yield item
  }

  #skipTaken(): void {
    if (this.#taken.size === 0) return
    for (let item = this.#items.first; item !== undefined; item = this.#items.first) {
      if (!this.#taken.delete(item)) return
      this.#items.shift()
    }
  }

  #sweep(): void {
    if (this.#taken.size * 2 <= this.#items.size) return
    this.#items.keep((item) => !this.#taken.has(item))
    this.#taken.clear()
  }
}
