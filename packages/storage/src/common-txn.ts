/**
 * The changes of one znode, which are nearly all that a log ever holds, packed without a tuple in
 * between: an array a txn, and msgpackr's look at each field, cost three times as much.
 *
 * The bytes are those that msgpackr makes of the tuple in txn-tuple.ts, to the last one. Whatever is
 * not plain, be it any other txn, a list that guards a znode, a path that is not ASCII or a stamp that cannot be right, is left
 * to that path. There is no such reader: two thirds of reading a txn are the copy of its data and its
 * path, and the rest was not worth a second way to look at what comes from elsewhere.
 */
import type { Txn } from '@conclave/core/internal'
import { txnCodes } from './txn-tuple.ts'

/** More than the tokens of any common txn take up, beside its path and its data. */
const maxTokenBytes = 96
/** A scratch that has grown beyond this is not kept. */
const maxScratchBytes = 2 * 1024 * 1024

/** Packs txns one behind the other, in memory that is used again and again. */
export class TxnPacker {
  #bytes = new Uint8Array(64 * 1024)
  #view = new DataView(this.#bytes.buffer)
  #at = 0

  /** Begins anew, with room before and an array of so many txns. */
  begin(before: number, count: number): void {
    this.#at = before
    this.#makeRoom(maxTokenBytes)
    if (count < 0x10) {
      this.#byte(0x90 | count)
    } else if (count < 0x1_00_00) {
      this.#byte(0xdc)
      this.#uint16(count)
    } else {
      this.#byte(0xdd)
      this.#uint32(count)
    }
  }

  /** Adds a common txn; false when it is none, and then nothing was added. */
  add(txn: Txn): boolean {
    const began = this.#at
    switch (txn.type) {
      case 'set':
        if (!this.#change(0x97, txnCodes.set, txn, txn.data)) break
        this.#data(txn.data)
        this.#number(txn.version)
        return true
      case 'create':
        if (txn.acl !== null) break
        if (!this.#change(0x9a, txnCodes.create, txn, txn.data)) break
        this.#data(txn.data)
        this.#number(txn.ephemeralOwner)
        this.#number(txn.reap)
        this.#number(txn.parentCreateCount)
        this.#byte(0xc0)
        return true
      case 'delete':
        if (!this.#change(0x95, txnCodes.delete, txn, null)) break
        return true
      default:
        break
    }
    this.#at = began
    return false
  }

  /** Adds what was packed elsewhere. */
  addPacked(packed: Uint8Array): void {
    this.#makeRoom(packed.length)
    this.#bytes.set(packed, this.#at)
    this.#at += packed.length
  }

  /** All of it in memory of its own, with room behind. The room is not cleared. */
  take(behind: number): Uint8Array {
    const { buffer } = Buffer.allocUnsafeSlow(this.#at + behind)
    const taken = new Uint8Array(buffer)
    taken.set(this.#bytes.subarray(0, this.#at))
    if (this.#bytes.length > maxScratchBytes) this.#resize(maxScratchBytes)
    return taken
  }

  /** What the tuples of all changes begin with; false when the path is not plain. */
  #change(
    token: number,
    code: number,
    txn: Txn & { readonly path: string },
    data: Uint8Array | null,
  ): boolean {
    const { path, timeMs, session, requestId } = txn
    const isStamped =
      Number.isSafeInteger(timeMs) &&
      Number.isSafeInteger(session) &&
      Number.isSafeInteger(requestId)
    if (!isStamped) return false
    this.#makeRoom(maxTokenBytes + path.length + (data === null ? 0 : data.length))
    this.#byte(token)
    this.#byte(code)
    this.#number(timeMs)
    this.#number(session)
    this.#number(requestId)
    return this.#ascii(path)
  }

  #ascii(text: string): boolean {
    const { length } = text
    if (length < 0x20) {
      this.#byte(0xa0 | length)
    } else if (length < 0x1_00) {
      this.#byte(0xd9)
      this.#byte(length)
    } else if (length < 0x1_00_00) {
      this.#byte(0xda)
      this.#uint16(length)
    } else {
      return false
    }
    const bytes = this.#bytes
    const at = this.#at
    for (let index = 0; index < length; index += 1) {
      const unit = text.charCodeAt(index)
      if (unit > 0x7f) return false
      bytes[at + index] = unit
    }
    this.#at += length
    return true
  }

  #data(data: Uint8Array | null): void {
    if (data === null) {
      this.#byte(0xc0)
      return
    }
    const { length } = data
    if (length < 0x1_00) {
      this.#byte(0xc4)
      this.#byte(length)
    } else if (length < 0x1_00_00) {
      this.#byte(0xc5)
      this.#uint16(length)
    } else {
      this.#byte(0xc6)
      this.#uint32(length)
    }
    this.#bytes.set(data, this.#at)
    this.#at += length
  }

  /** A safe integer: as short as it goes within 32 bits, otherwise a float. */
  #number(value: number): void {
    if (value >>> 0 === value) {
      if (value < 0x80) {
        this.#byte(value)
      } else if (value < 0x1_00) {
        this.#byte(0xcc)
        this.#byte(value)
      } else if (value < 0x1_00_00) {
        this.#byte(0xcd)
        this.#uint16(value)
      } else {
        this.#byte(0xce)
        this.#uint32(value)
      }
    } else if (value >> 0 === value) {
      if (value >= -0x20) {
        this.#byte(value)
      } else if (value >= -0x80) {
        this.#byte(0xd0)
        this.#byte(value)
      } else if (value >= -0x80_00) {
        this.#byte(0xd1)
        this.#uint16(value)
      } else {
        this.#byte(0xd2)
        this.#uint32(value)
      }
    } else {
      this.#byte(0xcb)
      this.#view.setFloat64(this.#at, value)
      this.#at += 8
    }
  }

  #byte(value: number): void {
    this.#bytes[this.#at] = value
    this.#at += 1
  }

  #uint16(value: number): void {
    this.#view.setUint16(this.#at, value)
    this.#at += 2
  }

  #uint32(value: number): void {
    this.#view.setUint32(this.#at, value)
    this.#at += 4
  }

  #makeRoom(count: number): void {
    const needed = this.#at + count
    if (needed > this.#bytes.length) this.#resize(2 * needed)
  }

  #resize(length: number): void {
    const { buffer } = Buffer.allocUnsafeSlow(length)
    const bytes = new Uint8Array(buffer)
    bytes.set(this.#bytes.subarray(0, Math.min(this.#at, length)))
    this.#bytes = bytes
    this.#view = new DataView(buffer)
  }
}
