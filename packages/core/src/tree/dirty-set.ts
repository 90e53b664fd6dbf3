/**
 * Which records have changed since the last checkpoint, and what the frozen ones were.
 *
 * Time is cut into generations, which a freeze ends. Whoever changes a record says so before the
 * change, once a generation: `mark`, and `save` where `mark` asks for it. A frozen record is handed
 * over as it is when it is taken, unless a later generation was about to change it before.
 *
 * Invariant D2: what is taken is the state at the freeze, whatever happened since.
 */
import { assert } from '../assert.ts'

export class DirtySet<Key, Value> {
  readonly #current: (key: Key) => Value | null
  #generation = 1
  #changed = new Set<Key>()
  /** Frozen and not yet taken; `#untaken` walks it. */
  #frozen = new Set<Key>()
  #untaken: IterableIterator<Key> = this.#frozen.values()
  /** What frozen records were before a later generation changed them; `null`: absent. */
  readonly #saved = new Map<Key, Value | null>()

  /** `current` gives a record as it is now, `null` when there is none. */
  constructor(current: (key: Key) => Value | null) {
    this.#current = current
  }

  /** Rises with every freeze; a record marked in this generation needs no second mark. */
  get generation(): number {
    return this.#generation
  }

  /** How many records have changed since the last freeze. */
  get size(): number {
    return this.#changed.size
  }

  /** How many frozen records have not been taken. */
  get frozenSize(): number {
    return this.#frozen.size
  }

  /** Notes that a record is about to change. True when it must be saved first, as it is. */
  mark(key: Key): boolean {
    this.#changed.add(key)
    return this.#frozen.size > 0 && this.#frozen.has(key) && !this.#saved.has(key)
  }

  /** Keeps a frozen record for the checkpoint, `null` when there is none. */
  save(key: Key, value: Value | null): void {
    this.#saved.set(key, value)
  }

  /** Ends the generation: what changed in it can be taken from now on. */
  freeze(): void {
    assert(this.#frozen.size === 0, 'D2: never two checkpoints at once')
    this.#frozen = this.#changed
    this.#untaken = this.#frozen.values()
    this.#changed = new Set()
    this.#generation += 1
  }

  /** Up to `max` frozen records, each as it was at the freeze; `null`: absent then. */
  take(max: number): [key: Key, value: Value | null][] {
    const taken: [Key, Value | null][] = []
    while (taken.length < max && this.#frozen.size > 0) {
      const { value: key } = this.#untaken.next() as IteratorYieldResult<Key>
      const saved = this.#saved.get(key)
      taken.push([key, saved === undefined ? this.#current(key) : saved])
      this.#saved.delete(key)
      this.#frozen.delete(key)
    }
    return taken
  }
}
