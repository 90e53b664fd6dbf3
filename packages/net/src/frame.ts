/**
 * Frames: how messages lie on a connection. Pure; knows neither sockets nor messages.
 *
 *   u32 length of the body | u8 type | u32 CRC-32 of type and body | body
 *
 * Big-endian. A page has a CRC of its own, over the same bytes, so its frame carries 0. This layout
 * is the same in every protocol version, since the handshake that agrees on one is made of frames.
 *
 * The length of a frame is checked against the limit of its type before a byte of it is held, and
 * a splitter holds at most one frame and the rest of one read.
 */
import { assert } from '@conclave/core/internal'
import { crc32 } from 'node:zlib'
import { ProtocolError } from './protocol-error.ts'

export const frameHeaderBytes = 9

export const frameTypes = {
  hello: 1,
  challenge: 2,
  proof: 3,
  welcome: 4,
  refusal: 5,
  liveness: 16,
  control: 17,
  page: 18,
  'snap-chunk': 19,
  farewell: 20,
} as const

export type FrameName = keyof typeof frameTypes

export interface Frame {
  readonly name: FrameName
  /** May be a view of a larger read: see `detach`. */
  readonly body: Uint8Array
}

/** The frames that a connection carries at present, and how long the body of each may be. */
export type FrameLimits = Readonly<Partial<Record<FrameName, number>>>

const namesByType = new Map<number, FrameName>(
  Object.entries(frameTypes).map(([name, type]) => [type, name as FrameName]),
)
/** The CRC of the type alone: where the CRC of the body goes on. */
const seedsByType = new Map<number, number>(
  Object.values(frameTypes).map((type) => [type, crc32(Uint8Array.of(type))]),
)

/** The CRC that a frame of these parts carries. */
function crcOf(type: number, parts: readonly Uint8Array[]): number {
  if (type === frameTypes.page) return 0
  return parts.reduce((crc, part) => crc32(part, crc), seedsByType.get(type) ?? 0)
}

function writeHeader(into: Uint8Array, name: FrameName, parts: readonly Uint8Array[]): void {
  const view = new DataView(into.buffer, into.byteOffset, frameHeaderBytes)
  const type = frameTypes[name]
  view.setUint32(
    0,
    parts.reduce((total, part) => total + part.length, 0),
  )
  view.setUint8(4, type)
  view.setUint32(5, crcOf(type, parts))
}

/** A frame in one piece. Copies the body. */
export function encodeFrame(name: FrameName, body: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + body.length)
  writeHeader(frame, name, [body])
  frame.set(body, frameHeaderBytes)
  return frame
}

/** A frame in two pieces: its header with the short `prefix`, and `bulk` as it is, not copied. */
export function encodeBulkFrame(
  name: FrameName,
  prefix: Uint8Array,
  bulk: Uint8Array,
): [Uint8Array, Uint8Array] {
  const head = Buffer.allocUnsafe(frameHeaderBytes + prefix.length)
  writeHeader(head, name, [prefix, bulk])
  head.set(prefix, frameHeaderBytes)
  return [head, bulk]
}

/**
 * Bytes that can be kept: themselves, or a copy when they would keep a memory alive that is more
 * than twice as large.
 */
export function detach(bytes: Uint8Array): Uint8Array {
  if (bytes.length * 2 >= bytes.buffer.byteLength) return bytes
  return Uint8Array.prototype.slice.call(bytes)
}

const nothing = new Uint8Array(0)

/** Cuts what a connection brings, in whatever pieces, into frames. */
export class FrameSplitter {
  #limits: FrameLimits
  /** The read in hand, and how much of it is taken. */
  #chunk: Uint8Array = nothing
  #taken = 0
  /** The header of the frame in hand; a read can cut it in two. */
  readonly #header = new Uint8Array(frameHeaderBytes)
  #headerFilled = 0
  /** The frame in hand, once its header was found in bounds. */
  #name: FrameName | null = null
  #length = 0
  #crc = 0
  /** The part of a body that arrived in earlier reads, in a memory of the body's length. */
  #body: Uint8Array | null = null
  #bodyFilled = 0

  constructor(limits: FrameLimits) {
    this.#limits = limits
  }

  /** From the next frame on, these are the frames that may come. */
  limitTo(limits: FrameLimits): void {
    this.#limits = limits
  }

  /** True when a frame was begun that has not arrived whole. */
  get partial(): boolean {
    return this.#headerFilled > 0 || this.#taken < this.#chunk.length
  }

  /** Takes a read; every frame of the one before must have been taken. */
  push(chunk: Uint8Array): void {
    assert(this.#taken === this.#chunk.length, 'a read is taken apart before the next one comes')
    this.#chunk = chunk
    this.#taken = 0
  }

  /**
   * The next whole frame, or `null` until more is pushed. Throws `ProtocolError`, and is of no use
   * afterwards.
   */
  next(): Frame | null {
    if (this.#name === null && !this.#readHeader()) return this.#exhausted()

    const piece = this.#take(this.#length - this.#bodyFilled)
    if (piece.length === this.#length) return this.#finish(piece)
    if (piece.length === 0) return this.#exhausted()

    // The body spans reads: each part is copied once, into its place.
    this.#body ??= new Uint8Array(Buffer.allocUnsafeSlow(this.#length).buffer)
    this.#body.set(piece, this.#bodyFilled)
    this.#bodyFilled += piece.length
    return this.#bodyFilled === this.#length ? this.#finish(this.#body) : this.#exhausted()
  }

  /** Takes up to `count` bytes off the read in hand, as a view. */
  #take(count: number): Uint8Array {
    const chunk = this.#chunk
    const length = Math.min(count, chunk.length - this.#taken)
    const piece = new Uint8Array(chunk.buffer, chunk.byteOffset + this.#taken, length)
    this.#taken += length
    return piece
  }

  /** Lets go of a read that is used up. */
  #exhausted(): null {
    this.#chunk = nothing
    this.#taken = 0
    return null
  }

  /** True when the header is whole; refuses what it announces before anything is held for it. */
  #readHeader(): boolean {
    const piece = this.#take(frameHeaderBytes - this.#headerFilled)
    this.#header.set(piece, this.#headerFilled)
    this.#headerFilled += piece.length
    if (this.#headerFilled < frameHeaderBytes) return false

    const view = new DataView(this.#header.buffer)
    const length = view.getUint32(0)
    const type = view.getUint8(4)
    const name = namesByType.get(type)
    const limit = name === undefined ? undefined : this.#limits[name]
    if (name === undefined || limit === undefined) {
      throw new ProtocolError(
        'FRAME_UNKNOWN',
        `a ${name ?? 'strange'} frame (type ${String(type)}) has no place here; ` +
          'run the same version on all peers',
      )
    }
    if (length > limit) {
      throw new ProtocolError(
        'FRAME_TOO_LONG',
        `a ${name} frame of ${String(length)} bytes exceeds the limit of ${String(limit)}; ` +
          'give all peers the same limits',
      )
    }
    if (length === 0) throw new ProtocolError('FRAME_CORRUPT', `a ${name} frame is empty`)
    this.#name = name
    this.#length = length
    this.#crc = view.getUint32(5)
    return true
  }

  #finish(body: Uint8Array): Frame {
    const name = this.#name
    assert(name !== null, 'a body follows its header')
    if (crcOf(frameTypes[name], [body]) !== this.#crc) {
      throw new ProtocolError(
        'FRAME_CORRUPT',
        `the CRC-32 of a ${name} frame of ${String(body.length)} bytes does not match: it was ` +
          'damaged on its way; examine the network, or use TLS',
      )
    }
    this.#name = null
    this.#headerFilled = 0
    this.#body = null
    this.#bodyFilled = 0
    return { name, body }
  }
}
