import { describe, expect, test } from 'vitest'
import { makeZxid, noSession, SessionTable, Tree, type Zxid } from '../../src/internal.ts'
import { OutstandingChanges } from '../../src/server/outstanding-changes.ts'
import { SessionOutlooks } from '../../src/server/session-outlooks.ts'

const at = (counter: number): Zxid => makeZxid(1, counter)
const path = (index: number): string => `/${String(index)}`

/** A tree with so many znodes below the root, and what is to change in it. */
function treeOf(count: number): { readonly tree: Tree; readonly changes: OutstandingChanges } {
  const tree = Tree.empty()
  for (let index = 0; index < count; index += 1) {
    const create = { path: path(index), data: null, ephemeralOwner: noSession, reap: 0 } as const
    tree.apply({ type: 'create', ...create, parentCreateCount: index + 1, acl: null }, at(1), 1)
  }
  return { tree, changes: new OutstandingChanges(tree, new SessionOutlooks(new SessionTable())) }
}

describe('outstanding changes', () => {
  test('a znode is one and the same as long as its change is not applied, and right afterwards', () => {
    const { tree, changes } = treeOf(1)
    const znode = changes.look('/0')!
    expect(changes.set(znode, null, at(2))).toBe(1)
    expect(changes.look('/0')).toBe(znode)
    expect(changes.outstandingCount).toBe(1)

    tree.apply({ type: 'set', path: '/0', data: null, version: 1 }, at(2), 2)
    changes.forget(at(2))

    expect(changes.outstandingCount).toBe(0)
    expect(changes.look('/0')).toMatchObject({ version: 1, exists: true })
  })

  test('D4: what is taken back is as it was, also what was not there', () => {
    const { tree, changes } = treeOf(1)
    changes.begin()
    changes.set(changes.look('/0')!, new Uint8Array(9), at(2))
    changes.create('/new', changes.look('/')!, { data: null, acl: null, owner: null }, at(2))
    changes.takeBack()

    expect(changes.look('/0')).toMatchObject({ version: 0 })
    expect(changes.look('/new')).toBeUndefined()
    expect(changes.look('/')).toMatchObject({ childCount: 2, createCount: 1 })
    expect(changes.outstandingCount).toBe(0)
    expect(changes).toMatchObject({ znodeCount: tree.size, treeBytes: tree.bytes })
  })

  test('what is kept is bounded; what is outstanding is kept however much it is', () => {
    const { changes } = treeOf(13_000)
    const lookAt = (count: number): void => {
      for (let index = 0; index < count; index += 1) changes.look(path(index))
    }
    for (let index = 0; index < 10_000; index += 1) {
      changes.set(changes.look(path(index))!, null, at(2 + index))
    }

    changes.forget(at(2_001))
    expect(changes.keptCount).toBe(8_000)
    expect(changes.outstandingCount).toBe(8_000)

    lookAt(13_000)
    changes.forget(at(20_000))
    expect(changes.keptCount).toBe(0)
    lookAt(4_000)
    changes.forget(at(20_000))
    expect(changes.keptCount).toBe(4_000)
    lookAt(5_000)
    changes.forget(at(20_000))
    expect(changes.keptCount).toBe(0)
  })
})
