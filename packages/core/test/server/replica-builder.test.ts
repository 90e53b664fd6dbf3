import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  makeZxid,
  noPage,
  noSession,
  recordOf,
  Replica,
  ReplicaBuilder,
  sessionIdAt,
  type SnapshotRecord,
  type SnapshotSummary,
  type ZnodeRecord,
} from '../../src/internal.ts'
import { Author, chosenPage } from './random-history.ts'

const silent = { wantsResult: () => false, onChanged: () => {}, onApplied: () => {} }

function znode(path: string, fields: Partial<ZnodeRecord> = {}): SnapshotRecord {
  const zxid = makeZxid(1, 1)
  const stat = { czxid: zxid, mzxid: zxid, pzxid: zxid, ctime: 1, mtime: 1, version: 0 }
  const rest = { createCount: 0, aversion: 0, ephemeralOwner: noSession, reap: 0, acl: null }
  return { type: 'znode', znode: { path, data: null, ...stat, ...rest, ...fields } }
}

function summary(fields: Partial<SnapshotSummary>): SnapshotSummary {
  const rest = { digest: '', sessionCount: 0, configuration: null }
  return { end: noPage, znodeCount: 1, ...rest, ...fields }
}

function builderWith(...records: SnapshotRecord[]): ReplicaBuilder {
  const builder = new ReplicaBuilder()
  builder.add(records)
  return builder
}

describe('replica builder', () => {
  test('D2: what is loaded, in whatever order, is what was frozen, and goes on as it did', () => {
    fc.assert(
      fc.property(
        fc.array(chosenPage, { minLength: 1, maxLength: 6 }),
        chosenPage,
        fc.array(fc.nat(50), { minLength: 1 }),
        (history, next, places) => {
          const author = new Author()
          const replica = Replica.empty()
          for (const chosen of history) {
            const { page, txns } = author.write(chosen)
            replica.apply(page, txns, silent)
          }
          const checkpoint = replica.freeze()
          const records: SnapshotRecord[] = []
          for (const record of checkpoint.take(1_000_000)) {
            if (record.type === 'znode-gone' || record.type === 'session-gone') continue
            records.splice(places[records.length % places.length]!, 0, record)
          }

          const builder = new ReplicaBuilder()
          while (records.length > 0) builder.add(records.splice(0, 3))
          const loaded = builder.finish(checkpoint.summary)

          expect(loaded.end).toEqual(replica.end)
          expect(loaded.digest).toBe(replica.digest)
          expect(loaded.dirtyCount).toBe(0)
          const { page, txns } = author.write(next)
          for (const one of [replica, loaded]) one.apply(page, txns, silent)
          expect(loaded.digest).toBe(replica.digest)
          for (const { path } of replica.tree.znodes()) {
            expect(loaded.tree.childrenOf(path)).toEqual(replica.tree.childrenOf(path))
            expect(recordOf(loaded.tree.get(path)!)).toEqual(recordOf(replica.tree.get(path)!))
          }
        },
      ),
    )
  })

  test('the first checkpoint of an empty replica is a whole snapshot', () => {
    const checkpoint = Replica.empty().freeze()

    const builder = builderWith(...checkpoint.take(10))

    expect(builder.finish(checkpoint.summary).tree.size).toBe(4)
  })

  test('D2: a count that differs is named', () => {
    expect(() => builderWith(znode('/')).finish(summary({ znodeCount: 2 }))).toThrow(
      'the snapshot holds 1 znodes, its summary says 2',
    )
    expect(() => builderWith(znode('/')).finish(summary({ sessionCount: 3 }))).toThrow(
      'the snapshot holds 0 sessions, its summary says 3',
    )
  })

  test('D2: a digest that differs is named', () => {
    const { digest } = Replica.empty().freeze().summary

    expect(() => builderWith(znode('/')).finish(summary({ digest }))).toThrow(
      /^the snapshot's records have the digest [0-9a-f]{16}, its summary says [0-9a-f]{16}$/,
    )
  })

  test('a znode without a parent is named', () => {
    const builder = builderWith(znode('/'), znode('/a/b'))

    expect(() => builder.finish(summary({ znodeCount: 2 }))).toThrow(
      'the znode "/a/b" of the snapshot has no parent in it',
    )
  })

  test('ZOOKEEPER-3144: an ephemeral without a session is damage', () => {
    const builder = builderWith(
      znode('/'),
      znode('/lock', { ephemeralOwner: sessionIdAt(makeZxid(1, 7)) }),
    )

    expect(() => builder.finish(summary({ znodeCount: 2 }))).toThrow(/"\/lock".*S2/)
  })

  test('a record that comes twice, and a change among the records, are refused', () => {
    expect(() => builderWith(znode('/'), znode('/'))).toThrow('the znode "/" twice')
    expect(() => builderWith({ type: 'znode-gone', path: '/a' })).toThrow('a "znode-gone"')
    expect(() => builderWith(znode('a'))).toThrow('"a": that is no path')
    const session = {
      id: sessionIdAt(makeZxid(1, 1)),
      timeoutMs: 1,
      password: new Uint8Array(16),
      host: 1,
      hostedSince: makeZxid(1, 1),
      lastRequestId: 0,
    }
    const record: SnapshotRecord = { type: 'session', session }
    expect(() => builderWith(record, record)).toThrow('the session 4294967297 twice')
  })
})
