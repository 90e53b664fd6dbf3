/** How long clients waited for answers, as `srvr` and `cons` tell it. */
export class Latency {
  #minMs = Infinity
  #maxMs = 0
  #sumMs = 0
  #count = 0

  add(ms: number): void {
    this.#count += 1
    this.#sumMs += ms
    if (ms < this.#minMs) this.#minMs = ms
    if (ms > this.#maxMs) this.#maxMs = ms
  }

  figures(): { readonly minMs: number; readonly averageMs: number; readonly maxMs: number } {
    if (this.#count === 0) return { minMs: 0, averageMs: 0, maxMs: 0 }
    return { minMs: this.#minMs, averageMs: this.#sumMs / this.#count, maxMs: this.#maxMs }
  }
}
