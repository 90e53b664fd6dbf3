import { crc32 } from 'node:zlib'
import {
  InvariantError,
  makeZxid,
  maxCounter,
  maxEpoch,
  noPage,
  PageError,
  type PageDraft,
  type Txn,
} from '@conclave/core/internal'
import { Packr } from 'msgpackr'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pageCodec } from '../src/page-codec.ts'
import { packTuple } from '../src/tuple.ts'
import { txnTuple } from '../src/txn-tuple.ts'
import { anyDraft } from './arbitraries.ts'

const header = { timeMs: 1_700_000_000_000, session: makeZxid(1, 1) as never, requestId: 1 }

function setOf(path: string, data: Uint8Array | null): Txn {
  return { type: 'set', ...header, path, data, version: 1 }
}

function draftOf(...txns: Txn[]): PageDraft {
  return { first: makeZxid(1, 1), previous: noPage, reconfigures: false, txns }
}

/** A page around any payload, as a foreign or broken leader might send it. */
function pageAround(payload: Uint8Array, count: number): Uint8Array {
  const bytes = Buffer.alloc(28 + payload.length + 4)
  bytes.writeUInt8(1, 0)
  bytes.writeUInt32BE(1, 4)
  bytes.writeUInt32BE(1, 8)
  bytes.writeUInt32BE(count, 12)
  bytes.set(payload, 28)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, -4)), bytes.length - 4)
  return bytes
}

/** The bytes with a field changed and the CRC made to fit. */
function forged(bytes: Uint8Array, change: (copy: Buffer) => void): Uint8Array {
  const copy = Buffer.from(bytes)
  change(copy)
  copy.writeUInt32BE(crc32(copy.subarray(0, -4)), copy.length - 4)
  return copy
}

/** The txns of a page as msgpackr packs their tuples, all of it. */
function payloadOf({ txns }: PageDraft): Uint8Array {
  return packTuple(txns.map(txnTuple))
}

function packedPayload(draft: PageDraft): Uint8Array {
  return pageCodec.encode(draft).bytes.slice(28, -4)
}

function decodeBytes(bytes: Uint8Array): readonly Txn[] {
  return pageCodec.decode(pageCodec.parse(bytes))
}

describe('page codec', () => {
  test('every page comes back as it was, whatever is in it', () => {
    fc.assert(
      fc.property(anyDraft, (draft) => {
        const page = pageCodec.encode(draft)
        const parsed = pageCodec.parse(new Uint8Array(page.bytes))

        expect(parsed).toStrictEqual(page)
        expect(pageCodec.decode(parsed)).toStrictEqual(draft.txns)
      }),
      { numRuns: 150 },
    )
  })

  test('the same txns make the same bytes', () => {
    fc.assert(
      fc.property(anyDraft, (draft) => {
        const once = pageCodec.encode(draft)
        const again = pageCodec.encode({ ...draft, txns: pageCodec.decode(once) })

        expect(Buffer.compare(once.bytes, again.bytes)).toBe(0)
        expect(again.crc).toBe(once.crc)
      }),
      { numRuns: 50 },
    )
  })

  test('the bytes are those of msgpackr, whatever is in the page', () => {
    fc.assert(
      fc.property(anyDraft, (draft) => {
        expect(Buffer.compare(packedPayload(draft), payloadOf(draft))).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  test('the bytes are those of msgpackr wherever the form of a field changes', () => {
    const set = setOf('/a', new Uint8Array(1)) as Txn & { readonly type: 'set' }
    const around = (edge: number): number[] => [edge - 1, edge, edge + 1]
    const counts = [0, ...[2 ** 7, 2 ** 8, 2 ** 16, 2 ** 32, 2 ** 53 - 2].flatMap(around)]
    const lengths = [0, 1, ...[2 ** 5, 2 ** 6, 2 ** 8, 2 ** 16].flatMap(around)]
    const versions = [-0, ...[-(2 ** 5), -(2 ** 7), -(2 ** 15), -(2 ** 31) + 1].flatMap(around)]
    const paths = [
      '',
      '/é',
      `/${'a'.repeat(60)}é`,
      '/\ud800',
      `/${'\ud800'.repeat(80)}`,
      '/\x7f\x80',
    ]
    const owned = { type: 'create', path: '/a', data: null } as const
    const txns: Txn[] = [
      ...counts.flatMap((requestId) => [
        { ...set, requestId, session: requestId as never },
        {
          ...{ ...header, ...owned, ephemeralOwner: requestId as never },
          ...{ reap: requestId % 2 ** 40, parentCreateCount: -requestId, acl: null },
        },
      ]),
      ...[...counts, ...versions].map((version) => ({ ...set, version })),
      ...[...counts, ...versions].map((timeMs) => ({ ...set, timeMs })),
      ...lengths.map((length) => ({ ...set, data: new Uint8Array(length).fill(7) })),
      ...lengths.map((length) => ({ ...set, path: '/'.repeat(length) })),
      ...paths.map((path): Txn => ({ ...header, type: 'delete', path })),
      { ...set, data: Buffer.from('a view of a pool') },
    ]

    for (const [index, txn] of txns.entries()) {
      const draft = draftOf(txn)
      expect(Buffer.compare(packedPayload(draft), payloadOf(draft)), String(index)).toBe(0)
    }
    for (const count of [15, 16, 17, 65_535, 65_536]) {
      const draft = draftOf(...new Array<Txn>(count).fill(set))
      expect(Buffer.compare(packedPayload(draft), payloadOf(draft)), String(count)).toBe(0)
    }
  })

  test('a txn that is not stamped with integers is never packed', () => {
    for (const wrong of [1.5, 2 ** 53, NaN, undefined, '1']) {
      for (const key of ['timeMs', 'session', 'requestId']) {
        const txn: Txn = { ...setOf('/a', null), [key]: wrong }
        expect(() => pageCodec.encode(draftOf(setOf('/a', null), txn))).toThrow(InvariantError)
      }
    }
  })

  test('a page names its bounds, its CRC and the page before', () => {
    const first = pageCodec.encode(draftOf(setOf('/a', null), setOf('/b', null)))
    const second = pageCodec.encode({
      first: makeZxid(1, 3),
      previous: first,
      reconfigures: false,
      txns: [setOf('/c', null)],
    })

    expect(first).toMatchObject({ first: makeZxid(1, 1), last: makeZxid(1, 2), previousLast: 0 })
    expect(second).toMatchObject({ last: makeZxid(1, 3), previousCrc: first.crc })
    expect(second.previousLast).toBe(first.last)
  })

  test('absent data and no data are two things', () => {
    const page = pageCodec.encode(draftOf(setOf('/a', null), setOf('/b', new Uint8Array(0))))

    expect(pageCodec.decode(page)).toMatchObject([{ data: null }, { data: new Uint8Array(0) }])
  })

  test('what was decoded shares no memory with the page', () => {
    const sizes = [1, 64, 65, 100, 256, 257, 5000]
    const txns = sizes.map((size) => setOf('/a', new Uint8Array(size).fill(7)))
    const page = pageCodec.encode(draftOf(...txns))
    const bytes = Buffer.from(page.bytes)
    const decoded = decodeBytes(bytes)

    bytes.fill(0xee)

    expect(decoded).toStrictEqual(txns)
    for (const txn of decoded) {
      expect((txn as { data: Uint8Array }).data.buffer.byteLength).toBeLessThanOrEqual(5000)
    }
  })

  test('a page made from Buffers is read as plain bytes', () => {
    const page = pageCodec.encode(draftOf(setOf('/a', Buffer.from('value'))))

    expect(decodeBytes(Buffer.from(page.bytes))).toStrictEqual([
      setOf('/a', new TextEncoder().encode('value')),
    ])
  })

  test('a flipped bit anywhere is no page', () => {
    const { bytes } = pageCodec.encode(draftOf(setOf('/a', new Uint8Array(20)), setOf('/b', null)))

    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const copy = new Uint8Array(bytes)
      copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(() => pageCodec.parse(copy)).toThrow(PageError)
    }
  })

  test('a page cut short anywhere is no page', () => {
    const { bytes } = pageCodec.encode(draftOf(setOf('/a', new Uint8Array(20))))

    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => pageCodec.parse(bytes.slice(0, length))).toThrow(PageError)
    }
  })

  test('random bytes are no page, and random payloads no txns', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        expect(() => pageCodec.parse(bytes)).toThrow(PageError)
        expect(() => decodeBytes(pageAround(bytes, 1))).toThrow(PageError)
      }),
      { numRuns: 500 },
    )
  })

  test('Z5: a page that cannot follow the one it names is refused both ways', () => {
    const { bytes } = pageCodec.encode({
      first: makeZxid(3, 7),
      previous: { last: makeZxid(3, 6), crc: 9 },
      reconfigures: false,
      txns: [setOf('/a', null)],
    })
    const wrong: [string, (copy: Buffer) => void][] = [
      ['a gap', (copy) => copy.writeUInt32BE(5, 20)],
      ['an overlap', (copy) => copy.writeUInt32BE(7, 20)],
      ['a later epoch before', (copy) => copy.writeUInt32BE(4, 16)],
      ['an epoch not begun at its first place', (copy) => copy.writeUInt32BE(2, 16)],
      ['no txns', (copy) => copy.writeUInt32BE(0, 12)],
      ['a counter of 0', (copy) => copy.writeUInt32BE(0, 8)],
      ['Z16: over the end of the epoch', (copy) => copy.writeUInt32BE(maxCounter, 12)],
      ['Z16: an epoch of more than 21 bits', (copy) => copy.writeUInt32BE(maxEpoch + 1, 4)],
      ['flags of a later version', (copy) => copy.writeUInt8(2, 1)],
      ['another format version', (copy) => copy.writeUInt8(2, 0)],
    ]

    for (const [what, change] of wrong) {
      expect(() => pageCodec.parse(forged(bytes, change)), what).toThrow(PageError)
    }
    const draft = draftOf(setOf('/a', null))
    const gap = { ...draft, first: makeZxid(1, 2) }
    expect(() => pageCodec.encode(gap)).toThrow(InvariantError)
    expect(() => pageCodec.encode({ ...draft, txns: [] })).toThrow(InvariantError)
    const over = { ...gap, previous: { last: makeZxid(1, maxCounter), crc: 1 } }
    expect(() => pageCodec.encode(over)).toThrow(InvariantError)
  })

  test('a configuration stands at the end of a page that says so, or nowhere', () => {
    const configuration = { ensembleId: 1, version: 1, members: [] }
    const configure: Txn = { type: 'configure', ...header, configuration }
    const set = setOf('/a', null)
    const honest = pageCodec.encode({ ...draftOf(set, configure), reconfigures: true })
    const unsaid = forged(honest.bytes, (copy) => copy.writeUInt8(0, 1))

    expect(pageCodec.decode(honest)).toStrictEqual([set, configure])
    expect(() => decodeBytes(unsaid)).toThrow(PageError)
    expect(() => pageCodec.encode(draftOf(set, configure))).toThrow(InvariantError)
    const early = { ...draftOf(configure, set), reconfigures: true }
    expect(() => pageCodec.encode(early)).toThrow(InvariantError)
  })

  test('fields of another type, place or number are refused', () => {
    const good: readonly unknown[] = [2, 1, 1, 1, '/a', null, 1]
    const tuples: unknown[] = [
      ...good.map((_, index) => good.toSpliced(index, 1)),
      ...good.map((_, index) => good.with(index, ['x'])),
      [...good, 1],
      good.with(0, 99),
      good.with(3, -1),
      good.with(3, 1.5),
      good.with(4, null),
      good.with(5, 'text'),
      good.with(6, 2 ** 60),
      [12, 1, 1, 1, 'constructor', '/a', 0, null],
      [12, 1, 1, 1, 'NO_NODE', '/a', 0, 'toString'],
      [5, 1, 1, 1, [[5, '/a']]],
      { length: 7 },
      null,
    ]

    expect(decodeBytes(pageAround(packTuple([good]), 1))).toHaveLength(1)
    expect(() => decodeBytes(pageAround(packTuple([good]), 2))).toThrow(PageError)
    for (const tuple of tuples) {
      expect(() => decodeBytes(pageAround(packTuple([tuple]), 1))).toThrow(PageError)
    }
  })

  test('extensions of msgpack are refused wherever they stand', () => {
    const loose = new Packr({ useRecords: true, moreTypes: true, structuredClone: true })
    const values = [{ a: 1 }, new Set([1]), new Map([[1, 2]]), /x/, new Error('x'), 1n, new Date(0)]

    for (const value of values) {
      const payload = loose.pack([[2, 1, 1, 1, '/a', value, 1]])
      expect(() => decodeBytes(pageAround(payload, 1))).toThrow(PageError)
      expect(() => decodeBytes(pageAround(loose.pack(value), 1))).toThrow(PageError)
    }
  })

  test('nesting without end is refused, not a crash', () => {
    const deep = Buffer.alloc(200_000, 0x91)

    expect(() => decodeBytes(pageAround(deep, 1))).toThrow(PageError)
  })

  test('a page has memory of its own, so that it can be transferred', () => {
    const { bytes } = pageCodec.encode(draftOf(setOf('/a', null)))

    expect(bytes.constructor).toBe(Uint8Array)
    expect(bytes.byteOffset).toBe(0)
    expect(bytes.buffer.byteLength).toBe(bytes.length)
  })
})
