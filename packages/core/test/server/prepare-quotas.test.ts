import { describe, expect, test } from 'vitest'
import {
  permissions,
  quotaPaths,
  type SessionId,
  type TreeRequest,
  type WriteRequest,
} from '../../src/internal.ts'
import { host, LoneLeader, withTree, wordOf } from './lone-leader.ts'
import { bytes, check, close, create, remove, set, transaction } from './requests.ts'

/** The requests that make a quota. */
function quota(path: string, limits: string): readonly WriteRequest[] {
  const { limits: limitsPath, stats } = quotaPaths(path)
  return [
    create(limitsPath, { data: bytes(limits), parents: true }),
    create(stats, { data: bytes('count=0,bytes=0') }),
  ]
}

function hard(count: number, length = -1): string {
  return `count=-1,bytes=-1=;byteHardLimit=${String(length)};countHardLimit=${String(count)}`
}

/** The tree `/a`, `/a/b`, `/e`, and a quota of `/a`. */
function under(limits: string): { leader: LoneLeader; session: SessionId } {
  const tree = withTree()
  tree.leader.write(tree.session, ...quota('/a', limits))
  return tree
}

describe('hard quotas', () => {
  test('of znodes: as many creates as there is room for, however many are on their way', () => {
    const { leader, session } = under(hard(4))
    const words = leader.judge(session, ...[1, 2, 3, 4].map((one) => create(`/a/${String(one)}`)))

    expect(words).toEqual([
      'create /a/1',
      'create /a/2',
      'QUOTA_EXCEEDED /a/3',
      'QUOTA_EXCEEDED /a/4',
    ])
    expect(leader.judge(session, remove('/a/1'), create('/a/b/3'), create('/a/4'))).toEqual([
      'delete /a/1',
      'create /a/b/3',
      'QUOTA_EXCEEDED /a/4',
    ])
  })

  test('of bytes: creates and sets that grow; what shrinks is not refused', () => {
    const { leader, session } = under(hard(-1, 4))

    expect(
      leader.judge(
        session,
        set('/a', -1, bytes('123')),
        create('/a/c', { data: bytes('12') }),
        create('/a/c', { data: bytes('1') }),
        set('/a/b', -1, bytes('1')),
        set('/a', -1, bytes('1234')),
        set('/a', -1, bytes('12')),
        set('/a/b', -1, bytes('1')),
        set(quotaPaths('/a').limits, -1, bytes(hard(-1, 1))),
        set('/a', -1, bytes('1')),
        set('/a', -1, bytes('12')),
        create('/a/d'),
      ),
    ).toEqual([
      'set /a',
      'QUOTA_EXCEEDED /a/c',
      'create /a/c',
      'QUOTA_EXCEEDED /a/b',
      'QUOTA_EXCEEDED /a',
      'set /a',
      'set /a/b',
      'set /zookeeper/quota/a/zookeeper_limits',
      'set /a',
      'QUOTA_EXCEEDED /a',
      'create /a/d',
    ])
  })

  test('a quota holds from the request on that makes it, until the one that takes it back', () => {
    const { leader, session } = withTree()
    const { limits, stats } = quotaPaths('/a')

    expect(
      leader.judge(
        session,
        create('/a/1'),
        ...quota('/a', hard(3)),
        create('/a/2'),
        remove(limits),
        create('/a/2'),
        create(limits, { data: bytes(hard(3)) }),
        create('/a/3'),
        remove(stats),
        create('/a/3'),
        create(stats),
        create('/a/4'),
      ),
    ).toEqual([
      'create /a/1',
      `create-with-parents [create /zookeeper/quota/a, create ${limits}]`,
      `create ${stats}`,
      'QUOTA_EXCEEDED /a/2',
      `delete ${limits}`,
      'create /a/2',
      `create ${limits}`,
      'QUOTA_EXCEEDED /a/3',
      `delete ${stats}`,
      'create /a/3',
      `create ${stats}`,
      'QUOTA_EXCEEDED /a/4',
    ])
    leader.applyAll()
    const text = new TextDecoder().decode(leader.replica.tree.get(stats)?.data ?? undefined)
    expect(text).toBe('count=5,bytes=0')
  })

  test('D4: what a refused transaction would have used is free again', () => {
    const { leader, session } = under(hard(3, 2))
    const data = { data: bytes('12') }
    const ofB = quotaPaths('/b')

    expect(
      leader.judge(
        session,
        create('/zookeeper/quota/b'),
        transaction(
          create(ofB.limits, { data: bytes(hard(0)) }),
          create(ofB.stats),
          check('/none'),
        ),
        transaction(create('/a/1', data), check('/none')),
        transaction(create('/a/1', data), create('/a/2')),
        transaction(remove('/a/b'), create('/a/1', data), create('/a/2')),
        transaction(set('/a/1', -1, bytes('')), create('/a/b')),
        transaction(set('/a/1', -1, bytes('')), set('/a', -1, bytes('34'))),
        create('/b'),
      ),
    ).toEqual([
      'create /zookeeper/quota/b',
      'NO_NODE /none at 2',
      'NO_NODE /none at 1',
      'QUOTA_EXCEEDED /a/2 at 1',
      'transaction [delete /a/b, create /a/1, create /a/2]',
      'QUOTA_EXCEEDED /a/b at 1',
      'transaction [set /a/1, set /a]',
      'create /b',
    ])
    leader.applyAll()
    expect(leader.replica.tree.quotas.get('/a')?.usage).toEqual({ count: 3, bytes: 2 })
  })

  test('D4: parents count too, and are not made when there is no room for all', () => {
    const { leader, session } = under(hard(4))

    expect(
      leader.judge(
        session,
        create('/a/1/2/3', { parents: true }),
        create('/a/1/2', { parents: true }),
        create('/a/1/2/3', { parents: true }),
      ),
    ).toEqual([
      'QUOTA_EXCEEDED /a/1/2/3',
      'create-with-parents [create /a/1, create /a/1/2]',
      'QUOTA_EXCEEDED /a/1/2/3',
    ])
  })

  test('are tried last of a create, and before the version of a set', () => {
    const { leader, session } = under(hard(2, 0))
    const locked = [{ permissions: permissions.read, scheme: 'world', id: 'anyone' }]
    leader.write(session, { type: 'set-acl', path: '/a/b', acl: locked, version: -1 })
    const data = { data: bytes('1') }

    expect(
      leader.judge(
        session,
        set('/a', 7, bytes('1')),
        set('/a', 7, bytes('')),
        set('/a/b', -1, bytes('1')),
        create('/a', data),
        create('/a/b/c', data),
        create('/a/c/d', data),
        create('/a/c', data),
        create('/a', { data: null }),
      ),
    ).toEqual([
      'QUOTA_EXCEEDED /a',
      'BAD_VERSION /a',
      'NO_AUTH /a/b',
      'NODE_EXISTS /a',
      'NO_AUTH /a/b/c',
      'NO_NODE /a/c/d',
      'QUOTA_EXCEEDED /a/c',
      'NODE_EXISTS /a',
    ])
  })

  test('the deepest one holds alone; soft ones refuse nothing', () => {
    const { leader, session } = under(hard(2))
    leader.write(session, ...quota('/a/b', 'count=1,bytes=0'))

    expect(leader.judge(session, create('/a/c'), create('/a/b/c', { data: bytes('x') }))).toEqual([
      'QUOTA_EXCEEDED /a/c',
      'create /a/b/c',
    ])
  })

  test('ephemerals count, and are free again with their session', () => {
    const { leader, session } = under(hard(3))
    const other = leader.session()
    const mode = 'ephemeral'

    expect(leader.judge(other, create('/a/e', { mode }), create('/a/f', { mode }), close)).toEqual([
      'create /a/e',
      'QUOTA_EXCEEDED /a/f',
      'closed [/a/e]',
    ])
    expect(leader.judge(session, create('/a/g'))).toEqual(['create /a/g'])
  })

  test('a new leader knows them from the tree', () => {
    const { leader, session } = under(hard(3))
    leader.write(session, create('/a/1'))
    const next = new LoneLeader({}, leader.replica, 2)

    const request = (one: TreeRequest, id: number) => next.request(session, one, id)
    next.leadership.receive(host, [
      request(create('/a/2'), 7),
      request(remove('/a/1'), 8),
      request(create('/a/2'), 9),
    ])

    expect(next.draftAll().map(wordOf)).toEqual([
      'QUOTA_EXCEEDED /a/2',
      'delete /a/1',
      'create /a/2',
    ])
  })
})
