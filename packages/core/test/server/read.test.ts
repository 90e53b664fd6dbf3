import { describe, expect, test } from 'vitest'
import {
  CoordinationError,
  findStat,
  findZnode,
  getAcl,
  getChildren,
  getZnode,
  makeZxid,
  noPage,
  noSession,
  openAcl,
  permissions,
  Replica,
  type AclEntry,
  type Identity,
  type Txn,
} from '../../src/internal.ts'
import { pageOf } from './random-history.ts'

const data = new Uint8Array([1, 2, 3])

/** A replica with `/a` and below it `b`, `B` and `a`. */
function replicaWithChildren(): Replica {
  const replica = Replica.empty()
  const txns: Txn[] = [['/a', 1] as const, ['/a/b', 1], ['/a/B', 2], ['/a/a', 3]].map(
    ([path, parentCreateCount]) => ({
      ...{ timeMs: 5, session: noSession, requestId: 0 },
      ...{
        type: 'create',
        path,
        data,
        ephemeralOwner: noSession,
        reap: 0,
        parentCreateCount,
        acl: null,
      },
      acl: null,
    }),
  ) as Txn[]
  const page = pageOf(noPage, txns)
  replica.apply(page, txns, { wantsResult: () => false, onChanged() {}, onApplied() {} })
  return replica
}

/** A replica with `/guarded` alone, which only ann may read and change the list of. */
function guardedReplica(acl: AclEntry[]): Replica {
  const replica = Replica.empty()
  const header = { timeMs: 5, session: noSession, requestId: 0, ephemeralOwner: noSession }
  const create = {
    ...header,
    type: 'create',
    path: '/guarded',
    data,
    reap: 0,
    parentCreateCount: 1,
  } as const
  const txns: Txn[] = [{ ...create, acl }]
  replica.apply(pageOf(noPage, txns), txns, {
    wantsResult: () => false,
    onChanged() {},
    onApplied() {},
  })
  return replica
}

describe('reads of what a list guards', () => {
  const ann = { scheme: 'digest', id: 'ann:hash' }
  const bob = { scheme: 'digest', id: 'bob:hash' }
  const replica = guardedReplica([
    { permissions: permissions.read | permissions.admin, ...ann },
    { permissions: permissions.read, ...bob },
  ])

  test.each([
    ['getZnode', getZnode],
    ['findZnode', findZnode],
    ['findStat', findStat],
    ['getChildren', getChildren],
    ['getAcl', getAcl],
  ])('%s is for who may read', (_, read) => {
    expect(() => read(replica, '/guarded', [ann])).not.toThrow()
    expect(() => read(replica, '/guarded', [])).toThrow(
      expect.objectContaining({ code: 'NO_AUTH', path: '/guarded', outcome: 'not-applied' }),
    )
  })

  test('a list is shown whole to who may change it, and without hashes to who may read', () => {
    const ids = (...identities: Identity[]): string[] =>
      getAcl(replica, '/guarded', identities).acl.map(({ id }) => id)

    expect(ids(ann)).toEqual(['ann:hash', 'bob:hash'])
    expect(ids(bob)).toEqual(['ann:x', 'bob:x'])
    expect(getAcl(replica, '/', []).acl).toEqual(openAcl)
  })
})

describe('local reads', () => {
  test('data and stat are those at the end of the last page', () => {
    const replica = replicaWithChildren()

    const reading = getZnode(replica, '/a', [])

    expect(reading).toEqual({
      data,
      stat: {
        czxid: makeZxid(1, 1),
        mzxid: makeZxid(1, 1),
        pzxid: makeZxid(1, 4),
        ctime: 5,
        mtime: 5,
        version: 0,
        cversion: 3,
        aversion: 0,
        ephemeralOwner: 0,
        dataLength: 3,
        numChildren: 3,
      },
    })
    expect(findZnode(replica, '/a', [])).toEqual(reading)
    expect(findStat(replica, '/a', [])).toEqual(reading.stat)
  })

  test('data is shared, not copied', () => {
    expect(getZnode(replicaWithChildren(), '/a', []).data).toBe(data)
  })

  test('children are names, sorted by UTF-16 units', () => {
    const reading = getChildren(replicaWithChildren(), '/a', [])

    expect(reading.children).toEqual(['B', 'a', 'b'])
    expect(reading.stat.numChildren).toBe(3)
    expect(getChildren(replicaWithChildren(), '/a/b', []).children).toEqual([])
  })

  test('what is not there is undefined to whoever may find nothing, NO_NODE to the others', () => {
    const replica = replicaWithChildren()

    expect(findZnode(replica, '/no', [])).toBeUndefined()
    expect(findStat(replica, '/no', [])).toBeUndefined()
    for (const read of [getZnode, getChildren]) {
      expect(() => read(replica, '/no', [])).toThrow(CoordinationError)
      expect(() => read(replica, '/no', [])).toThrow(
        expect.objectContaining({ code: 'NO_NODE', path: '/no', outcome: 'not-applied' }),
      )
    }
  })
})
