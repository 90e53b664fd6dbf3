/** The core's own randomness: numbers that follow from the seed and from nothing else. */

/** Two 32-bit lanes of splitmix over a seed; the same seed gives the same numbers everywhere. */
export class Random {
  #state: number

  constructor(seed: number) {
    // Both halves of a seed beyond 32 bits count.
    this.#state = (Math.floor(seed / 2 ** 32) ^ Math.imul(seed | 0, 0x9e3779b1)) | 0
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }

  /** An integer from 1 to 2^53 - 1: never 0, which stands for "none". */
  identifier(): number {
    return Math.max(1, (this.uint32() % 2 ** 21) * 2 ** 32 + this.uint32())
  }
}
