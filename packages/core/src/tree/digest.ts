/**
 * The digest of the replicated state: the sum, modulo 2^64, of a 64-bit hash of every znode and
 * every session. Peers compare it at the same zxid (D1); a snapshot carries it.
 *
 * It is part of the data format and of the peer protocol: the streams below, their order and their
 * constants never change under one format version. A record's hash is one stream of 32-bit words
 * through two murmur3-like lanes. Numbers are two words, low then high; text is its length and two
 * UTF-16 units a word; bytes are their length, -1 for absent data, and four bytes a word,
 * little-endian, the last word padded with zeros.
 *
 * No BigInt: halves are int32, which V8 keeps unboxed. Not cryptographic: it finds defects and
 * damage, not forgers.
 */
import type { Acl } from '../access/acl.ts'
import type { SessionRecord } from './snapshot.ts'
import type { ZnodeRecord } from './znode.ts'

const span = 2 ** 32

/** A sum of hashes that terms can be taken out of again. */
export class Digest {
  #low = 0
  #high = 0

  add(low: number, high: number): void {
    const sum = this.#low + (low >>> 0)
    this.#low = sum >>> 0
    this.#high = (this.#high + high + (sum >= span ? 1 : 0)) >>> 0
  }

  subtract(low: number, high: number): void {
    const difference = this.#low - (low >>> 0)
    this.#low = difference >>> 0
    this.#high = (this.#high - high - (difference < 0 ? 1 : 0)) >>> 0
  }

  /** 16 hexadecimal digits: this sum and another one together. */
  hexWith(other: Digest): string {
    const low = this.#low + other.#low
    const high = (this.#high + other.#high + (low >= span ? 1 : 0)) >>> 0
    return high.toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0')
  }

  /** 16 hexadecimal digits. */
  get hex(): string {
    return this.hexWith(zero)
  }
}

const zero = new Digest()

/**
 * One stream of words. `low` and `high` are its state, which can be kept and begun from again, and
 * after `finish` the hash.
 */
export class Hasher {
  low = 0
  high = 0

  begin(low: number, high: number): void {
    this.low = low
    this.high = high
  }

  /** One 32-bit word. A bijection of the state for every word, so that nothing is ever forgotten. */
  word(word: number): void {
    let k = Math.imul(word, 0xcc9e2d51)
    k = (k << 15) | (k >>> 17)
    let { low, high } = this
    low ^= Math.imul(k, 0x1b873593)
    low = (Math.imul(((low << 13) | (low >>> 19)) + high, 5) + 0xe6546b64) | 0
    high ^= Math.imul(k, 0x38b34ae5)
    high = (Math.imul(((high << 17) | (high >>> 15)) + low, 5) + 0x561ccd1b) | 0
    this.low = low
    this.high = high
  }

  /** A safe integer: zxids, session ids, times. */
  wide(value: number): void {
    this.word(value | 0)
    this.word(Math.floor(value / span) | 0)
  }

  text(text: string): void {
    const length = text.length
    this.word(length)
    const even = length & ~1
    for (let index = 0; index < even; index += 2) {
      this.word(text.charCodeAt(index) | (text.charCodeAt(index + 1) << 16))
    }
    if (even < length) this.word(text.charCodeAt(even))
  }

  bytes(bytes: Uint8Array | null): void {
    if (bytes === null) {
      this.word(-1)
      return
    }
    const length = bytes.length
    this.word(length)
    const even = length & ~3
    for (let index = 0; index < even; index += 4) {
      this.word(
        (bytes[index] as number) |
          ((bytes[index + 1] as number) << 8) |
          ((bytes[index + 2] as number) << 16) |
          ((bytes[index + 3] as number) << 24),
      )
    }
    if (even === length) return
    let tail = 0
    for (let index = length - 1; index >= even; index -= 1) {
      tail = (tail << 8) | (bytes[index] as number)
    }
    this.word(tail)
  }

  /** Turns the state into the hash. */
  finish(): void {
    let low = (this.low + this.high) | 0
    let high = (this.high + low) | 0
    low = avalanche(low)
    high = avalanche(high)
    low = (low + high) | 0
    this.low = low
    this.high = (high + low) | 0
  }
}

/** Murmur3's finalizer: every bit of the result depends on every bit of `h`. */
function avalanche(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** Begins the stream of a znode: its path. */
export function hashPath(hasher: Hasher, path: string): void {
  hasher.begin(0x5bd1e995, 0x27d4eb2f)
  hasher.text(path)
}

/** Ends the stream of a znode, behind its path and its data: its stat. */
export function hashStat(hasher: Hasher, znode: ZnodeRecord): void {
  hasher.wide(znode.czxid)
  hasher.wide(znode.mzxid)
  hasher.wide(znode.pzxid)
  hasher.wide(znode.ctime)
  hasher.wide(znode.mtime)
  hasher.word(znode.version)
  hasher.word(znode.createCount)
  hasher.word(znode.aversion)
  hasher.wide(znode.ephemeralOwner)
  hasher.wide(znode.reap)
  hashAcl(hasher, znode.acl)
  hasher.finish()
}

function hashAcl(hasher: Hasher, acl: Acl): void {
  hasher.word(acl === null ? -1 : acl.length)
  for (const { permissions, scheme, id } of acl ?? []) {
    hasher.word(permissions)
    hasher.text(scheme)
    hasher.text(id)
  }
}

/** The whole stream of a session. */
export function hashSession(hasher: Hasher, session: SessionRecord): void {
  hasher.begin(0x165667b1, 0x6c62272e)
  hasher.wide(session.id)
  hasher.wide(session.timeoutMs)
  hasher.bytes(session.password)
  hasher.word(session.host)
  hasher.wide(session.hostedSince)
  hasher.wide(session.lastRequestId)
  hasher.finish()
}

/** The digest of records, from scratch: what a replica that holds them must come to. */
export function digestOf(znodes: Iterable<ZnodeRecord>, sessions: Iterable<SessionRecord>): string {
  const digest = new Digest()
  const hasher = new Hasher()
  for (const znode of znodes) {
    hashPath(hasher, znode.path)
    hasher.bytes(znode.data)
    hashStat(hasher, znode)
    digest.add(hasher.low, hasher.high)
  }
  for (const session of sessions) {
    hashSession(hasher, session)
    digest.add(hasher.low, hasher.high)
  }
  return digest.hex
}
