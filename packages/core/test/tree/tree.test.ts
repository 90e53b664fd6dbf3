import { describe, expect, test } from 'vitest'
import {
  digestOf,
  InvariantError,
  makeZxid,
  nextCreateCount,
  nextVersion,
  noSession,
  recordOf,
  sessionIdAt,
  statOf,
  Tree,
  type TreeTxn,
  type Zxid,
} from '../../src/internal.ts'

function at(counter: number): Zxid {
  return makeZxid(3, counter)
}

function create(path: string, parentCreateCount: number, ephemeralOwner = noSession): TreeTxn {
  return { type: 'create', path, data: null, ephemeralOwner, reap: 0, parentCreateCount, acl: null }
}

/** A tree that the txns made, each at its own zxid, from 3:1. */
function treeOf(...txns: TreeTxn[]): Tree {
  const tree = Tree.empty()
  txns.forEach((txn, index) => tree.apply(txn, at(index + 1), 1_000 + index))
  return tree
}

describe('tree', () => {
  test('a new one holds the system znodes, whose parents have never counted a create', () => {
    const tree = Tree.empty()
    const shown = (path: string) => {
      const { cversion, numChildren, version, aversion, ...rest } = statOf(tree.get(path)!)
      expect(Object.values(rest)).toEqual(new Array(7).fill(0))
      expect(tree.get(path)?.data).toEqual(new Uint8Array())
      return { cversion, numChildren, version, aversion }
    }

    expect([...tree.znodes()].map(({ path }) => path)).toEqual([
      '/',
      '/zookeeper',
      '/zookeeper/quota',
      '/zookeeper/config',
    ])
    const never = { version: 0, aversion: 0 }
    expect(shown('/')).toEqual({ ...never, cversion: -1, numChildren: 1 })
    expect(shown('/zookeeper')).toEqual({ ...never, cversion: -2, numChildren: 2 })
    expect(shown('/zookeeper/quota')).toEqual({ ...never, cversion: 0, numChildren: 0 })
    expect(shown('/zookeeper/config')).toMatchObject({ version: -1, aversion: -1, numChildren: 0 })
    expect(tree.childrenOf('/')).toEqual(['zookeeper'])
  })

  test('Q1: what is below the root from the beginning counts for no sequential name', () => {
    expect(Tree.empty().get('/')?.createCount).toBe(0)
  })

  test('the configuration stands in its znode, with its txn, and is no version', () => {
    const tree = Tree.empty()
    const address = { host: 'db1', port: 7_001 }
    const members = [
      { id: 1, role: 'voter', address },
      { id: 2, role: 'observer' },
    ] as const
    const znode = tree.configure({ ensembleId: 7, version: 1, members }, at(5), 1_000)

    expect(String.fromCharCode(...(znode.data ?? []))).toBe(
      'server.1=db1:7001:7002:participant\nserver.2=observer\nversion=300000005',
    )
    expect(statOf(znode)).toMatchObject({ version: -1, mzxid: at(5), mtime: 1_000, czxid: 0 })
    expect(tree.digest.hex).toBe(digestOf(tree.znodes(), []))
  })

  test.each([
    [
      'groups and weights',
      [
        { id: 1, role: 'voter', weight: 3, group: 2 },
        { id: 2, role: 'voter', group: 1 },
        { id: 3, role: 'voter', group: 2 },
        { id: 4, role: 'observer' },
      ],
      ['group.1=2', 'group.2=1:3', 'weight.1=3', 'weight.2=1', 'weight.3=1'],
    ],
    [
      'weights alone',
      [
        { id: 1, role: 'voter', weight: 2 },
        { id: 2, role: 'voter' },
      ],
      ['group.1=1:2', 'weight.1=2', 'weight.2=1'],
    ],
    ['neither', [{ id: 1, role: 'voter', weight: 1 }], []],
  ] as const)(
    'a configuration of voters with %s says so as ZooKeeper does',
    (_, members, lines) => {
      const znode = Tree.empty().configure({ ensembleId: 7, version: 1, members }, at(5), 1_000)

      const text = String.fromCharCode(...(znode.data ?? [])).split('\n')
      expect(text.slice(members.length, -1)).toEqual(lines)
    },
  )

  test.each(['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'])(
    'D5: %s is never deleted',
    (path) => {
      expect(() => Tree.empty().delete(path, at(1))).toThrow(/^D5/)
    },
  )

  test('D3: a create sets all zxids and times, and moves the parent', () => {
    const owner = sessionIdAt(at(0))
    const tree = treeOf(create('/a', 1), create('/a/b', 1, owner))

    expect(statOf(tree.get('/a/b')!)).toEqual({
      ...{ czxid: at(2), mzxid: at(2), pzxid: at(2), ctime: 1_001, mtime: 1_001 },
      ...{ version: 0, cversion: 0, aversion: 0, ephemeralOwner: owner },
      ...{ dataLength: 0, numChildren: 0 },
    })
    expect(statOf(tree.get('/a')!)).toMatchObject({
      ...{ czxid: at(1), mzxid: at(1), pzxid: at(2), mtime: 1_000 },
      ...{ version: 0, cversion: 1, numChildren: 1 },
    })
    expect(statOf(tree.get('/')!)).toMatchObject({ pzxid: at(1), cversion: 0, numChildren: 2 })
  })

  test('D3: a set moves mzxid, mtime and version, and nothing of the parent', () => {
    const tree = treeOf(create('/a', 1), create('/a/b', 1))
    const before = statOf(tree.get('/a')!)
    const data = new Uint8Array([1, 2, 3])

    const changed = tree.apply({ type: 'set', path: '/a/b', data, version: 1 }, at(9), 5_000)

    expect(statOf(changed)).toMatchObject({
      ...{ czxid: at(2), mzxid: at(9), pzxid: at(2), ctime: 1_001, mtime: 5_000 },
      ...{ version: 1, dataLength: 3 },
    })
    expect(statOf(tree.get('/a')!)).toEqual(before)
  })

  test('D3: cversion counts creates and deletes of children; pzxid names the last of either', () => {
    const tree = treeOf(
      create('/a', 1),
      create('/a/b', 1),
      create('/a/c', 2),
      { type: 'delete', path: '/a/b' },
      create('/a/b', 3),
    )

    expect(statOf(tree.get('/a')!)).toMatchObject({ cversion: 4, numChildren: 2, pzxid: at(5) })
    tree.apply({ type: 'delete', path: '/a/c' }, at(6), 0)
    expect(statOf(tree.get('/a')!)).toMatchObject({ cversion: 5, numChildren: 1, pzxid: at(6) })
    expect(tree.get('/a')?.createCount).toBe(3)
  })

  test('ZOOKEEPER-1046: the count of creates outlives all the children', () => {
    const tree = treeOf(create('/a', 1), create('/a/0', 1), { type: 'delete', path: '/a/0' })

    expect(tree.get('/a')?.createCount).toBe(1)
    expect(() => tree.apply(create('/a/0', 1), at(4), 0)).toThrow(/^Q1/)
    tree.apply(create('/a/1', 2), at(4), 0)
    expect(tree.childrenOf('/a')).toEqual(['1'])
  })

  test('absent data and no bytes are not the same, though the length of both is 0', () => {
    const tree = treeOf(create('/a', 1))
    expect(tree.get('/a')?.data).toBeNull()

    tree.apply({ type: 'set', path: '/a', data: new Uint8Array(), version: 1 }, at(2), 0)

    expect(tree.get('/a')?.data).toEqual(new Uint8Array())
    expect(statOf(tree.get('/a')!).dataLength).toBe(0)
  })

  test('a deleted znode is returned as it was', () => {
    const tree = treeOf(create('/a', 1), {
      ...{ type: 'set', path: '/a', data: new Uint8Array([7]), version: 1 },
    })

    const deleted = tree.apply({ type: 'delete', path: '/a' }, at(3), 9_000)

    expect(deleted).toMatchObject({ path: '/a', data: new Uint8Array([7]), mzxid: at(2) })
    expect(tree.get('/a')).toBeUndefined()
    expect(tree.size).toBe(4)
  })

  test('children are sorted by UTF-16 units, in whatever order they came', () => {
    const tree = treeOf(
      ...['b', 'a', 'B', '10', '9', 'é'].map((name, n) => create(`/${name}`, n + 1)),
    )

    expect(tree.childrenOf('/')).toEqual(['10', '9', 'B', 'a', 'b', 'zookeeper', 'é'])
    expect(tree.childrenOf('/nowhere')).toEqual([])
  })

  const owner = sessionIdAt(at(0))
  const misfits: [rule: string, what: string, txn: TreeTxn][] = [
    ['D5', 'a create where a znode is', create('/a', 4)],
    ['D5', 'a create of the root', create('/', 1)],
    ['D5', 'a create below nothing', create('/x/y', 1)],
    ['D5', 'a create below an ephemeral', create('/e/x', 1)],
    ['Q1', 'a create that miscounts', create('/x', 5)],
    ['D5', 'a set of nothing', { type: 'set', path: '/x', data: null, version: 1 }],
    ['D3', 'a set that skips a version', { type: 'set', path: '/a', data: null, version: 2 }],
    ['D3', 'a set of the version there is', { type: 'set', path: '/a', data: null, version: 0 }],
    ['D5', 'a delete of nothing', { type: 'delete', path: '/x' }],
    ['D5', 'a delete above children', { type: 'delete', path: '/a' }],
    ['D5', 'a check of nothing', { type: 'check', path: '/x' }],
  ]
  test.each(misfits)('%s: %s is a broken invariant, and changes nothing', (rule, _what, txn) => {
    const tree = treeOf(create('/a', 1), create('/a/b', 1), create('/e', 2, owner))
    const before = [...tree.znodes()].map(recordOf)

    const misfit = (): unknown => tree.apply(txn, at(9), 0)

    expect(misfit).toThrow(InvariantError)
    expect(misfit).toThrow(new RegExp(`^${rule}: .*broken by txn 3:9 at "/`))
    expect([...tree.znodes()].map(recordOf)).toEqual(before)
  })

  test('D5: the root is never deleted', () => {
    expect(() => Tree.empty().delete('/', at(1))).toThrow(/^D5/)
  })

  test('D1: the digest is right whenever it is asked for, however often a znode changed before', () => {
    const tree = treeOf(create('/a', 1), create('/b', 2))
    const settled = tree.digest.hex

    tree.apply({ type: 'set', path: '/a', data: new Uint8Array(3), version: 1 }, at(3), 0)
    tree.apply(create('/a/c', 1), at(4), 0)
    tree.apply({ type: 'delete', path: '/b' }, at(5), 0)
    tree.apply(create('/b', 3), at(6), 0)
    tree.apply(create('/d', 4), at(7), 0)
    tree.apply({ type: 'delete', path: '/d' }, at(8), 0)

    expect(tree.digest.hex).not.toBe(settled)
    expect(tree.digest.hex).toBe(digestOf(tree.znodes(), []))
  })

  test('what waits to be hashed when a page ends is bounded, in znodes and in bytes', () => {
    const many = Tree.empty()
    for (let index = 1; index <= 10_000; index += 1) {
      many.apply(create(`/${String(index)}`, index), at(index), 0)
      many.endPage()
      expect(many.staleCount).toBeLessThanOrEqual(4_096)
    }
    const few = treeOf(create('/a', 1))
    for (let version = 1; version <= 100; version += 1) {
      // The same znode over and over is hashed once, whatever it had before.
      const data = new Uint8Array(version % 2 === 0 ? 200_000 : 0)
      few.apply({ type: 'set', path: '/a', data, version }, at(1 + version), 0)
      few.endPage()
      expect(few.staleCount).toBe(2)
    }
    const large = new Uint8Array(300_000)
    few.apply({ type: 'set', path: '/a', data: large, version: 101 }, at(200), 0)
    few.endPage()

    expect(few.staleCount).toBe(0)
    for (const tree of [many, few]) expect(tree.digest.hex).toBe(digestOf(tree.znodes(), []))
  })
})

describe('counts are int32', () => {
  test('a version wraps, and skips -1, which stands for any', () => {
    expect(nextVersion(0)).toBe(1)
    expect(nextVersion(2_147_483_647)).toBe(-2_147_483_648)
    expect(nextVersion(-2)).toBe(0)
  })

  test('Q1: the count of creates wraps, and cversion with it', () => {
    expect(nextCreateCount(2_147_483_647)).toBe(-2_147_483_648)
    expect(nextCreateCount(-1)).toBe(0)

    const tree = new Tree()
    const root = { ...recordOf(Tree.empty().get('/')!), createCount: 2_147_483_647 }
    tree.load(root)
    tree.apply(create('/q-2147483647', -2_147_483_648), at(1), 0)

    expect(tree.get('/')?.createCount).toBe(-2_147_483_648)
    expect(statOf(tree.get('/')!).cversion).toBe(-1)
  })
})
