/**
 * First in, first out: a ring whose head is taken in constant time, however long the queue is, and
 * which makes no garbage while its length stays in bounds. Every write passes through several.
 */

/** Slots of a ring that is new or was emptied. */
const minSlots = 16
/** An emptied ring of more slots than this gives them back. */
const maxIdleSlots = 4_096

export class Fifo<T> implements Iterable<T> {
  /** A power of two of them; those outside of the queue are empty, so that nothing is held. */
  #slots: (T | undefined)[] = emptySlots(minSlots)
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The item that `shift` would take. */
  get first(): T | undefined {
    return this.#slots[this.#head]
  }

  /** The item that `index` others are taken before, of those that are here. */
  at(index: number): T | undefined {
    return index < this.#size ? this.#slots[this.#slotOf(index)] : undefined
  }

  push(item: T): void {
    if (this.#size === this.#slots.length) this.#resize(this.#slots.length * 2)
    this.#slots[this.#slotOf(this.#size)] = item
    this.#size += 1
  }

  /** Takes the oldest item; `undefined` when there is none. */
  shift(): T | undefined {
    const item = this.#slots[this.#head]
    if (item === undefined) return undefined
    this.#slots[this.#head] = undefined
    this.#head = this.#slotOf(1)
    this.#size -= 1
    if (this.#size === 0 && this.#slots.length > maxIdleSlots) this.clear()
    return item
  }

  /** Keeps what passes, in its order. */
  keep(passes: (item: T) => boolean): void {
    const kept = [...this].filter(passes)
    this.clear()
    for (const item of kept) this.push(item)
  }

  clear(): void {
    this.#slots = emptySlots(minSlots)
    this.#head = 0
    this.#size = 0
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let index = 0; index < this.#size; index += 1) yield this.at(index) as T
  }

  #slotOf(index: number): number {
    return (this.#head + index) & (this.#slots.length - 1)
  }

  #resize(count: number): void {
    const slots = emptySlots<T>(count)
    for (let index = 0; index < this.#size; index += 1) slots[index] = this.at(index)
    this.#slots = slots
    this.#head = 0
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  return new Array<T | undefined>(count).fill(undefined)
}
