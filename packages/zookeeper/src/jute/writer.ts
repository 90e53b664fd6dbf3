/**
 * Writes jute frames, one behind the other, into slabs that all connections share: what is written
 * between two `take`s is one contiguous piece, which goes to a socket in one call and is never copied.
 * A slab is not written to again where something was taken from it, and lives as long as that.
 *
 * The format is told in reader.ts. A frame is `int length | payload`.
 */
import { assert } from '@conclave/core/internal'
import type { Long } from './long.ts'

const slabBytes = 64 * 1024
const span = 2 ** 32
/** A short string that is ASCII is written faster here than by a call into the engine. */
const maxShortString = 48
const noFrame = -1

export class JuteWriter {
  readonly #slabBytes: number
  #slab: Buffer
  /** Where begins what was not taken yet. */
  #start = 0
  #position = 0
  /** Where the frame that is being written begins. */
  #frame = noFrame

  constructor(bytes = slabBytes) {
    this.#slabBytes = bytes
    this.#slab = Buffer.allocUnsafeSlow(bytes)
  }

  /** Bytes that were written and not taken. */
  get pendingBytes(): number {
    return this.#position - this.#start
  }

  /** Begins a frame. */
  begin(): void {
    assert(this.#frame === noFrame, 'a frame ends before the next one begins')
    this.#frame = this.#position
    this.int(0)
  }

  /** Ends the frame, whose length is known now; returns it. */
  end(): number {
    const at = this.#frame
    assert(at !== noFrame, 'a frame begins before it ends')
    this.#frame = noFrame
    const length = this.#position - at - 4
    this.#putInt(at, length)
    return length
  }

  /** Takes back what was written of the frame. */
  abandon(): void {
    if (this.#frame === noFrame) return
    this.#position = this.#frame
    this.#frame = noFrame
  }

  /** All frames since the last time. */
  take(): Buffer {
    assert(this.#frame === noFrame, 'a frame is taken whole')
    const taken = this.#slab.subarray(this.#start, this.#position)
    this.#start = this.#position
    return taken
  }

  bool(value: boolean): void {
    const at = this.#advance(1)
    this.#slab[at] = value ? 1 : 0
  }

  int(value: number): void {
    this.#putInt(this.#advance(4), value)
  }

  long(value: Long): void {
    const at = this.#advance(8)
    if (typeof value === 'number') {
      this.#putInt(at, Math.floor(value / span))
      this.#putInt(at + 4, value >>> 0)
    } else {
      this.#slab.writeBigInt64BE(value, at)
    }
  }

  string(value: string | null): void {
    if (value === null) {
      this.int(-1)
      return
    }
    const { length } = value
    // A UTF-16 unit is three bytes of UTF-8 at most.
    this.#reserve(4 + 3 * length)
    const at = this.#position
    const written = this.#putAscii(at + 4, value)
    const bytes = written < 0 ? this.#slab.write(value, at + 4, 'utf8') : written
    this.#putInt(at, bytes)
    this.#position = at + 4 + bytes
  }

  buffer(value: Uint8Array | null): void {
    if (value === null) {
      this.int(-1)
      return
    }
    const at = this.#advance(4 + value.length)
    this.#putInt(at, value.length)
    this.#slab.set(value, at + 4)
  }

  strings(values: readonly (string | null)[] | null): void {
    this.int(values === null ? -1 : values.length)
    for (const value of values ?? []) this.string(value)
  }

  /** Writes a short string that is ASCII; -1 of any other, of which nothing counts. */
  #putAscii(at: number, value: string): number {
    const { length } = value
    if (length > maxShortString) return -1
    const slab = this.#slab
    for (let index = 0; index < length; index += 1) {
      const unit = value.charCodeAt(index)
      if (unit > 0x7f) return -1
      slab[at + index] = unit
    }
    return length
  }

  #putInt(at: number, value: number): void {
    const slab = this.#slab
    slab[at] = value >>> 24
    slab[at + 1] = value >>> 16
    slab[at + 2] = value >>> 8
    slab[at + 3] = value
  }

  #advance(count: number): number {
    this.#reserve(count)
    const at = this.#position
    this.#position = at + count
    return at
  }

  #reserve(count: number): void {
    if (count <= this.#slab.length - this.#position) return
    const pending = this.#position - this.#start
    const needed = pending + count
    const slab = Buffer.allocUnsafeSlow(Math.max(needed * 2, this.#slabBytes))
    slab.set(this.#slab.subarray(this.#start, this.#position))
    if (this.#frame !== noFrame) this.#frame -= this.#start
    this.#slab = slab
    this.#start = 0
    this.#position = pending
  }
}
