/**
 * Looks over msgpack tokens before msgpackr decodes them, and refuses what our messages never
 * contain: extensions of any kind (msgpackr always decodes some, among them references, records
 * and regular expressions), maps, 32-bit floats, 64-bit integers, deep nesting, more elements than
 * the budget, strings that are not UTF-8, and anything behind the value.
 *
 * Pure and not recursive; its own work is bounded by the length of the bytes.
 */
import { isUtf8 } from 'node:buffer'
import { maxFrameDepth } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'

/** What a token stands for, as far as the scanner must know. */
type Shape =
  /** Followed by this many bytes of its own. */
  | { readonly kind: 'scalar'; readonly bytes: number }
  /** Followed by a length of `prefix` bytes, then by what it counts. */
  | { readonly kind: 'string' | 'binary' | 'array'; readonly prefix: number }

const scalar = (bytes: number): Shape => ({ kind: 'scalar', bytes })

/** The tokens from 0xc0 to 0xdf that may occur. */
const shapes = new Map<number, Shape>([
  [0xc0, scalar(0)],
  [0xc2, scalar(0)],
  [0xc3, scalar(0)],
  [0xc4, { kind: 'binary', prefix: 1 }],
  [0xc5, { kind: 'binary', prefix: 2 }],
  [0xc6, { kind: 'binary', prefix: 4 }],
  [0xcb, scalar(8)],
  [0xcc, scalar(1)],
  [0xcd, scalar(2)],
  [0xce, scalar(4)],
  [0xd0, scalar(1)],
  [0xd1, scalar(2)],
  [0xd2, scalar(4)],
  [0xd9, { kind: 'string', prefix: 1 }],
  [0xda, { kind: 'string', prefix: 2 }],
  [0xdb, { kind: 'string', prefix: 4 }],
  [0xdc, { kind: 'array', prefix: 2 }],
  [0xdd, { kind: 'array', prefix: 4 }],
])

/** Returns when `bytes` are exactly one value of the allowed tokens; otherwise `ProtocolError`. */
export function scanTokens(bytes: Uint8Array, maxElements: number): void {
  new Scan(bytes, maxElements).run()
}

class Scan {
  readonly #bytes: Uint8Array
  readonly #maxElements: number
  #offset = 0
  #elements = 0
  /** Values still expected in the array in hand, and in each array around it. */
  #expected = 1
  readonly #outer: number[] = []

  constructor(bytes: Uint8Array, maxElements: number) {
    this.#bytes = bytes
    this.#maxElements = maxElements
  }

  run(): void {
    while (this.#enclosed()) {
      this.#expected -= 1
      this.#elements += 1
      if (this.#elements > this.#maxElements) {
        this.#refuse(`more than ${String(this.#maxElements)} elements`)
      }
      this.#scanValue()
    }
    if (this.#offset !== this.#bytes.length) this.#refuse('bytes behind the message')
  }

  /** Leaves the arrays that are complete; false when the whole value is. */
  #enclosed(): boolean {
    while (this.#expected === 0) {
      const outer = this.#outer.pop()
      if (outer === undefined) return false
      this.#expected = outer
    }
    return true
  }

  #scanValue(): void {
    const token = this.#bytes[this.#offset]
    if (token === undefined) return this.#refuse('an end in the middle of a message')
    this.#offset += 1
    // Small integers, then arrays and strings whose length lies in the token itself.
    if (token <= 0x7f || token >= 0xe0) return
    if (token >= 0x90 && token <= 0x9f) return this.#enter(token & 0x0f)
    if (token >= 0xa0 && token <= 0xbf) return this.#scanString(token & 0x1f)

    const shape = shapes.get(token)
    if (shape === undefined) return this.#refuse(`token 0x${token.toString(16)}`)
    if (shape.kind === 'scalar') return this.#skip(shape.bytes)
    const length = this.#readLength(shape.prefix)
    if (shape.kind === 'array') return this.#enter(length)
    if (shape.kind === 'string') return this.#scanString(length)
    this.#skip(length)
  }

  #readLength(prefix: number): number {
    const start = this.#offset
    this.#skip(prefix)
    let length = 0
    for (let at = start; at < this.#offset; at += 1) length = length * 256 + (this.#bytes[at] ?? 0)
    return length
  }

  #skip(length: number): void {
    if (length > this.#bytes.length - this.#offset) this.#refuse('an end in the middle of a value')
    this.#offset += length
  }

  #enter(count: number): void {
    // Every element takes a byte at least, so a count beyond the bytes left is a lie.
    if (count > this.#bytes.length - this.#offset) this.#refuse('an array longer than its frame')
    if (this.#outer.length === maxFrameDepth) this.#refuse('arrays nested too deeply')
    this.#outer.push(this.#expected)
    this.#expected = count
  }

  #scanString(length: number): void {
    const start = this.#offset
    this.#skip(length)
    for (let at = start; at < this.#offset; at += 1) {
      if ((this.#bytes[at] ?? 0) > 0x7f) {
        if (isUtf8(this.#bytes.subarray(start, this.#offset))) return
        this.#refuse('a string that is not UTF-8')
      }
    }
  }

  #refuse(what: string): never {
    throw new ProtocolError(
      'MESSAGE_MALFORMED',
      `${what} at byte ${String(this.#offset)}; run the same version on all peers`,
    )
  }
}
