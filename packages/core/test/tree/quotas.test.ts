import { describe, expect, test } from 'vitest'
import {
  digestOf,
  limitsText,
  makeZxid,
  noSession,
  parseQuota,
  quotaPaths,
  recordOf,
  statOf,
  Tree,
  usageText,
  type TreeTxn,
} from '../../src/internal.ts'
import { bytes } from '../server/requests.ts'

/** A tree in which one change follows the other; missing parents are made on the way. */
class Counted {
  readonly tree = Tree.empty()
  #counter = 0

  create(path: string, text = ''): void {
    const parentPath = path.slice(0, path.lastIndexOf('/')) || '/'
    if (this.tree.get(parentPath) === undefined) this.create(parentPath)
    const parentCreateCount = this.tree.get(parentPath)!.createCount + 1
    const znode = { data: bytes(text), ephemeralOwner: noSession, reap: 0, acl: null }
    this.#apply({ type: 'create', path, parentCreateCount, ...znode })
  }

  set(path: string, text: string): void {
    const version = this.tree.get(path)!.version + 1
    this.#apply({ type: 'set', path, data: bytes(text), version })
  }

  delete(path: string): void {
    this.#apply({ type: 'delete', path })
  }

  /** A quota with these limits, as zkCli makes one. */
  quota(path: string, limits: string): void {
    this.create(quotaPaths(path).limits, limits)
    this.create(quotaPaths(path).stats, 'count=0,bytes=0')
  }

  text(path: string): string {
    return new TextDecoder().decode(this.tree.get(path)?.data ?? bytes('nothing'))
  }

  stats(path: string): string {
    return this.text(quotaPaths(path).stats)
  }

  exceeded(): string[] {
    return [...this.tree.quotas.exceeded]
  }

  #apply(txn: TreeTxn): void {
    this.#counter += 1
    this.tree.apply(txn, makeZxid(1, this.#counter), this.#counter)
  }
}

describe('the text of quotas', () => {
  const none = { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 }

  test.each([
    ['count=5,bytes=-1', { ...none, count: 5 }],
    ['count=-1,bytes=70', { ...none, bytes: 70 }],
    ['count=-1,bytes=-1=;byteHardLimit=9', { ...none, byteHardLimit: 9 }],
    ['count=-1,bytes=-1=;countHardLimit=0', { ...none, countHardLimit: 0 }],
    [
      'count=1,bytes=2=;byteHardLimit=4;countHardLimit=3',
      { count: 1, bytes: 2, countHardLimit: 3, byteHardLimit: 4 },
    ],
  ])('%s is read, and written, as ZooKeeper does', (text, limits) => {
    expect(parseQuota(bytes(text))).toEqual(limits)
    expect(limitsText(limits)).toBe(text)
  })

  test.each([
    ['countHardLimit=3;count=1', { ...none, count: 1, countHardLimit: 3 }],
    ['count=7,,;bytes=', { ...none, count: 7 }],
    ['count=-7,bytes=1e3,byteHardLimit=99999999999999999999', none],
    ['nonsense', none],
    ['', none],
    [`count=1,bytes=2${';x=1'.repeat(1_000)}`, none],
  ])('%#: what is missing, or no number, is no limit', (text, limits) => {
    expect(parseQuota(bytes(text))).toEqual(limits)
    expect(parseQuota(null)).toEqual(none)
  })

  test('a usage is what old readers know', () => {
    expect(usageText({ count: 3, bytes: 40 })).toBe('count=3,bytes=40')
  })
})

describe('stats', () => {
  test('count the root of the quota, everything below it, and nothing beside it', () => {
    const counted = new Counted()
    counted.create('/a', '12')
    counted.create('/a/b', '345')
    counted.create('/ab', 'beside')
    counted.quota('/a', 'count=9,bytes=9')
    expect(counted.stats('/a')).toBe('count=2,bytes=5')

    counted.create('/a/b/c', '6')
    expect(counted.stats('/a')).toBe('count=3,bytes=6')
    counted.set('/a/b', '')
    expect(counted.stats('/a')).toBe('count=3,bytes=3')
    counted.set('/a', '1')
    counted.delete('/a/b/c')
    counted.create('/abc', 'beside')
    expect(counted.stats('/a')).toBe('count=2,bytes=1')
  })

  test('are no change of their own: neither version nor zxids nor times', () => {
    const counted = new Counted()
    counted.create('/a')
    counted.quota('/a', '')
    const before = statOf(counted.tree.get(quotaPaths('/a').stats)!)
    for (let number = 0; number < 9; number += 1) counted.create(`/a/${String(number)}`)

    expect(counted.stats('/a')).toBe('count=10,bytes=0')
    const after = statOf(counted.tree.get(quotaPaths('/a').stats)!)
    expect(after).toEqual({ ...before, dataLength: before.dataLength + 1 })
  })

  test('of a path that is not there are zero, and count it when it comes', () => {
    const counted = new Counted()
    counted.quota('/a/b', '')
    expect(counted.stats('/a/b')).toBe('count=0,bytes=0')

    counted.create('/a/b', 'x')
    expect(counted.stats('/a/b')).toBe('count=1,bytes=1')
  })

  test('that somebody writes are counted instead', () => {
    const counted = new Counted()
    counted.create('/a', 'x')
    counted.quota('/a', '')
    counted.set(quotaPaths('/a').stats, 'count=-5,bytes=many')
    expect(counted.stats('/a')).toBe('count=1,bytes=1')

    counted.delete(quotaPaths('/a').stats)
    counted.create('/a/b')
    counted.create(quotaPaths('/a').stats, 'anything')
    expect(counted.stats('/a')).toBe('count=2,bytes=1')
  })

  test('of a quota within a quota are each its own subtree; a znode is under the deepest', () => {
    const counted = new Counted()
    counted.create('/a/b/c')
    counted.quota('/a', 'count=1,bytes=-1')
    counted.quota('/a/b', 'count=2,bytes=-1')
    counted.create('/a/b/d')

    expect([counted.stats('/a'), counted.stats('/a/b')]).toEqual([
      'count=4,bytes=0',
      'count=3,bytes=0',
    ])
    const { quotas } = counted.tree
    expect(['/a', '/a/x', '/a/b', '/a/b/c/d', '/x'].map((path) => quotas.over(path)?.path)).toEqual(
      ['/a', '/a', '/a/b', '/a/b', undefined],
    )
    counted.delete(quotaPaths('/a/b').limits)
    expect(quotas.over('/a/b/c')?.path).toBe('/a')
  })

  test.each(['', '/zookeeper', '/zookeeper/config', 's/a'])(
    'there is no quota of "%s": its znodes are like any',
    (path) => {
      const counted = new Counted()
      counted.quota(path, 'count=0,bytes=0')
      counted.create('/zookeeper/x')

      expect(counted.tree.quotas.size).toBe(0)
      expect(counted.stats(path)).toBe('count=0,bytes=0')
    },
  )
})

describe('quotas', () => {
  test('D1, D2: are the same after a load, and right for what then changes', () => {
    const counted = new Counted()
    counted.create('/a/b', 'xy')
    counted.quota('/a', 'count=1,bytes=-1=;countHardLimit=3')
    counted.quota('/z', 'count=5,bytes=-1')

    const loaded = new Tree()
    const records = [...counted.tree.znodes()].map(recordOf).reverse()
    for (const record of records) loaded.load(record)
    for (const { path } of records) if (path !== '/') loaded.link(path)

    expect(loaded.digest.hex).toBe(counted.tree.digest.hex)
    expect(loaded.bytes).toBe(counted.tree.bytes)
    for (const path of ['/a', '/z']) {
      expect(loaded.quotas.get(path)).toEqual(counted.tree.quotas.get(path))
    }
    expect([...loaded.quotas.exceeded]).toEqual(['/a'])
    counted.delete('/a/b')
    loaded.apply({ type: 'delete', path: '/a/b' }, counted.tree.get('/a')!.pzxid, 1)
    expect(loaded.digest.hex).toBe(counted.tree.digest.hex)
  })

  test('D1, D2: what stats say is in the digest at once, and in the next checkpoint', () => {
    const counted = new Counted()
    const { tree } = counted
    counted.create('/a')
    counted.quota('/a', '')
    expect(tree.digest.hex).toBe(digestOf(tree.znodes(), []))
    tree.dirty.freeze()
    tree.dirty.take(100)
    counted.create('/a/b')

    expect(tree.digest.hex).toBe(digestOf(tree.znodes(), []))
    tree.dirty.freeze()
    const { stats } = quotaPaths('/a')
    expect(tree.dirty.take(100).map(([path]) => path)).toContain(stats)
  })

  test('soft limits are exceeded by more than they say, of either kind, until it is less', () => {
    const counted = new Counted()
    counted.create('/a', 'xy')
    counted.quota('/a', 'count=2,bytes=2')
    counted.create('/a/b')
    expect(counted.exceeded()).toEqual([])

    const before = counted.tree.quotas.exceeded
    counted.set('/a/b', 'z')
    expect(counted.exceeded()).toEqual(['/a'])
    expect(counted.tree.quotas.exceeded).not.toBe(before)
    counted.set('/a', '')
    counted.create('/a/c')
    expect(counted.exceeded()).toEqual(['/a'])
    counted.delete('/a/c')
    expect(counted.exceeded()).toEqual([])
  })

  test('other limits, and none at all, hold at once', () => {
    const counted = new Counted()
    counted.create('/a/b')
    counted.quota('/a', 'count=9,bytes=9')
    counted.set(quotaPaths('/a').limits, 'count=1,bytes=-1')
    expect(counted.exceeded()).toEqual(['/a'])

    counted.delete(quotaPaths('/a').limits)
    expect(counted.exceeded()).toEqual([])
    expect(counted.stats('/a')).toBe('count=2,bytes=0')
    counted.delete(quotaPaths('/a').stats)
    expect(counted.tree.quotas.size).toBe(0)
  })

  test('paths that are related to one that has limits are told', () => {
    const counted = new Counted()
    counted.quota('/a/b', 'count=9,bytes=9')
    const { quotas } = counted.tree
    expect(
      ['/a', '/a/b', '/a/b/c', '/a/bc', '/x'].map((path) => quotas.related(path)?.path),
    ).toEqual(['/a/b', undefined, '/a/b', undefined, undefined])
  })
})
