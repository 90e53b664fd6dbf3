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

/** Packs entries into chunks: straight into the bytes that are sent. */
export class ChunkPacker {
  /** Whole ones that wait to be taken, oldest first. */
  readonly #full: Uint8Array[] = []
  #filling = newChunk()
  /** Where the payload of that one ends so far. */
  #end = headerBytes
  #number = 0
  readonly #lengths = new Uint8Array(lengthsBytes)
  readonly #lengthsView = new DataView(this.#lengths.buffer)

  add([key, value]: DatabaseEntry): void {
    this.#lengthsView.setUint32(0, key.length)
    this.#lengthsView.setUint32(4, value.length)
    this.#write(this.#lengths)
    this.#write(key)
    this.#write(value)
  }

  /** True when a whole chunk can be taken. */
  get isFull(): boolean {
    return this.#full.length > 0
  }

  /** The next chunk. `isEnd`: nothing will be added any more. */
  take(isEnd: boolean): { readonly bytes: Uint8Array; readonly last: boolean } {
    const full = this.#full.shift()
    const end = full === undefined ? this.#end : headerBytes + chunkBytes
    const bytes = (full ?? this.#filling).subarray(0, end + trailerBytes)
    if (full === undefined) this.#begin()
    const last = isEnd && this.#full.length === 0 && this.#end === headerBytes
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    view.setUint8(0, chunkVersion)
    view.setUint8(1, last ? lastFlag : 0)
    view.setUint16(2, 0)
    view.setUint32(4, this.#number)
    this.#number += 1
    view.setUint32(end, crc32(bytes.subarray(0, end)))
    return { bytes, last }
  }

  #write(part: Uint8Array): void {
    let rest = part
    while (rest.length > 0) {
      const room = headerBytes + chunkBytes - this.#end
      const piece = rest.length <= room ? rest : rest.subarray(0, room)
      this.#filling.set(piece, this.#end)
      this.#end += piece.length
      rest = rest.subarray(piece.length)
      if (this.#end < headerBytes + chunkBytes) continue
      this.#full.push(this.#filling)
      this.#begin()
    }
  }

  #begin(): void {
    this.#filling = newChunk()
    this.#end = headerBytes
  }
}

/** Room for a whole chunk; not cleared. */
function newChunk(): Uint8Array {
  const { buffer, byteOffset, length } = Buffer.allocUnsafeSlow(
    headerBytes + chunkBytes + trailerBytes,
  )
  return new Uint8Array(buffer, byteOffset, length)
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
