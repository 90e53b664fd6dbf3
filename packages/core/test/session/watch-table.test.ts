import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  makeZxid,
  sessionIdAt,
  WatchTable,
  type SessionId,
  type Watch,
  type WatchDepth,
} from '../../src/internal.ts'

function sessionNumber(counter: number): SessionId {
  return sessionIdAt(makeZxid(1, counter))
}

const one = sessionNumber(1)
const two = sessionNumber(2)

/** What sees a change of a path, by the definition of depth. */
function sees({ path: watched, depth }: Watch, path: string): boolean {
  if (watched === path) return true
  if (depth === 'node') return false
  const prefix = watched === '/' ? '/' : `${watched}/`
  if (!path.startsWith(prefix)) return false
  return depth === 'subtree' || !path.slice(prefix.length).includes('/')
}

const path = fc
  .array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 4 })
  .map((elements) => `/${elements.join('/')}`)
const depth = fc.constantFrom<WatchDepth>('node', 'children', 'subtree')
const session = fc.integer({ min: 1, max: 4 }).map(sessionNumber)
const watch = fc.integer({ min: 1, max: 6 })

const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('add'), session, watch, path, depth }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('remove'), session, watch }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove-session'), session }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('fire'), path }) },
)

/** So that two lists of watches compare as sets. */
function sorted(watches: Iterable<Watch>): string[] {
  return [...watches].map((each) => JSON.stringify(each)).sort()
}

describe('watch table', () => {
  test('W7, W8: it fires and forgets exactly as a list of watches would', () => {
    fc.assert(
      fc.property(fc.array(command as fc.Arbitrary<Command>, { maxLength: 60 }), (commands) => {
        const table = new WatchTable()
        let model: Watch[] = []
        for (const { type, session, watch, path, depth } of commands) {
          const isIt = (each: Watch): boolean => each.session === session && each.watch === watch
          if (type === 'add') {
            if (model.some(isIt)) continue
            table.add(session, watch, path, depth)
            model.push({ session, watch, path, depth })
          } else if (type === 'remove') {
            table.remove(session, watch)
            model = model.filter((each) => !isIt(each))
          } else if (type === 'remove-session') {
            table.removeSession(session)
            model = model.filter((each) => each.session !== session)
          } else {
            const expected = model.filter((each) => sees(each, path))
            expect(sorted(table.fire(path))).toEqual(sorted(expected))
          }
          expect(table.size).toBe(model.length)
          expect(table.pathCount).toBe(new Set(model.map((each) => each.path)).size)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('W7: a watch sees its znode; with children, those; with the subtree, all below', () => {
    const table = new WatchTable()
    table.add(one, 1, '/a', 'node')
    table.add(one, 2, '/a', 'children')
    table.add(one, 3, '/a', 'subtree')
    const seenAt = (changed: string): number[] => table.fire(changed).map((each) => each.watch)

    expect(seenAt('/a')).toEqual([1, 2, 3])
    expect(seenAt('/a/b')).toEqual([2, 3])
    expect(seenAt('/a/b/c')).toEqual([3])
    expect(seenAt('/ab')).toEqual([])
    expect(seenAt('/')).toEqual([])
  })

  test('W7: watches persist: the second change is seen like the first', () => {
    const table = new WatchTable()
    table.add(one, 1, '/a', 'node')

    expect(table.fire('/a')).toEqual(table.fire('/a'))
    expect(table.fire('/a')).toHaveLength(1)
  })

  test('W5: those of the path come first, then those above it, each in the order of adding', () => {
    const table = new WatchTable()
    table.add(two, 9, '/', 'subtree')
    table.add(two, 8, '/a', 'children')
    table.add(one, 1, '/a/b', 'node')
    table.add(two, 7, '/a/b', 'node')

    const order = table.fire('/a/b').map((each) => each.watch)

    expect(order).toEqual([1, 7, 8, 9])
  })

  test('W8: nothing is left of a session that is removed', () => {
    const table = new WatchTable()
    table.add(one, 1, '/a', 'node')
    table.add(one, 2, '/a/b', 'subtree')
    table.add(two, 1, '/a', 'children')
    expect(table.countOf(one)).toBe(2)

    table.removeSession(one)

    expect(table.fire('/a').map((each) => each.session)).toEqual([two])
    expect([table.countOf(one), table.size, table.pathCount]).toEqual([0, 1, 1])
    table.remove(two, 1)
    expect([table.countOf(two), table.size, table.pathCount]).toEqual([0, 0, 0])
  })

  test('removing what is not there is no matter, adding a number twice is', () => {
    const table = new WatchTable()
    table.remove(one, 1)
    table.removeSession(one)
    table.add(one, 1, '/a', 'node')

    expect(() => table.add(one, 1, '/b', 'node')).toThrow('used once')
    expect(() => table.add(two, 1, '/b', 'node')).not.toThrow()
  })
})

interface Command {
  readonly type: string
  readonly session: SessionId
  readonly watch: number
  readonly path: string
  readonly depth: WatchDepth
}
