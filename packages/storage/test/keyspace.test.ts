import type { SnapshotRecord } from '@conclave/core/internal'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatChange, readEntry, recordChange, summaryChange } from '../src/keyspace.ts'
import { TupleError } from '../src/tuple.ts'
import {
  anyAcl,
  anyConfiguration,
  anyCount,
  anyData,
  anyPath,
  anyReap,
  anySession,
  anyZxid,
} from './arbitraries.ts'
import { session, znode } from '../src/suite-replica.ts'

const plain = { noNullPrototype: true }

const anyRecord: fc.Arbitrary<SnapshotRecord> = fc.oneof(
  fc
    .record(
      {
        path: anyPath,
        data: anyData,
        czxid: anyZxid,
        mzxid: anyZxid,
        pzxid: anyZxid,
        ctime: fc.maxSafeInteger(),
        mtime: fc.maxSafeInteger(),
        version: fc.integer(),
        createCount: fc.integer(),
        aversion: fc.integer(),
        acl: anyAcl,
        ephemeralOwner: anySession,
        reap: anyReap,
      },
      plain,
    )
    .map((one) => ({ type: 'znode' as const, znode: one })),
  fc
    .record(
      {
        id: anySession,
        timeoutMs: anyCount,
        password: fc.uint8Array({ minLength: 16, maxLength: 16 }),
        host: fc.nat(255),
        hostedSince: anyZxid,
        lastRequestId: anyCount,
      },
      plain,
    )
    .map((one) => ({ type: 'session' as const, session: one })),
)

describe('keyspace', () => {
  test('every record comes back as it was', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const { key, value } = recordChange(record)
        expect(readEntry(key, value as Uint8Array)).toStrictEqual({ type: 'record', record })
      }),
    )
  })

  test('every summary comes back as it was', () => {
    const anySummary = fc.record(
      {
        end: fc.record({ last: anyZxid, crc: fc.nat() }, plain),
        digest: fc.string(),
        znodeCount: anyCount,
        sessionCount: anyCount,
        configuration: fc.option(anyConfiguration),
      },
      plain,
    )
    fc.assert(
      fc.property(anySummary, (summary) => {
        const { key, value } = summaryChange(summary)
        expect(readEntry(key, value as Uint8Array)).toStrictEqual({ type: 'summary', summary })
      }),
    )
  })

  test('what is gone has the key of what was there', () => {
    const pairs: [SnapshotRecord, SnapshotRecord][] = [
      [
        { type: 'znode', znode: znode('/a') },
        { type: 'znode-gone', path: '/a' },
      ],
      [
        { type: 'session', session: session(7) },
        { type: 'session-gone', id: session(7).id },
      ],
    ]
    for (const [there, gone] of pairs) {
      expect(recordChange(gone)).toEqual({ key: recordChange(there).key, value: null })
    }
  })

  test('a parent comes before its children, and a subtree lies together', () => {
    const keyOf = (path: string): Buffer =>
      Buffer.from(recordChange({ type: 'znode-gone', path }).key)
    const paths = ['/a/b', '/a', '/', '/a!', '/a/b/c', '/a0', '/ab', '/ä', '/a/ä', '/a/😀', '/b']

    const sorted = paths.toSorted((a, b) => Buffer.compare(keyOf(a), keyOf(b)))

    for (const path of paths) {
      const parent = path.slice(0, Math.max(1, path.lastIndexOf('/')))
      if (path !== '/' && paths.includes(parent)) {
        expect(sorted.indexOf(parent)).toBeLessThan(sorted.indexOf(path))
      }
    }
    const inside = sorted.flatMap((path, index) => (path.startsWith('/a/') ? [index] : []))
    expect((inside.at(-1) as number) - (inside[0] as number)).toBe(inside.length - 1)
  })

  test('format, summary, sessions and znodes follow each other', () => {
    const summary = {
      end: { last: 0 as never, crc: 0 },
      digest: '',
      znodeCount: 0,
      sessionCount: 0,
      configuration: null,
    }
    const changes = [
      formatChange(),
      summaryChange(summary),
      recordChange({ type: 'session', session: session(2 ** 53 - 1) }),
      recordChange({ type: 'znode', znode: znode('/') }),
    ]
    const keys = changes.map(({ key }) => Buffer.from(key))

    expect(keys.toSorted((a, b) => Buffer.compare(a, b))).toEqual(keys)
  })

  test('a flipped bit in key or value is noticed', () => {
    const { key, value } = recordChange({ type: 'znode', znode: znode('/a/b') })
    const whole = Buffer.concat([key, value as Uint8Array])
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const bad = Buffer.from(whole)
      bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7))
      const read = () => readEntry(bad.subarray(0, key.length), bad.subarray(key.length))
      expect(read).toThrow(TupleError)
    }
  })

  test('a value under the key of another record is noticed', () => {
    const one = recordChange({ type: 'znode', znode: znode('/a') })
    const other = recordChange({ type: 'znode', znode: znode('/b') })

    expect(() => readEntry(one.key, other.value as Uint8Array)).toThrow(TupleError)
  })
})
