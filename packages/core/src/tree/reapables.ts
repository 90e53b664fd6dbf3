/**
 * Znodes that go by themselves: containers, once they have had children and have none any more, and
 * those with a TTL, when they have no children and nobody has set them for so long. Here is who they
 * are, and which are due; that they are deleted is a txn like any other, which the leader decides
 * (server/reaper.ts).
 *
 * Every tree keeps this index with every change, so that whoever comes to lead need not look for
 * them: an emptied container is in a set, a childless znode with a TTL in a heap, by when it is due.
 */
import type { CreateMode } from '../server/request.ts'
import type { Znode } from './znode.ts'

/** When a znode goes by itself: a TTL in ms, or one of the two below. */
export type Reap = number
export const neverReaped: Reap = 0
/** A container's: when it has had a child and has none. */
export const reapedWhenEmptied: Reap = -1

/** The longest TTL there is, in ms: ZooKeeper's 40 bits, nearly 35 years. */
export const maxTtlMs = 2 ** 40 - 1

/** False of a mode with a TTL that is none. */
export function isMode(mode: CreateMode): boolean {
  if (typeof mode === 'string') return true
  return Number.isInteger(mode.ttlMs) && mode.ttlMs > 0 && mode.ttlMs <= maxTtlMs
}

/** When a znode of this mode goes by itself. */
export function reapOf(mode: CreateMode): Reap {
  if (typeof mode === 'object') return mode.ttlMs
  return mode === 'container' ? reapedWhenEmptied : neverReaped
}

/** True when the time of a znode has come by this wall clock (D6). */
export function isReapable(znode: Znode, wallMs: number): boolean {
  if (znode.reap === neverReaped || znode.numChildren > 0) return false
  return znode.reap === reapedWhenEmptied ? znode.createCount !== 0 : dueAt(znode) < wallMs
}

/** A znode with a TTL outlives this time. */
function dueAt(znode: Znode): number {
  return znode.mtime + znode.reap
}

export class Reapables {
  /** Emptied containers, in the order in which they became that. */
  readonly #emptied = new Set<Znode>()
  /** Childless znodes with a TTL: a heap, none due before its parent at half its place. */
  readonly #heap: Znode[] = []
  readonly #places = new Map<Znode, number>()

  /** How many znodes would be reaped now or later if nothing else happened to them. */
  get size(): number {
    return this.#emptied.size + this.#heap.length
  }

  /** A znode that is reaped some day is new, or has changed: its data, or which children it has. */
  note(znode: Znode): void {
    if (znode.reap === reapedWhenEmptied) {
      if (znode.numChildren === 0 && znode.createCount !== 0) this.#emptied.add(znode)
      else this.#emptied.delete(znode)
      return
    }
    if (znode.numChildren > 0) {
      this.forget(znode)
      return
    }
    const place = this.#places.get(znode)
    if (place === undefined) {
      this.#heap.push(znode)
      this.#rise(this.#heap.length - 1)
    } else {
      this.#rise(place)
      this.#sink(this.#places.get(znode) ?? place)
    }
  }

  /** The znode is gone, or is not to be reaped as it is. */
  forget(znode: Znode): void {
    if (this.#emptied.delete(znode)) return
    const place = this.#places.get(znode)
    if (place === undefined) return
    this.#places.delete(znode)
    const last = this.#heap.pop() as Znode
    if (last === znode) return
    this.#put(last, place)
    this.#rise(place)
    this.#sink(this.#places.get(last) ?? place)
  }

  /**
   * Up to `max` znodes that are due by this wall clock, of the two kinds in turn, so that neither waits
   * for all of the other; `turn` says which kind comes first. Looks at few besides.
   */
  due(wallMs: number, max: number, turn: number): Znode[] {
    const due: Znode[] = []
    const kinds = [this.#emptied.values(), this.#expired(wallMs)]
    for (let next = turn; due.length < max && kinds.length > 0; next += 1) {
      const kind = next % kinds.length
      const found = (kinds[kind] as Iterator<Znode, unknown>).next()
      if (found.done === true) kinds.splice(kind, 1)
      else due.push(found.value)
    }
    return due
  }

  /** The znodes whose TTL is over, each before those below it in the heap. */
  *#expired(wallMs: number): Generator<Znode, undefined, undefined> {
    const places = [0]
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      const znode = this.#heap[place]
      if (znode === undefined || dueAt(znode) >= wallMs) continue
      yield znode
      places.push(2 * place + 1, 2 * place + 2)
    }
  }

  #rise(from: number): void {
    const znode = this.#heap[from] as Znode
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = this.#heap[above] as Znode
      if (dueAt(parent) <= dueAt(znode)) break
      this.#put(parent, place)
      place = above
    }
    this.#put(znode, place)
  }

  #sink(from: number): void {
    const znode = this.#heap[from] as Znode
    let place = from
    for (;;) {
      const child = this.#earlierChild(place)
      if (child === null || dueAt(znode) <= dueAt(this.#heap[child] as Znode)) break
      this.#put(this.#heap[child] as Znode, place)
      place = child
    }
    this.#put(znode, place)
  }

  #earlierChild(place: number): number | null {
    const left = 2 * place + 1
    const [a, b] = [this.#heap[left], this.#heap[left + 1]]
    if (a === undefined) return null
    return b !== undefined && dueAt(b) < dueAt(a) ? left + 1 : left
  }

  #put(znode: Znode, place: number): void {
    this.#heap[place] = znode
    this.#places.set(znode, place)
  }
}
