import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noSession } from '../../src/ids.ts'
import { neverReaped } from '../../src/tree/reapables.ts'
import { recordOf, statOf, Znode, type ZnodeRecord } from '../../src/tree/znode.ts'
import { makeZxid } from '../../src/zxid.ts'

const plain: ZnodeRecord = {
  path: '/a',
  data: null,
  czxid: makeZxid(1, 1),
  mzxid: makeZxid(1, 1),
  pzxid: makeZxid(1, 1),
  ctime: 1,
  mtime: 1,
  version: 0,
  createCount: 0,
  aversion: 0,
  ephemeralOwner: noSession,
  reap: neverReaped,
  acl: null,
}

const anyWide = fc.oneof(fc.maxSafeNat(), fc.nat(), fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 32))
const anyTime = fc.oneof(fc.maxSafeInteger(), fc.integer())
/** Data of its own, or as a part of a larger buffer. */
const anyData = fc.option(
  fc.tuple(fc.nat(300), fc.nat(40)).map(([length, start]) => {
    const buffer = Uint8Array.from({ length: start + length + 7 }, (_, at) => at & 0xff)
    return start === 0 ? buffer.slice(0, length) : buffer.subarray(start, start + length)
  }),
)
const anyRecord = fc.record({
  path: fc.constant('/a'),
  data: anyData,
  czxid: anyWide,
  mzxid: anyWide,
  pzxid: anyWide,
  ctime: anyTime,
  mtime: anyTime,
  version: fc.integer(),
  createCount: fc.integer(),
  aversion: fc.integer(),
  ephemeralOwner: anyWide,
  reap: fc.constant(neverReaped),
  acl: fc.constant(null),
}) as fc.Arbitrary<ZnodeRecord>

describe('znode', () => {
  test('numbers of any size and data of any length are kept as they came', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const znode = new Znode(record)

        expect(recordOf(znode)).toEqual(record)
        expect(statOf(znode).dataLength).toBe(record.data?.length ?? 0)
      }),
    )
  })

  test('what is written into it takes the place of what was there', () => {
    fc.assert(
      fc.property(anyRecord, anyRecord, (before, after) => {
        const znode = new Znode(before)

        znode.data = after.data
        znode.mzxid = after.mzxid
        znode.pzxid = after.pzxid
        znode.mtime = after.mtime

        const { data, mzxid, pzxid, mtime } = after
        expect(recordOf(znode)).toEqual({ ...before, data, mzxid, pzxid, mtime })
        expect(znode.dataLength).toBe(data?.length ?? 0)
      }),
    )
  })

  test('the names of its children are the last elements of their paths', () => {
    const znodeAt = (path: string): Znode => new Znode({ ...plain, path })
    const parent = znodeAt('/')
    expect(parent.childNames).toEqual([])

    parent.children = new Set([znodeAt('/b'), znodeAt('/a')])

    expect(parent.childNames).toEqual(['b', 'a'])
    expect(parent.numChildren).toBe(2)
  })
})
