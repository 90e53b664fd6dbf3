/**
 * Virtual time: one queue of what happens next, ordered by time and, at the same time, by who asked
 * first. Nothing else in the simulator knows what time it is.
 */

/** Virtual time since the run began, whole microseconds. */
export type Microseconds = number

export const millisecondUs = 1_000
export const secondUs = 1_000_000

interface Entry {
  readonly at: Microseconds
  readonly order: number
  readonly action: () => void
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

export class Scheduler {
  /** A binary heap: each entry is before both of its children. */
  readonly #heap: Entry[] = []
  #now: Microseconds = 0
  #order = 0

  get now(): Microseconds {
    return this.#now
  }

  /** Has `action` happen at a time that has not passed, after all that is due then already. */
  at(time: Microseconds, action: () => void): void {
    this.#order += 1
    this.#push({ at: Math.max(time, this.#now), order: this.#order, action })
  }

  /** Has `action` happen `delay` from now. */
  after(delay: Microseconds, action: () => void): void {
    this.at(this.#now + delay, action)
  }

  /** Has all of it happen that is due up to `end`, which then is the time. */
  runUntil(end: Microseconds): void {
    while (this.runNext(end));
    this.#now = Math.max(this.#now, end)
  }

  /** Has the next thing happen, if it is due up to `end`: false when there is none. */
  runNext(end: Microseconds): boolean {
    const next = this.#heap[0]
    if (next === undefined || next.at > end) return false
    this.#pop()
    this.#now = next.at
    next.action()
    return true
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = heap[parentAt] as Entry
      if (!isBefore(entry, parent)) break
      heap[at] = parent
      at = parentAt
    }
    heap[at] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Entry
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let childAt = 2 * at + 1
      if (childAt >= heap.length) break
      const right = heap[childAt + 1]
      if (right !== undefined && isBefore(right, heap[childAt] as Entry)) childAt += 1
      const child = heap[childAt] as Entry
      if (!isBefore(child, last)) break
      heap[at] = child
      at = childAt
    }
    heap[at] = last
  }
}
