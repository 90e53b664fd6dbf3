import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  makeZxid,
  noSession,
  recordOf,
  reapedWhenEmptied,
  Tree,
  type TreeTxn,
} from '../../src/internal.ts'

/** A tree, and txns of one change each, at the time that the test says. */
class Growing {
  readonly tree = Tree.empty()
  #counter = 0

  apply(txn: TreeTxn, timeMs = 0): void {
    this.#counter += 1
    this.tree.apply(txn, makeZxid(1, this.#counter), timeMs)
  }

  create(path: string, reap = 0, timeMs = 0): void {
    const parent = this.tree.get(path.slice(0, path.lastIndexOf('/')) || '/')!
    const parentCreateCount = parent.createCount + 1
    const data = null
    const txn = { path, data, ephemeralOwner: noSession, reap, parentCreateCount, acl: null }
    this.apply({ type: 'create', ...txn }, timeMs)
  }

  set(path: string, timeMs: number): void {
    const version = this.tree.get(path)!.version + 1
    this.apply({ type: 'set', path, data: null, version }, timeMs)
  }

  delete(path: string): void {
    this.apply({ type: 'delete', path })
  }

  due(wallMs: number, max = 100, turn = 0): string[] {
    return this.tree.reapables.due(wallMs, max, turn).map(({ path }) => path)
  }
}

describe('containers', () => {
  test('D6: one is due once its last child has gone, not before it ever had one', () => {
    const growing = new Growing()
    growing.create('/c', reapedWhenEmptied)
    expect(growing.due(1e15)).toEqual([])

    growing.create('/c/1')
    growing.create('/c/2')
    growing.delete('/c/1')
    expect(growing.due(1e15)).toEqual([])

    growing.delete('/c/2')
    expect(growing.due(0)).toEqual(['/c'])
    growing.create('/c/3')
    expect(growing.due(0)).toEqual([])
  })

  test('one that has been deleted is due no more', () => {
    const growing = new Growing()
    growing.create('/c', reapedWhenEmptied)
    growing.create('/c/1')
    growing.delete('/c/1')
    growing.delete('/c')
    expect(growing.due(0)).toEqual([])
    expect(growing.tree.reapables.size).toBe(0)
  })
})

describe('znodes with a TTL', () => {
  test('D6: one is due when its TTL has passed since its last set, not at that very moment', () => {
    const growing = new Growing()
    growing.create('/t', 50, 1_000)
    expect([growing.due(1_050), growing.due(1_051)]).toEqual([[], ['/t']])

    growing.set('/t', 1_040)
    expect([growing.due(1_090), growing.due(1_091)]).toEqual([[], ['/t']])
  })

  test('D6: one with children is not due, and it is when the last has gone: no set, no renewal', () => {
    const growing = new Growing()
    growing.create('/t', 50, 1_000)
    growing.create('/t/child', 0, 2_000)
    expect(growing.due(5_000)).toEqual([])

    growing.delete('/t/child')
    expect(growing.due(1_051)).toEqual(['/t'])
  })

  test('a clock that was set back makes none due that it then is not', () => {
    const growing = new Growing()
    growing.create('/late', 10, 9_000)
    growing.create('/early', 10, 1_000)
    expect(growing.due(2_000)).toEqual(['/early'])
  })

  test('what is due is handed over in parts, one kind and the other in turn', () => {
    const growing = new Growing()
    for (let index = 1; index <= 4; index += 1) {
      growing.create(`/t${String(index)}`, 1, index)
      const container = `/c${String(index)}`
      growing.create(container, reapedWhenEmptied)
      growing.create(`${container}/1`)
      growing.delete(`${container}/1`)
    }
    const parts = growing.due(1e6, 4).map((path) => path.slice(0, 2))
    expect(parts).toEqual(['/c', '/t', '/c', '/t'])
    expect(growing.due(1e6, 1, 1)).toEqual(['/t1'])
    expect(growing.due(1e6, 1, 2)).toEqual(['/c1'])
    expect(new Set(growing.due(1e6, 20)).size).toBe(8)

    for (const path of ['/c1', '/c2', '/c3']) growing.delete(path)
    expect(growing.due(1e6, 4).filter((path) => path.startsWith('/t'))).toHaveLength(3)
  })
})

const step = fc.record({
  kind: fc.constantFrom('create', 'create', 'create', 'set', 'delete'),
  reap: fc.constantFrom(0, reapedWhenEmptied, 5, 20, 100),
  pick: fc.nat(1_000),
  timeMs: fc.nat(200),
})

/** What is due by its definition, looked for in the whole tree. */
function dueByDefinition(tree: Tree, wallMs: number): string[] {
  return [...tree.znodes()]
    .filter(({ numChildren, reap, createCount, mtime }) => {
      if (numChildren > 0 || reap === 0) return false
      return reap < 0 ? createCount > 0 : wallMs - mtime > reap
    })
    .map(({ path }) => path)
    .sort()
}

test('D6: the index says what a look at every znode would, whatever happened, after a load too', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(300), (steps, wallMs) => {
      const growing = new Growing()
      const { tree } = growing
      for (const [index, { kind, reap, pick, timeMs }] of steps.entries()) {
        const paths = [...tree.znodes()].map(({ path }) => path)
        const path = paths[pick % paths.length]!
        if (kind === 'create') {
          growing.create(`${path === '/' ? '' : path}/${String(index)}`, reap, timeMs)
        } else if (kind === 'set') {
          growing.set(path, timeMs)
        } else if (!/^\/(zookeeper|$)/.test(path) && tree.get(path)?.numChildren === 0) {
          growing.delete(path)
        }
        expect(growing.due(wallMs).sort()).toEqual(dueByDefinition(tree, wallMs))
      }
      const loaded = new Tree()
      const records = [...tree.znodes()].map(recordOf)
      const unlinked = records.reverse().filter((record) => !loaded.load(record))
      for (const record of unlinked) loaded.link(record.path)
      const due = loaded.reapables.due(wallMs, 1_000, 0).map((znode) => znode.path)
      expect(due.sort()).toEqual(dueByDefinition(tree, wallMs))
    }),
    { numRuns: 300 },
  )
})
