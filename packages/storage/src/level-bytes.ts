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

/**
 * What each byte does to a CRC that ends 0 to 7 bytes behind it, 256 entries each: so eight bytes are
 * taken at a time, which is seven times as fast as one.
 */
const crcTable = new Int32Array(8 * 256)
for (let index = 0; index < 256; index += 1) {
  let crc = index
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  crcTable[index] = crc
}
for (let index = 256; index < crcTable.length; index += 1) {
  const crc = crcTable[index - 256] as number
  crcTable[index] = (crcTable[crc & 0xff] as number) ^ (crc >>> 8)
}

/** CRC-32C, of which Node has none. */
export function crc32c(bytes: Uint8Array): number {
  const { length } = bytes
  const whole = length & ~7
  let crc = -1
  for (let at = 0; at < whole; at += 8) {
    crc ^= byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8)
    crc ^= (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24)
    crc =
      behind(7, crc) ^
      behind(6, crc >>> 8) ^
      behind(5, crc >>> 16) ^
      behind(4, crc >>> 24) ^
      behind(3, byteAt(bytes, at + 4)) ^
      behind(2, byteAt(bytes, at + 5)) ^
      behind(1, byteAt(bytes, at + 6)) ^
      behind(0, byteAt(bytes, at + 7))
  }
  for (let at = whole; at < length; at += 1) crc = behind(0, crc ^ byteAt(bytes, at)) ^ (crc >>> 8)
  return (crc ^ -1) >>> 0
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number
}

/** What the low byte of `crc` comes to so many bytes later. */
function behind(distance: number, crc: number): number {
  return crcTable[distance * 256 + (crc & 0xff)] as number
}

/** As LevelDB stores a CRC, so that the CRC of what contains CRCs is none of them. */
export function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
