import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  makeZxid,
  noSession,
  RecentChanges,
  statOf,
  zeroZxid,
  type AclEntry,
  type WatchDepth,
  type WatchEvent,
  type Zxid,
} from '../../src/internal.ts'
import { Znode } from '../../src/tree/znode.ts'

const anybody: readonly AclEntry[] = [{ permissions: 1, scheme: 'world', id: 'anyone' }]
const nobody: readonly AclEntry[] = [{ permissions: 0, scheme: 'world', id: 'anyone' }]

function znodeAt(path: string, zxid: Zxid, data: Uint8Array | null, acl = anybody): Znode {
  const owner = { ephemeralOwner: noSession, reap: 0, acl } as const
  const counts = { version: 3, createCount: 7, aversion: 1 }
  const times = { czxid: makeZxid(1, 1), mzxid: zxid, pzxid: zxid, ctime: 2 ** 40, mtime: 5 }
  return new Znode({ path, data, ...times, ...counts, ...owner })
}

/** What is within a watch, by the definition of depth. */
function isSeen(path: string, root: string, depth: WatchDepth): boolean {
  if (path === root) return true
  const prefix = root === '/' ? '/' : `${root}/`
  if (depth === 'node' || !path.startsWith(prefix)) return false
  return depth === 'subtree' || !path.slice(prefix.length).includes('/')
}

const path = fc
  .array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 3 })
  .map((elements) => `/${elements.join('/')}`)
const change = fc.record({
  type: fc.constantFrom('created', 'changed', 'deleted'),
  path,
  data: fc.option(fc.uint8Array({ maxLength: 40 })),
  isHidden: fc.boolean(),
  /** Whether it is of the txn of the change before it. */
  joins: fc.boolean(),
})

describe('recent changes', () => {
  test('W6, W9: behind a zxid stands exactly what came behind it and may be read, or a word that it is forgotten', () => {
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 60 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 300 }),
        path,
        fc.constantFrom('node', 'children', 'subtree'),
        (changes, maxRecentChanges, maxRecentBytes, root, depth) => {
          const recent = new RecentChanges({ maxRecentChanges, maxRecentBytes }, zeroZxid)
          const all: WatchEvent[] = []
          const hidden = new Set<WatchEvent>()
          let counter = 1
          for (const { type, path, data, isHidden, joins } of changes) {
            if (!joins) counter += 1
            const zxid = makeZxid(2, counter)
            const znode = znodeAt(path, zxid, data, isHidden ? nobody : anybody)
            recent.note(type, znode, zxid)
            // What the tree does with its znode and its bytes afterwards is no matter.
            const isGone = type === 'deleted'
            const kept = isGone ? null : (data?.slice() ?? null)
            const event = { type, path, zxid, data: kept, stat: isGone ? null : statOf(znode) }
            all.push(event)
            if (isHidden) hidden.add(event)
            data?.fill(0)
            znode.version = -5
          }
          const kept = all.slice(all.length - recent.size)
          expect(recent.size).toBeLessThanOrEqual(maxRecentChanges)
          const bytes = kept.reduce((sum, { data }) => sum + (data?.length ?? 0), 0)
          expect(bytes).toBeLessThanOrEqual(maxRecentBytes)
          expect(recent.horizon).toBe(all[all.length - recent.size - 1]?.zxid ?? zeroZxid)

          for (let at = 0; at <= counter + 1; at += 1) {
            const since = makeZxid(2, at)
            const seen = all.filter(
              (event) =>
                event.zxid > since && isSeen(event.path, root, depth) && !hidden.has(event),
            )
            const told = recent.behind(since, root, depth, [])
            if (since < recent.horizon) expect(told).toBeNull()
            else expect(told).toEqual(seen)
          }
        },
      ),
    )
  })

  test('a small bound forgets no more than it must', () => {
    const recent = new RecentChanges({ maxRecentChanges: 2, maxRecentBytes: 100 }, zeroZxid)
    for (let counter = 1; counter <= 5; counter += 1) {
      const zxid = makeZxid(1, counter)
      recent.note('changed', znodeAt('/a', zxid, new Uint8Array(50)), zxid)
    }
    expect(recent.size).toBe(2)
    expect(recent.horizon).toBe(makeZxid(1, 3))
  })

  test('data that no bound has room for is forgotten with all before it, and what follows is kept', () => {
    const recent = new RecentChanges({ maxRecentChanges: 9, maxRecentBytes: 10 }, zeroZxid)
    for (const [counter, length] of [5, 11, 3].entries()) {
      const zxid = makeZxid(1, counter + 1)
      recent.note('changed', znodeAt('/a', zxid, new Uint8Array(length)), zxid)
    }
    expect(recent.behind(makeZxid(1, 1), '/a', 'node', [])).toBeNull()
    expect(recent.behind(makeZxid(1, 2), '/a', 'node', [])).toHaveLength(1)
  })

  test('a snapshot forgets everything up to its end', () => {
    const recent = new RecentChanges({ maxRecentChanges: 9, maxRecentBytes: 10 }, zeroZxid)
    recent.note('deleted', znodeAt('/a', makeZxid(1, 1), null), makeZxid(1, 1))
    recent.forgetAll(makeZxid(1, 8))
    recent.note('deleted', znodeAt('/b', makeZxid(1, 9), null), makeZxid(1, 9))

    expect(recent.behind(makeZxid(1, 7), '/', 'subtree', [])).toBeNull()
    expect(recent.behind(makeZxid(1, 8), '/', 'subtree', [])).toMatchObject([{ path: '/b' }])
  })
})
