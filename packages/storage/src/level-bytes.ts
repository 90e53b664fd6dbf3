/** How LevelDB writes numbers and checksums in its files. */

/** Reads LevelDB's numbers; throws a `RangeError` at the end of the bytes. */
export class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  varint(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes.readUInt8(this.#at)
      this.#at += 1
      value += (byte % 128) * factor
      if (byte < 128) return value
    }
  }

  skip(count: number): void {
    this.#at += count
  }

  take(count: number): Buffer {
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }
}

/** As LevelDB stores a CRC, so that the CRC of what contains CRCs is none of them. */
export function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
