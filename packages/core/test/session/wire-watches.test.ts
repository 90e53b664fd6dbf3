import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  makeZxid,
  sessionIdAt,
  WireWatches,
  type SessionId,
  type WireWatchEvent,
  type WireWatchMode,
  type WireWatchType,
  type Zxid,
} from '../../src/internal.ts'

const at = (counter: number): Zxid => makeZxid(1, counter)
const sessionNumber = (counter: number): SessionId => sessionIdAt(at(counter))
const one = sessionNumber(1)
const two = sessionNumber(2)

/** Events without the session, in order. */
function told(events: readonly WireWatchEvent[], session = one): string[] {
  return events.filter((event) => event.session === session).map((event) => tellingOf(event))
}

const tellingOf = ({ type, path }: WireWatchEvent): string => `${type} ${path}`

function watchesOf(...added: [WireWatchMode, string, SessionId?][]): WireWatches {
  const watches = new WireWatches()
  for (const [mode, path, session] of added) watches.add(session ?? one, path, mode)
  return watches
}

describe('standard watches', () => {
  test('a data watch hears of creation, change and deletion, each once', () => {
    const watches = watchesOf(['data', '/a'])
    expect(told(watches.onCreated('/a'))).toEqual(['created /a'])
    expect(told(watches.onChanged('/a'))).toEqual([])

    watches.add(one, '/a', 'data')
    expect(told(watches.onChanged('/a'))).toEqual(['changed /a'])
    watches.add(one, '/a', 'data')
    expect(told(watches.onDeleted('/a'))).toEqual(['deleted /a'])
    expect(watches.size).toBe(0)
  })

  test('a child watch hears of children that come and go, and of the deletion of its own znode', () => {
    const watches = watchesOf(['child', '/a'])
    expect(told(watches.onCreated('/a/b'))).toEqual(['children-changed /a'])

    watches.add(one, '/a', 'child')
    expect(told(watches.onChanged('/a/b'))).toEqual([])
    expect(told(watches.onChanged('/a'))).toEqual([])
    expect(told(watches.onDeleted('/a/b'))).toEqual(['children-changed /a'])
    watches.add(one, '/a', 'child')
    expect(told(watches.onDeleted('/a'))).toEqual(['deleted /a'])
  })

  test('who watches data and children of what is deleted, and children of its parent, hears twice', () => {
    const watches = watchesOf(['data', '/a/b'], ['child', '/a/b'], ['child', '/a'])

    expect(told(watches.onDeleted('/a/b'))).toEqual(['deleted /a/b', 'children-changed /a'])
    expect(watches.size).toBe(0)
  })

  test('the same watch twice is one, and each session has its own', () => {
    const watches = watchesOf(['data', '/a'], ['data', '/a'], ['data', '/a', two])
    const events = watches.onChanged('/a')

    expect(told(events, one)).toEqual(['changed /a'])
    expect(told(events, two)).toEqual(['changed /a'])
  })
})

describe('persistent watches', () => {
  test('stay, and hear of the znode and of the list of its children', () => {
    const watches = watchesOf(['persistent', '/a'])
    for (let round = 0; round < 2; round += 1) {
      expect(told(watches.onCreated('/a'))).toEqual(['created /a'])
      expect(told(watches.onCreated('/a/b'))).toEqual(['children-changed /a'])
      expect(told(watches.onChanged('/a'))).toEqual(['changed /a'])
      expect(told(watches.onChanged('/a/b'))).toEqual([])
      expect(told(watches.onDeleted('/a/b'))).toEqual(['children-changed /a'])
      expect(told(watches.onDeleted('/a'))).toEqual(['deleted /a'])
    }
  })

  test('a recursive one hears of every znode at or below, and of no list', () => {
    const watches = watchesOf(['recursive', '/a'])
    expect(told(watches.onCreated('/a'))).toEqual(['created /a'])
    expect(told(watches.onCreated('/a/b'))).toEqual(['created /a/b'])
    expect(told(watches.onCreated('/a/b/c'))).toEqual(['created /a/b/c'])
    expect(told(watches.onDeleted('/a/b/c'))).toEqual(['deleted /a/b/c'])
    expect(told(watches.onCreated('/ab'))).toEqual([])
    expect(told(watchesOf(['recursive', '/']).onChanged('/x/y'))).toEqual(['changed /x/y'])
  })

  test('a session hears of one change once, in however many modes and from wherever it watches', () => {
    const watches = watchesOf(
      ['data', '/a/b'],
      ['persistent', '/a/b'],
      ['recursive', '/a/b'],
      ['recursive', '/a'],
      ['recursive', '/'],
    )

    expect(told(watches.onChanged('/a/b'))).toEqual(['changed /a/b'])
  })

  test('a standard one beside a persistent one is gone once it has fired', () => {
    const watches = watchesOf(['data', '/a'], ['persistent', '/a'])
    watches.onChanged('/a')

    expect(watches.has(one, '/a', 'data')).toBe(false)
    expect(watches.has(one, '/a', 'persistent')).toBe(true)
  })
})

describe('taking back', () => {
  const modes: readonly WireWatchMode[] = ['data', 'child', 'persistent', 'recursive']

  test.each(modes)('ZOOKEEPER-4466: %s takes that mode alone', (taken) => {
    const watches = watchesOf(...modes.map((mode): [WireWatchMode, string] => [mode, '/a']))

    expect(watches.remove(one, '/a', taken)).toBe(true)
    expect(watches.remove(one, '/a', taken)).toBe(false)
    const left = modes.filter((mode) => watches.has(one, '/a', mode))
    expect(left).toEqual(modes.filter((mode) => mode !== taken))
  })

  test('any takes all modes of the path, and says whether there was one', () => {
    const watches = watchesOf(
      ['data', '/a'],
      ['persistent', '/a'],
      ['data', '/b'],
      ['data', '/a', two],
    )

    expect(watches.has(one, '/a', 'any')).toBe(true)
    expect(watches.remove(one, '/a', 'any')).toBe(true)
    expect(watches.has(one, '/a', 'any')).toBe(false)
    expect(watches.remove(one, '/a', 'any')).toBe(false)
    expect(watches.has(one, '/b', 'data')).toBe(true)
    expect(watches.has(two, '/a', 'data')).toBe(true)
  })

  test('W8: nothing is left of a session', () => {
    const watches = watchesOf(...modes.map((mode): [WireWatchMode, string] => [mode, '/a']))
    watches.add(two, '/a', 'data')
    expect(watches.countOf(one)).toBe(2)
    watches.removeSession(one)

    expect(watches.countOf(one)).toBe(0)
    expect(watches.size).toBe(1)
  })
})

describe('restoring', () => {
  const nothing = { data: [], exist: [], child: [], persistent: [], recursive: [] }
  const tree = new Map([
    ['/old', { mzxid: at(5), pzxid: at(5) }],
    ['/set', { mzxid: at(11), pzxid: at(5) }],
    ['/grown', { mzxid: at(5), pzxid: at(11) }],
  ])
  const find = (path: string): { mzxid: Zxid; pzxid: Zxid } | undefined => tree.get(path)

  test('W6: what was missed is told, and what was not is watched again', () => {
    const watches = new WireWatches()
    const paths = ['/old', '/set', '/grown', '/gone']
    const restoration = { ...nothing, after: at(10), data: paths, child: paths, exist: paths }

    expect(told(watches.restore(one, restoration, find))).toEqual([
      'changed /set',
      'deleted /gone',
      'created /old',
      'created /set',
      'created /grown',
      'children-changed /grown',
      'deleted /gone',
    ])
    expect(watches.has(one, '/old', 'data')).toBe(true)
    expect(watches.has(one, '/grown', 'data')).toBe(true)
    expect(watches.has(one, '/gone', 'data')).toBe(true)
    expect(watches.has(one, '/set', 'data')).toBe(false)
    expect(watches.has(one, '/set', 'child')).toBe(true)
    expect(watches.has(one, '/gone', 'child')).toBe(false)
  })

  test('persistent ones are watched again, and told nothing', () => {
    const watches = new WireWatches()
    const restoration = { ...nothing, after: at(1), persistent: ['/gone'], recursive: ['/set'] }

    expect(watches.restore(one, restoration, find)).toEqual([])
    expect(watches.has(one, '/gone', 'persistent')).toBe(true)
    expect(watches.has(one, '/set', 'recursive')).toBe(true)
  })
})

/** The table of the reference, as a list of registrations that is searched anew each time. */
class NaiveWatches {
  #list: { session: SessionId; path: string; mode: WireWatchMode }[] = []

  add(session: SessionId, path: string, mode: WireWatchMode): void {
    this.remove(session, path, mode)
    this.#list.push({ session, path, mode })
  }

  remove(session: SessionId, path: string, type: WireWatchType): boolean {
    const before = this.#list.length
    this.#list = this.#list.filter(
      (one) =>
        one.session !== session || one.path !== path || (type !== 'any' && one.mode !== type),
    )
    return this.#list.length < before
  }

  end(session: SessionId): void {
    this.#list = this.#list.filter((one) => one.session !== session)
  }

  /** Each session that hears of it, and takes what fires once. */
  #fire(path: string, modes: readonly WireWatchMode[], type: string): string[] {
    const isSeen = (one: { path: string; mode: WireWatchMode }): boolean => {
      if (!modes.includes(one.mode)) return false
      if (one.path === path) return true
      return one.mode === 'recursive' && path.startsWith(one.path === '/' ? '/' : `${one.path}/`)
    }
    const sessions = new Set(this.#list.filter(isSeen).map(({ session }) => session))
    const isSpent = (one: { path: string; mode: WireWatchMode }): boolean =>
      one.path === path && modes.includes(one.mode) && (one.mode === 'data' || one.mode === 'child')
    this.#list = this.#list.filter((one) => !isSpent(one))
    return [...sessions].map((session) => `${session} ${type} ${path}`)
  }

  change(type: 'created' | 'changed' | 'deleted', path: string): string[] {
    const heard = this.#fire(path, ['data', 'persistent', 'recursive'], type)
    if (type === 'deleted') {
      const more = this.#fire(path, ['child', 'persistent'], type)
      heard.push(...more.filter((event) => !heard.includes(event)))
    }
    if (type === 'changed' || path === '/') return heard
    const parent = path.slice(0, path.lastIndexOf('/')) || '/'
    return [...heard, ...this.#fire(parent, ['child', 'persistent'], 'children-changed')]
  }
}

test('W7: any program of watches and changes comes to what the table says, in its order', () => {
  const path = fc
    .array(fc.constantFrom('a', 'b'), { maxLength: 3 })
    .map((elements) => `/${elements.join('/')}`)
  const session = fc.integer({ min: 1, max: 3 }).map(sessionNumber)
  const mode = fc.constantFrom<WireWatchMode>('data', 'child', 'persistent', 'recursive')
  const type = fc.constantFrom<WireWatchType>('data', 'child', 'persistent', 'recursive', 'any')
  const change = fc.constantFrom('created', 'changed', 'deleted')
  const command = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), session, path, mode }),
    fc.record({ kind: fc.constant('remove' as const), session, path, type }),
    fc.record({ kind: fc.constant('end' as const), session }),
    fc.record({ kind: fc.constant('change' as const), path, change }),
  )
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      const watches = new WireWatches()
      const naive = new NaiveWatches()
      for (const command of commands) {
        if (command.kind === 'add') {
          watches.add(command.session, command.path, command.mode)
          naive.add(command.session, command.path, command.mode)
        } else if (command.kind === 'remove') {
          expect(watches.remove(command.session, command.path, command.type)).toBe(
            naive.remove(command.session, command.path, command.type),
          )
        } else if (command.kind === 'end') {
          watches.removeSession(command.session)
          naive.end(command.session)
        } else {
          const { path: changed, change: how } = command
          const events =
            how === 'created'
              ? watches.onCreated(changed)
              : how === 'changed'
                ? watches.onChanged(changed)
                : watches.onDeleted(changed)
          const heard = events.map((event) => `${event.session} ${tellingOf(event)}`)
          const expected = naive.change(how, changed)
          for (const number of [1, 2, 3]) {
            const isOf = (event: string): boolean => event.startsWith(`${sessionNumber(number)} `)
            expect(heard.filter(isOf)).toEqual(expected.filter(isOf))
          }
        }
      }
    }),
  )
})
