/**
 * Reads jute, ZooKeeper's record format, from one frame at a time: big-endian, fields in order, no
 * tags. A record is read field by field into what it will be; nothing else is allocated.
 *
 *   bool 1 byte | int 4 | long 8 | ustring int length, UTF-8 | buffer int length, bytes
 *   vector<T> int count, items              A length or count of -1 is null, which is not empty.
 *
 * Bytes are trusted in nothing: whatever would reach past the frame is a `MalformedError`. What a
 * frame has behind its record is ignored, as in ZooKeeper: later versions append fields.
 */
import { copyOfData } from '@conclave/core/internal'
import type { Long } from './long.ts'
import { MalformedError } from './malformed-error.ts'

const span = 2 ** 32
/** High halves between these make safe integers. */
const safeHigh = 2 ** 21

export class JuteReader {
  #bytes: Buffer = Buffer.alloc(0)
  #position = 0
  #end = 0

  /** From here on reads `bytes` from `start` up to `end`. They must not change meanwhile. */
  reset(bytes: Buffer, start = 0, end = bytes.length): void {
    this.#bytes = bytes
    this.#position = start
    this.#end = end
  }

  /** How many bytes are not read yet. */
  get remaining(): number {
    return this.#end - this.#position
  }

  /** A copy of all that is left. */
  rest(): Buffer {
    const at = this.#advance(this.remaining)
    return Buffer.from(this.#bytes.subarray(at, this.#end))
  }

  bool(): boolean {
    return this.#bytes[this.#advance(1)] !== 0
  }

  int(): number {
    const at = this.#advance(4)
    const bytes = this.#bytes
    return (
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)
    )
  }

  long(): Long {
    const high = this.int()
    const low = this.int() >>> 0
    const isSafe = high < safeHigh && (high > -safeHigh || (high === -safeHigh && low > 0))
    return isSafe ? high * span + low : (BigInt(high) << 32n) | BigInt(low)
  }

  string(): string | null {
    const length = this.#length()
    if (length < 0) return null
    const at = this.#advance(length)
    return this.#bytes.toString('utf8', at, at + length)
  }

  /** In memory of its own: a frame is never kept for what it held. */
  buffer(): Uint8Array | null {
    const length = this.#length()
    if (length < 0) return null
    const at = this.#advance(length)
    return copyOfData(this.#bytes.subarray(at, at + length))
  }

  /**
   * How many items of a vector follow, -1 for null. `leastBytes` is what one takes at least: a count
   * that the frame cannot hold is refused before anything is made of it.
   */
  count(leastBytes: number): number {
    const count = this.int()
    if (count === -1) return -1
    // As ZooKeeper has it: its loop over the items ends where none is left.
    if (count < 0) return 0
    if (count * leastBytes > this.remaining) {
      const message = `a vector of ${String(count)} items does not fit the ${String(this.remaining)} bytes left of its frame`
      throw new MalformedError('TRUNCATED', message)
    }
    return count
  }

  /** A vector of strings; `null` is kept, also of an item. */
  strings(): (string | null)[] | null {
    const count = this.count(4)
    if (count < 0) return null
    const items: (string | null)[] = []
    for (let index = 0; index < count; index += 1) items.push(this.string())
    return items
  }

  #length(): number {
    const length = this.int()
    if (length >= -1) return length
    throw new MalformedError('FIELD_LENGTH', `a field has the length ${String(length)}`)
  }

  #advance(count: number): number {
    const at = this.#position
    if (count > this.#end - at) {
      const message = `a field of ${String(count)} bytes reaches past the ${String(this.#end - at)} left of its frame`
      throw new MalformedError('TRUNCATED', message)
    }
    this.#position = at + count
    return at
  }
}
