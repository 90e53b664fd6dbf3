/**
 * Cuts what a connection brings, in whatever pieces, into frames: `int length | payload`.
 *
 * The length is checked before a byte of the frame is held, and what is held grows with what has
 * arrived, not with what was announced. A frame that lies whole in one read is not copied.
 */
import { assert } from '@conclave/core/internal'
import { MalformedError } from './malformed-error.ts'
import type { JuteReader } from './reader.ts'

const prefixBytes = 4
const firstHeldBytes = 4 * 1024

export class FrameSplitter {
  readonly #maxBytes: number
  /** The read in hand, and how much of it is taken. */
  #chunk: Buffer = Buffer.alloc(0)
  #taken = 0
  /** The beginning of a frame that spans reads, its prefix included. */
  #held: Buffer | null = null
  #heldBytes = 0

  /** `maxBytes` is the longest payload: ZooKeeper's jute.maxbuffer. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** True when a frame was begun that has not arrived whole. */
  get partial(): boolean {
    return this.#heldBytes > 0 || this.#taken < this.#chunk.length
  }

  /** Takes a read; every frame of the one before must have been taken. */
  push(chunk: Buffer): void {
    assert(this.#taken === this.#chunk.length, 'a read is taken apart before the next one comes')
    this.#chunk = chunk
    this.#taken = 0
  }

  /**
   * Puts the reader on the next whole frame, valid until this or `push` is called again; false until
   * more is pushed. Throws `MalformedError` for a length that cannot be, and is of no use afterwards.
   */
  next(reader: JuteReader): boolean {
    if (this.#heldBytes > 0) return this.#finishHeld(reader)
    const chunk = this.#chunk
    const at = this.#taken
    const available = chunk.length - at
    if (available >= prefixBytes) {
      const length = this.#checked(chunk.readInt32BE(at))
      if (length <= available - prefixBytes) {
        this.#taken = at + prefixBytes + length
        reader.reset(chunk, at + prefixBytes, this.#taken)
        return true
      }
    }
    this.#hold(available)
    return false
  }

  #finishHeld(reader: JuteReader): boolean {
    this.#hold(prefixBytes - this.#heldBytes)
    const held = this.#held
    if (held === null || this.#heldBytes < prefixBytes) return false
    const whole = prefixBytes + this.#checked(held.readInt32BE(0))
    this.#hold(whole - this.#heldBytes)
    if (this.#heldBytes < whole) return false
    reader.reset(this.#held ?? held, prefixBytes, whole)
    this.#held = null
    this.#heldBytes = 0
    return true
  }

  /** Takes up to `count` bytes off the read in hand, behind what is held. */
  #hold(count: number): void {
    const part = Math.min(count, this.#chunk.length - this.#taken)
    if (part <= 0) return
    const needed = this.#heldBytes + part
    let held = this.#held
    if (held === null || held.length < needed) {
      const most = prefixBytes + this.#maxBytes
      const larger = Buffer.allocUnsafeSlow(
        Math.max(needed, Math.min(most, Math.max(firstHeldBytes, 2 * needed))),
      )
      if (held !== null) larger.set(held.subarray(0, this.#heldBytes))
      this.#held = held = larger
    }
    this.#chunk.copy(held, this.#heldBytes, this.#taken, this.#taken + part)
    this.#heldBytes = needed
    this.#taken += part
    if (this.#taken === this.#chunk.length) this.#letGo()
  }

  /** A read that is used up is not kept. */
  #letGo(): void {
    this.#chunk = nothing
    this.#taken = 0
  }

  #checked(length: number): number {
    if (length >= 0 && length <= this.#maxBytes) return length
    const message = `a frame of ${String(length)} bytes: 0 to ${String(this.#maxBytes)} may come (jute.maxbuffer)`
    throw new MalformedError('FRAME_LENGTH', message, length)
  }
}

const nothing = Buffer.alloc(0)
