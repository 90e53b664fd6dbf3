/**
 * Which zxid of one server is which of the other: one to one, and in the same order. A server may use
 * up zxids that the other does not: what only tells how much was applied must lie between the same two.
 */

export class Correspondence {
  /** Both ascending; the n-th of one is the n-th of the other. */
  readonly #ours: number[] = []
  readonly #theirs: number[] = []

  /** True of the same txn. What is met for the first time is taken for the same if its order allows. */
  isSame(ours: number, theirs: number): boolean {
    if (ours <= 0 || theirs <= 0) return ours === theirs
    const at = upTo(this.#ours, ours)
    if (at !== upTo(this.#theirs, theirs)) return false
    const isOurs = this.#ours[at - 1] === ours
    const isTheirs = this.#theirs[at - 1] === theirs
    if (isOurs || isTheirs) return isOurs && isTheirs
    this.#ours.splice(at, 0, ours)
    this.#theirs.splice(at, 0, theirs)
    return true
  }

  /** True when as many txns that are known to be the same lie at or before both. */
  isSamePosition(ours: number, theirs: number): boolean {
    if (ours <= 0 || theirs <= 0) return ours === theirs
    return upTo(this.#ours, ours) === upTo(this.#theirs, theirs)
  }
}

/** How many of them are at most `value`. */
function upTo(ascending: readonly number[], value: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] ?? 0) <= value) low = middle + 1
    else high = middle
  }
  return low
}
