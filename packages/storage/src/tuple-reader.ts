/**
 * Reads a tuple of numbers and data field by field, straight from the bytes that `packTuple` made.
 *
 * For znodes alone, of which a restart reads a million: unpacked as a whole, a record costs three
 * times as much, most of it for views of its bytes that are thrown away at once.
 */
import { copyOfData } from '@conclave/core/internal'
import { TupleError } from './tuple.ts'

const nil = 0xc0
/** msgpack's tokens: up to 15 elements, bytes and integers by the size of what follows, a double. */
const shortArray = 0x90
const bytes8 = 0xc4
const bytes16 = 0xc5
const bytes32 = 0xc6
const float64 = 0xcb
const uint8 = 0xcc
const uint16 = 0xcd
const uint32 = 0xce
const int8 = 0xd0
const int16 = 0xd1
const int32 = 0xd2

const double = new DataView(new ArrayBuffer(8))

/** One is enough for any number of tuples, one after the other. Throws `TupleError`. */
export class TupleReader {
  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0
  #end = 0

  /** Begins the tuple of so many fields, 15 at most, that stands between two offsets. */
  begin(bytes: Uint8Array, start: number, end: number, length: number): void {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    if (this.#byte() !== shortArray + length) throw new TupleError(`no tuple of ${length} fields`)
  }

  /** Where the next field begins. */
  get at(): number {
    return this.#at
  }

  /** True when nothing follows but a field that is `null`. */
  get endsWithNull(): boolean {
    return this.#at + 1 === this.#end && this.#bytes[this.#at] === nil
  }

  /** A number that is an integer, whatever its size. */
  integer(): number {
    const token = this.#byte()
    if (token < 0x80) return token
    if (token >= 0xe0) return token - 0x100
    switch (token) {
      case uint8:
        return this.#byte()
      case uint16:
        return this.#uint16()
      case uint32:
        return this.#uint32()
      case int8:
        return (this.#byte() << 24) >> 24
      case int16:
        return (this.#uint16() << 16) >> 16
      case int32:
        return this.#uint32() | 0
      case float64:
        return this.#double()
      default:
        throw new TupleError('no integer where one belongs')
    }
  }

  /** Bytes that share no memory with the tuple's, or `null`. */
  data(): Uint8Array | null {
    const token = this.#byte()
    if (token === nil) return null
    const length = this.#dataLength(token)
    const start = this.#at
    this.#skip(length)
    return copyOfData(this.#bytes, start, this.#at)
  }

  #dataLength(token: number): number {
    switch (token) {
      case bytes8:
        return this.#byte()
      case bytes16:
        return this.#uint16()
      case bytes32:
        return this.#uint32()
      default:
        throw new TupleError('no bytes where some belong')
    }
  }

  #double(): number {
    double.setUint32(0, this.#uint32())
    double.setUint32(4, this.#uint32())
    const value = double.getFloat64(0)
    if (!Number.isSafeInteger(value)) throw new TupleError('no integer where one belongs')
    return value
  }

  #uint32(): number {
    return this.#uint16() * 0x1_00_00 + this.#uint16()
  }

  #uint16(): number {
    return (this.#byte() << 8) | this.#byte()
  }

  #byte(): number {
    const at = this.#at
    this.#skip(1)
    return this.#bytes[at] as number
  }

  #skip(count: number): void {
    this.#at += count
    if (this.#at > this.#end) throw new TupleError('a tuple that is cut short')
  }
}
