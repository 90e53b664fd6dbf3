/**
 * A snapshot on its way to a learner: the entries of the database, one after the other, as a stream
 * of bytes cut into chunks of about the same size, however large a value is.
 *
 *   chunk   u8 version   u8 flags, bit 0: last   u16 zero   u32 number, from 0   bytes   u32 CRC-32
 *   entry   u32 length of key   u32 length of value   key   value
 *
 * A chunk that is damaged, missing or out of order is an error of the transfer and of nothing else.
 */
import { crc32 } from 'node:zlib'
import type { DatabaseEntry } from './database.ts'

/** Chunks that are not what the sender of a snapshot sent, or not all of it. */
export class TransferError extends Error {
  override readonly name = 'TransferError'
}

/** The payload of every chunk but the last. */
export const chunkBytes = 256 * 1024

const chunkVersion = 1
const lastFlag = 1
const headerBytes = 8
const trailerBytes = 4
const lengthsBytes = 8
/** No key or value of ours is nearly that long; a length beyond it is not believed. */
const maxPartBytes = 64 * 1024 * 1024

/** Packs entries into chunks. */
export class ChunkPacker {
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #number = 0

  add([key, value]: DatabaseEntry): void {
    const lengths = new Uint8Array(lengthsBytes)
    const view = new DataView(lengths.buffer)
    view.setUint32(0, key.length)
    view.setUint32(4, value.length)
    this.#waiting.push(lengths, key, value)
    this.#waitingBytes += lengthsBytes + key.length + value.length
  }

  /** True when a whole chunk can be taken. */
  get isFull(): boolean {
    return this.#waitingBytes >= chunkBytes
  }

  /** The next chunk. `isEnd`: nothing will be added any more. */
  take(isEnd: boolean): { readonly bytes: Uint8Array; readonly last: boolean } {
    const length = Math.min(chunkBytes, this.#waitingBytes)
    const last = isEnd && length === this.#waitingBytes
    const bytes = new Uint8Array(headerBytes + length + trailerBytes)
    const view = new DataView(bytes.buffer)
    view.setUint8(0, chunkVersion)
    view.setUint8(1, last ? lastFlag : 0)
    view.setUint32(4, this.#number)
    this.#number += 1
    this.#fill(bytes, headerBytes, headerBytes + length)
    view.setUint32(headerBytes + length, crc32(bytes.subarray(0, headerBytes + length)))
    return { bytes, last }
  }

  #fill(target: Uint8Array, from: number, to: number): void {
    let at = from
    let taken = 0
    for (const part of this.#waiting) {
      if (at + part.length > to) break
      target.set(part, at)
      at += part.length
      taken += 1
    }
    this.#waiting.splice(0, taken)
    const next = this.#waiting[0]
    if (next !== undefined && at < to) {
      target.set(next.subarray(0, to - at), at)
      this.#waiting[0] = next.subarray(to - at)
    }
    this.#waitingBytes -= to - from
  }
}

/** Makes entries of chunks again. */
export class ChunkUnpacker {
  #rest: Uint8Array[] = []
  #restBytes = 0
  #number = 0
  #isComplete = false

  /** True when the last chunk was taken. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** The entries that a chunk completes; they may share its memory. Throws `TransferError`. */
  take(chunk: Uint8Array): DatabaseEntry[] {
    const end = chunk.length - trailerBytes
    if (end < headerBytes) throw new TransferError('a chunk that is too short')
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length)
    if (view.getUint32(end) !== crc32(chunk.subarray(0, end))) {
      throw new TransferError('a chunk whose CRC is not that of its bytes')
    }
    if (view.getUint8(0) !== chunkVersion) {
      throw new TransferError(`a chunk of version ${view.getUint8(0)}`)
    }
    const number = view.getUint32(4)
    if (this.#isComplete || number !== this.#number) {
      throw new TransferError(`chunk ${number} where ${this.#number} belongs`)
    }
    this.#number += 1
    this.#isComplete = (view.getUint8(1) & lastFlag) !== 0
    const entries = this.#split(chunk.subarray(headerBytes, end))
    if (this.#isComplete && this.#restBytes > 0) {
      throw new TransferError('the last chunk ends within a record')
    }
    return entries
  }

  #split(payload: Uint8Array): DatabaseEntry[] {
    this.#rest.push(payload)
    this.#restBytes += payload.length
    if (this.#restBytes < this.#neededBytes()) return []

    const bytes = this.#rest.length === 1 ? payload : Buffer.concat(this.#rest)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const entries: DatabaseEntry[] = []
    let at = 0
    while (at + lengthsBytes <= bytes.length) {
      const { keyBytes, entryBytes } = readLengths(view, at)
      if (at + entryBytes > bytes.length) break
      const valueAt = at + lengthsBytes + keyBytes
      const key = bytes.subarray(at + lengthsBytes, valueAt)
      entries.push([key, bytes.subarray(valueAt, at + entryBytes)])
      at += entryBytes
    }
    // A copy, so that what is left of a chunk does not keep the chunk.
    const rest = new Uint8Array(bytes.subarray(at))
    this.#rest = rest.length === 0 ? [] : [rest]
    this.#restBytes = rest.length
    return entries
  }

  /** What the entry that was begun takes in all, as far as it is known: no need to look earlier. */
  #neededBytes(): number {
    const first = this.#rest[0]
    if (first === undefined || first.length < lengthsBytes) return lengthsBytes
    return readLengths(new DataView(first.buffer, first.byteOffset, first.length), 0).entryBytes
  }
}

function readLengths(view: DataView, at: number): { keyBytes: number; entryBytes: number } {
  const keyBytes = view.getUint32(at)
  const valueBytes = view.getUint32(at + 4)
  if (keyBytes > maxPartBytes || valueBytes > maxPartBytes) {
    throw new TransferError(`a record of ${keyBytes} and ${valueBytes} bytes`)
  }
  return { keyBytes, entryBytes: lengthsBytes + keyBytes + valueBytes }
}
