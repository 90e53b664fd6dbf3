import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  digestOf,
  makeZxid,
  noSession,
  sessionIdAt,
  type SessionRecord,
  type ZnodeRecord,
} from '../../src/internal.ts'
import { Digest, Hasher } from '../../src/tree/digest.ts'

const znode: ZnodeRecord = {
  path: '/app/config',
  data: new Uint8Array([1, 2, 3, 4, 5]),
  czxid: makeZxid(1, 2),
  mzxid: makeZxid(2, 3),
  pzxid: makeZxid(3, 4),
  ctime: 1_790_000_000_000,
  mtime: 1_790_000_000_001,
  version: 7,
  createCount: 8,
  aversion: 9,
  acl: null,
  ephemeralOwner: noSession,
  reap: 0,
}

const session: SessionRecord = {
  id: sessionIdAt(makeZxid(1, 1)),
  timeoutMs: 10_000,
  password: new Uint8Array(16),
  host: 1,
  hostedSince: makeZxid(1, 1),
  lastRequestId: 5,
}

describe('digest', () => {
  test('D1: it is part of the data format: these records have these digests, for ever', () => {
    expect(digestOf([], [])).toBe('0000000000000000')
    expect(digestOf([znode], [])).toMatchInlineSnapshot(`"3d64b9486bc4dac7"`)
    expect(digestOf([{ ...znode, data: null }], [])).toMatchInlineSnapshot(`"08154e2175c1bc64"`)
    expect(digestOf([], [session])).toMatchInlineSnapshot(`"ece06cb200c94701"`)
    expect(digestOf([znode], [session])).toMatchInlineSnapshot(`"2a4525fa6c8e21c8"`)
  })

  test('D1: every field of a znode counts', () => {
    const others: Partial<ZnodeRecord>[] = [
      { path: '/app/confih' },
      { path: '/app/confi' },
      { data: null },
      { data: new Uint8Array() },
      { data: new Uint8Array([1, 2, 3, 4]) },
      { data: new Uint8Array([1, 2, 3, 4, 5, 0]) },
      { data: new Uint8Array([1, 2, 3, 4, 6]) },
      { czxid: makeZxid(1, 3) },
      { czxid: makeZxid(2, 2) },
      { mzxid: makeZxid(2, 4) },
      { pzxid: makeZxid(4, 4) },
      { ctime: 1_790_000_000_002 },
      { mtime: 1_790_000_000_002 },
      { version: 8 },
      { createCount: 9 },
      { aversion: 10 },
      { acl: [] },
      { acl: [{ permissions: 1, scheme: 'world', id: 'anyone' }] },
      { acl: [{ permissions: 2, scheme: 'world', id: 'anyone' }] },
      { ephemeralOwner: session.id },
    ]

    const digests = others.map((fields) => digestOf([{ ...znode, ...fields }], []))

    expect(new Set([digestOf([znode], []), ...digests]).size).toBe(others.length + 1)
  })

  test('D1, R3: every field of a session counts', () => {
    const others: Partial<SessionRecord>[] = [
      { id: sessionIdAt(makeZxid(1, 2)) },
      { timeoutMs: 10_001 },
      { password: new Uint8Array(16).fill(1) },
      { host: 2 },
      { hostedSince: makeZxid(1, 2) },
      { lastRequestId: 6 },
    ]

    const digests = others.map((fields) => digestOf([], [{ ...session, ...fields }]))

    expect(new Set([digestOf([], [session]), ...digests]).size).toBe(others.length + 1)
  })

  test('what is added in any order and taken out again leaves no trace', () => {
    const half = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
    const terms = fc.array(fc.tuple(half, half))
    fc.assert(
      fc.property(terms, terms, (kept, passing) => {
        const straight = new Digest()
        for (const [low, high] of kept) straight.add(low, high)

        const roundabout = new Digest()
        for (const [low, high] of passing) roundabout.add(low, high)
        for (const [low, high] of kept.toReversed()) roundabout.add(low, high)
        for (const [low, high] of passing) roundabout.subtract(low, high)

        expect(roundabout.hex).toBe(straight.hex)
      }),
    )
  })

  test('the sum is one of 64 bits, wrapping', () => {
    const term = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    fc.assert(
      fc.property(fc.array(term), term, (terms, taken) => {
        const digest = new Digest()
        const low = (one: bigint): number => Number(BigInt.asIntN(32, one))
        const high = (one: bigint): number => Number(BigInt.asIntN(32, one >> 32n))
        for (const one of terms) digest.add(low(one), high(one))
        digest.subtract(low(taken), high(taken))

        const sum = BigInt.asUintN(64, terms.reduce((a, b) => a + b, 0n) - taken)
        expect(digest.hex).toBe(sum.toString(16).padStart(16, '0'))

        const other = new Digest()
        other.add(low(taken), high(taken))
        const both = BigInt.asUintN(
          64,
          terms.reduce((a, b) => a + b, 0n),
        )
        expect(digest.hexWith(other)).toBe(both.toString(16).padStart(16, '0'))
      }),
    )
  })

  test('hashes that differ in one bit of their input differ in about half of theirs', () => {
    const hasher = new Hasher()
    const hash = (bytes: Uint8Array): [number, number] => {
      hasher.begin(1, 2)
      hasher.bytes(bytes)
      hasher.finish()
      return [hasher.low, hasher.high]
    }
    const ones = (word: number): number => (word >>> 0).toString(2).replaceAll('0', '').length
    const [low, high] = hash(new Uint8Array(32))

    const differing = Array.from({ length: 256 }, (_, bit) => {
      const input = new Uint8Array(32)
      input[bit >> 3] = 1 << (bit & 7)
      const [otherLow, otherHigh] = hash(input)
      return [ones(low ^ otherLow), ones(high ^ otherHigh)] as const
    })

    for (const lane of [0, 1] as const) {
      const counts = differing.map((pair) => pair[lane])
      expect(counts.reduce((a, b) => a + b) / 256).toBeCloseTo(16, 0)
      expect(Math.min(...counts)).toBeGreaterThan(4)
    }
  })

  test('no two of a hundred thousand like records have the same half of a hash', () => {
    const hasher = new Hasher()
    const halves = [new Set<number>(), new Set<number>()] as const
    for (let index = 0; index < 100_000; index += 1) {
      hasher.begin(1, 2)
      hasher.wide(makeZxid(3, index))
      hasher.wide(index)
      hasher.finish()
      halves[0].add(hasher.low)
      halves[1].add(hasher.high)
    }

    // Of 2^32 values, 1.2 pairs are expected to meet by chance.
    expect(halves[0].size).toBeGreaterThan(99_990)
    expect(halves[1].size).toBeGreaterThan(99_990)
  })
})
