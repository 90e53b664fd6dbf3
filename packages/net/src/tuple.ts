/**
 * Reads the fields of a positional tuple, checking each as it is taken. Messages lie on the wire as
 * tuples, never as maps: no key of a peer's choosing ever becomes a property.
 */
import { isZxid, maxEpoch, type PageEnd, type PeerId, type Zxid } from '@conclave/core/internal'
import { maxListLength } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'

export class Tuple {
  readonly #values: readonly unknown[]
  /** What is read, for errors: `ping`. */
  readonly #what: string
  #next = 0

  /** Refuses what is no array. */
  constructor(value: unknown, what: string) {
    if (!Array.isArray(value)) throw malformed(`${what} is ${show(value)}, not a tuple`)
    this.#values = value
    this.#what = what
  }

  /** An integer within bounds, both inclusive. */
  integer(field: string, min: number, max: number): number {
    const value = this.#take()
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      return this.#refuse(field, value)
    }
    return value as number
  }

  /** An integer that counts something: not negative, safe. */
  count(field: string): number {
    return this.integer(field, 0, Number.MAX_SAFE_INTEGER)
  }

  /** A duration: finite, not negative, not necessarily whole. */
  durationMs(field: string): number {
    const value = this.#take()
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
      return this.#refuse(field, value)
    }
    return value
  }

  zxid(field: string): Zxid {
    const value = this.#take()
    return isZxid(value) ? value : this.#refuse(field, value)
  }

  epoch(field: string): number {
    return this.integer(field, 0, maxEpoch)
  }

  /** A peer, or 0 for nobody. */
  peer(field: string): PeerId {
    return this.integer(field, 0, 255)
  }

  /** Two fields: a zxid and a CRC. */
  pageEnd(field: string): PageEnd {
    return { last: this.zxid(field), crc: this.integer(field, 0, 0xffff_ffff) }
  }

  boolean(field: string): boolean {
    const value = this.#take()
    return typeof value === 'boolean' ? value : this.#refuse(field, value)
  }

  string(field: string, maxLength: number): string {
    const value = this.#take()
    if (typeof value !== 'string' || value.length > maxLength) return this.#refuse(field, value)
    return value
  }

  /** Like `string`, or `null`. */
  stringOrNull(field: string, maxLength: number): string | null {
    if (this.#values[this.#next] !== null) return this.string(field, maxLength)
    this.#next += 1
    return null
  }

  /** Bytes that share no memory with the frame. */
  bytes(field: string): Uint8Array {
    const value = this.#take()
    return value instanceof Uint8Array ? value : this.#refuse(field, value)
  }

  /** Like `bytes`, or `null`: absent data is not the same as no bytes. */
  bytesOrNull(field: string): Uint8Array | null {
    const value = this.#take()
    return value === null || value instanceof Uint8Array ? value : this.#refuse(field, value)
  }

  /** One of a closed list, sent as its index. */
  choice<T>(field: string, choices: readonly T[]): T {
    return choices[this.integer(field, 0, choices.length - 1)] as T
  }

  list(field: string, maxLength = maxListLength): readonly unknown[] {
    const value = this.#take()
    if (!Array.isArray(value) || value.length > maxLength) return this.#refuse(field, value)
    return value
  }

  /** A list, or `null`. */
  listOrNull(field: string, maxLength = maxListLength): readonly unknown[] | null {
    if (this.#values[this.#next] !== null) return this.list(field, maxLength)
    this.#next += 1
    return null
  }

  /** A tuple within this one. */
  tuple(field: string): Tuple {
    return new Tuple(this.#take(), `${field} of ${this.#what}`)
  }

  /** A tuple within this one, or `null`. */
  tupleOrNull(field: string): Tuple | null {
    if (this.#values[this.#next] !== null) return this.tuple(field)
    this.#next += 1
    return null
  }

  /** True while fields are left. */
  get more(): boolean {
    return this.#next < this.#values.length
  }

  /** Refuses fields that nobody asked for. */
  end(): void {
    if (this.more) {
      throw malformed(`${this.#what} has ${String(this.#values.length)} fields, too many`)
    }
  }

  #take(): unknown {
    if (!this.more) {
      throw malformed(`${this.#what} has ${String(this.#values.length)} fields, too few`)
    }
    const value = this.#values[this.#next]
    this.#next += 1
    return value
  }

  #refuse(field: string, value: unknown): never {
    throw malformed(`${field} of ${this.#what} is ${show(value)}`)
  }
}

function malformed(what: string): ProtocolError {
  return new ProtocolError('MESSAGE_MALFORMED', `${what}; run the same version on all peers`)
}

/** A value as an error may print it: never its content, which can be long or confidential. */
function show(value: unknown): string {
  if (typeof value === 'string') return `a string of ${String(value.length)}`
  if (value instanceof Uint8Array) return `${String(value.length)} bytes`
  if (Array.isArray(value)) return `a list of ${String(value.length)}`
  return String(value)
}
