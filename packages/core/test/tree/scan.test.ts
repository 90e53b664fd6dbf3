import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  makeZxid,
  noSession,
  statOf,
  Tree,
  TreeScan,
  type ScanDepth,
  type ScannedZnode,
  type Stat,
  type TreeTxn,
  type Zxid,
} from '../../src/internal.ts'

/** A tree, and the zxid up to which it was changed. */
class Changing {
  readonly tree = Tree.empty()
  #counter = 0

  get at(): Zxid {
    return makeZxid(1, this.#counter)
  }

  create(path: string, data: Uint8Array | null = null): this {
    const parent = this.tree.get(path.slice(0, path.lastIndexOf('/')) || '/')
    const parentCreateCount = (parent?.createCount ?? 0) + 1
    return this.#apply({
      type: 'create',
      path,
      data,
      ephemeralOwner: noSession,
      reap: 0,
      parentCreateCount,
      acl: null,
    })
  }

  set(path: string, data: Uint8Array): this {
    const version = (this.tree.get(path)?.version ?? 0) + 1
    return this.#apply({ type: 'set', path, data, version })
  }

  delete(path: string): this {
    return this.#apply({ type: 'delete', path })
  }

  scan(path: string, depth: ScanDepth = 'subtree', maxKeptBytes = 1e9): TreeScan {
    return new TreeScan(this.tree, path, depth, this.at, maxKeptBytes)
  }

  #apply(txn: TreeTxn): this {
    this.#counter += 1
    this.tree.apply(txn, this.at, this.#counter)
    return this
  }
}

/** False of the znodes that every tree has below its root. */
function isOurs(path: string): boolean {
  return !path.startsWith('/zookeeper')
}

/** All that is left, but for the znodes that every tree has. */
function rest(scan: TreeScan): ScannedZnode[] {
  const found: ScannedZnode[] = []
  for (let znode = scan.next(); znode !== null; znode = scan.next()) found.push(znode)
  return found.filter(({ path }) => isOurs(path))
}

const pathsOf = (znodes: readonly ScannedZnode[]): string[] => znodes.map(({ path }) => path).sort()

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

describe('a scan', () => {
  test.each<[ScanDepth, string[]]>([
    ['node', ['/a']],
    ['children', ['/a', '/a/b', '/a/c']],
    ['subtree', ['/a', '/a/b', '/a/b/d', '/a/c']],
  ])('%s sees %j, and nothing beside', (depth, paths) => {
    const state = new Changing()
    for (const path of ['/a', '/a/b', '/a/b/d', '/a/c', '/ab', '/e']) state.create(path)

    expect(pathsOf(rest(state.scan('/a', depth)))).toEqual(paths)
  })

  test('parents come first, with their stats and data', () => {
    const state = new Changing().create('/a').create('/a/b', bytes(7))
    const found = rest(state.scan('/'))

    expect(found.map(({ path }) => path)).toEqual(['/', '/a', '/a/b'])
    expect(found[2]).toEqual({
      path: '/a/b',
      data: bytes(7),
      stat: statOf(state.tree.get('/a/b')!),
      acl: null,
    })
  })

  test('of nothing is over at once', () => {
    const state = new Changing()
    expect(rest(state.scan('/gone'))).toEqual([])
    expect(state.tree.scans.size).toBe(0)
  })

  test('what changes behind it is seen as it was: set, deleted, deleted and created anew', () => {
    const state = new Changing().create('/a').create('/a/b', bytes(1)).create('/c', bytes(2))
    state.create('/d')
    const before = ['/a', '/a/b', '/c', '/d'].map((path) => statOf(state.tree.get(path)!))
    const scan = state.scan('/')
    scan.next()
    state.set('/c', bytes(3)).delete('/a/b').delete('/a').create('/a', bytes(4)).create('/d/e')

    const found = rest(scan).sort((one, other) => (one.path < other.path ? -1 : 1))
    expect(pathsOf(found)).toEqual(['/a', '/a/b', '/c', '/d'])
    expect(found.map(({ stat }) => stat)).toEqual(before)
    expect(found.map(({ data }) => data)).toEqual([null, bytes(1), bytes(2), null])
  })

  test('is let go of by the tree at its end, and when it is closed', () => {
    const state = new Changing().create('/a')
    rest(state.scan('/'))
    const scan = state.scan('/')
    expect(state.tree.scans.size).toBe(1)
    scan.next()
    scan.close()

    expect(state.tree.scans.size).toBe(0)
    expect(scan.next()).toBeNull()
    expect(scan.isOverrun).toBe(false)
  })

  test('is overrun when more has changed than may be kept, and keeps nothing then', () => {
    const state = new Changing().create('/a').create('/b')
    const scan = state.scan('/', 'subtree', 2_000)
    state.set('/a', bytes(1))
    expect(scan.isOverrun).toBe(false)
    state.set('/a', new Uint8Array(3_000)).set('/b', bytes(1))
    expect(scan.isOverrun).toBe(false)

    scan.close()
    const other = state.scan('/', 'subtree', 2_000)
    state.set('/a', bytes(1))
    expect(other.isOverrun).toBe(true)
    expect(other.next()).toBeNull()
    expect(state.tree.scans.size).toBe(0)
  })

  test('the bound is one for all scans, and the oldest is overrun first', () => {
    const state = new Changing().create('/a', new Uint8Array(1_000)).create('/b')
    const scans = [1, 2, 3].map(() => state.scan('/', 'subtree', 4_000))
    state.set('/a', bytes(1))
    expect(scans.map((scan) => scan.isOverrun)).toEqual([true, false, false])

    state.set('/b', bytes(1))
    expect(scans.map((scan) => scan.isOverrun)).toEqual([true, false, false])
    expect(pathsOf(rest(scans[2]!))).toEqual(['/', '/a', '/b'])
  })

  test('keeps nothing of what it does not see', () => {
    const state = new Changing().create('/a').create('/a/b').create('/a/b/c').create('/z')
    const scan = state.scan('/a', 'children', 1)
    state.set('/z', bytes(1)).set('/a/b/c', bytes(1)).create('/a/d').set('/a/d', bytes(2))
    // The parent of what was created has changed, and it alone is kept.
    expect(scan.isOverrun).toBe(true)

    const wide = state.scan('/a', 'children', 1)
    state.set('/z', bytes(2)).set('/a/b/c', bytes(2))
    expect(wide.isOverrun).toBe(false)
  })

  test('whatever is taken when, and whatever happens between, is the state at its beginning', () => {
    const names = ['a', 'b', 'c']
    const place = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 })
    const step = fc.record({
      kind: fc.constantFrom('create', 'set', 'delete', 'take'),
      place: place.map((elements) => `/${elements.join('/')}`),
    })
    fc.assert(
      fc.property(fc.array(step), fc.array(step), (made, later) => {
        const state = new Changing()
        const act = (kind: string, path: string): void => {
          const znode = state.tree.get(path)
          const parent = state.tree.get(path.slice(0, path.lastIndexOf('/')) || '/')
          if (kind === 'create' && znode === undefined && parent !== undefined) state.create(path)
          if (kind === 'set' && znode !== undefined) state.set(path, bytes(znode.version & 255))
          if (kind === 'delete' && znode?.numChildren === 0) state.delete(path)
        }
        for (const one of made) act(one.kind, one.place)
        const expected = new Map<string, Stat>()
        for (const znode of state.tree.znodes()) {
          if (isOurs(znode.path)) expected.set(znode.path, statOf(znode))
        }

        const scan = state.scan('/')
        const found: ScannedZnode[] = []
        for (const one of later) {
          if (one.kind !== 'take') act(one.kind, one.place)
          else {
            const znode = scan.next()
            if (znode !== null && isOurs(znode.path)) found.push(znode)
          }
        }
        found.push(...rest(scan))

        expect(new Map(found.map(({ path, stat }) => [path, stat]))).toEqual(expected)
        expect(found.length).toBe(expected.size)
      }),
    )
  })
})
