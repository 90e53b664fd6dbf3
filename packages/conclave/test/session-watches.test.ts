import type { Change } from '@conclave/core'
import { makeZxid, RecentChanges, type WatchEvent } from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { changed, isSettled, rejectionOf, ScriptedHost } from './scripted-host.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Delivers changes to the first watch of the session. */
function tell(host: ScriptedHost, ...events: readonly WatchEvent[]): void {
  host.deliver(...events.map((event) => ({ type: 'watch-event', watch: 1, event }) as const))
}

/** What can be taken without waiting. */
async function takeAll(
  watch: AsyncIterator<Change>,
  count: number,
): Promise<(Change | undefined)[]> {
  const taken: (Change | undefined)[] = []
  for (let index = 0; index < count; index += 1) {
    taken.push((await watch.next()).value as Change | undefined)
  }
  return taken
}

describe('a watch', () => {
  test('is registered at once, and tells changes in order', async () => {
    const host = new ScriptedHost()
    const watch = host.session.watch('/a', { depth: 'subtree' })
    const [registered] = host.of('watch-added')
    const zxid = makeZxid(1, 4)

    tell(host, changed('/a', 3, 'x'), { type: 'deleted', path: '/a', zxid, data: null, stat: null })

    expect(registered).toMatchObject({ watch: 1, path: '/a', depth: 'subtree' })
    expect(await takeAll(watch, 2)).toEqual([
      expect.objectContaining({ type: 'changed', path: '/a', data: new Uint8Array([120]) }),
      { type: 'deleted', path: '/a', zxid },
    ])
  })

  test('W4: a waiting loop hears of a change before the reply of the same step is seen', async () => {
    const host = new ScriptedHost()
    const order: string[] = []
    const told = host.session
      .watch('/a')
      .next()
      .then(() => order.push('change'))
    const deleted = host.session.delete('/a').then(() => order.push('reply'))
    const zxid = makeZxid(1, 4)

    host.deliver(
      { type: 'watch-event', watch: 1, event: changed('/a', 3) },
      { type: 'reply', call: host.lastRequest.call, zxid, result: { type: 'delete' } },
    )

    await Promise.all([told, deleted])
    expect(order).toEqual(['change', 'reply'])
  })

  test('hands out bytes that are the caller’s own', async () => {
    const host = new ScriptedHost()
    const watch = host.session.watch('/a')
    const event = changed('/a', 3, 'x')
    tell(host, event)

    const change = (await watch.next()).value as Change & { data: Uint8Array }
    change.data[0] = 0

    expect(event.data).toEqual(new Uint8Array([120]))
  })

  test('W7: what does not fit becomes one gap, and what comes after the gap follows it', async () => {
    const host = new ScriptedHost()
    const watch = host.session.watch('/a', { highWaterMark: 2 })

    tell(host, ...[3, 4, 5, 6].map((counter) => changed('/a', counter)))
    const before = await takeAll(watch, 3)
    tell(host, changed('/a', 7))
    const [after] = await takeAll(watch, 1)

    expect(before.map((change) => change?.type)).toEqual(['changed', 'changed', 'gap'])
    expect(before[2]).toEqual({ type: 'gap', reason: 'overflow' })
    expect(after).toMatchObject({ type: 'changed', zxid: makeZxid(1, 7) })
  })

  test('W7: what waits is bounded in bytes too, and one change always fits', async () => {
    const host = new ScriptedHost()
    host.limits = { ...host.limits, maxWatchBytes: 4 }
    const watch = host.session.watch('/a')
    const next = async (): Promise<string | undefined> => (await takeAll(watch, 1))[0]?.type

    tell(host, changed('/a', 3, 'large data'))
    expect(await next()).toBe('changed')
    tell(host, changed('/a', 5, 'xxx'), changed('/a', 6, 'y'), changed('/a', 7, 'z'))
    expect([await next(), await next(), await next()]).toEqual(['changed', 'changed', 'gap'])
    tell(host, changed('/a', 8, 'xxxx'))
    expect(await next()).toBe('changed')
  })

  test('one for which there is no room rejects, and the host is not told to end it', async () => {
    const host = new ScriptedHost()
    const watch = host.session.watch('/a')

    host.deliver({ type: 'watch-refused', watch: 1, limit: 'maxSessionWatches' })

    expect(await rejectionOf(watch.next())).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      path: '/a',
      message: expect.stringContaining('limits.maxSessionWatches of 100000') as string,
    })
    expect(host.of('watch-removed')).toEqual([])
    expect(await watch.next()).toEqual({ done: true, value: undefined })
  })

  test('while the gap is not taken, nothing follows it: what was read since covers that', async () => {
    const host = new ScriptedHost()
    const watch = host.session.watch('/a', { highWaterMark: 1 })

    tell(host, changed('/a', 3), changed('/a', 4))
    await watch.next()
    tell(host, changed('/a', 5))

    expect(await watch.next()).toEqual({ done: false, value: { type: 'gap', reason: 'overflow' } })
    expect(await isSettled(watch.next())).toBe(false)
  })

  test('a snapshot that the peer took instead of pages is a gap as well', async () => {
    const host = new ScriptedHost()
    const watch = host.session.watch('/a')

    tell(host, changed('/a', 3))
    host.deliver({ type: 'watch-gap', watch: 1 })
    tell(host, changed('/a', 9))

    expect((await takeAll(watch, 3)).map((change) => change?.type)).toEqual([
      'changed',
      'gap',
      'changed',
    ])
  })

  test('W6: goes on behind a zxid: with what came since, then with what comes', async () => {
    const host = new ScriptedHost()
    const created = host.create('/a', 'one')
    const set = host.set('/a', 'two', 1)
    host.create('/b', '', 2)
    const watch = host.session.watch('/', { depth: 'subtree', since: created })

    tell(host, changed('/a', 9))

    expect(await takeAll(watch, 3)).toEqual([
      expect.objectContaining({ type: 'changed', path: '/a', zxid: set, data: bytes('two') }),
      expect.objectContaining({ type: 'created', path: '/b', data: bytes('') }),
      expect.objectContaining({ type: 'changed', path: '/a', zxid: makeZxid(1, 9) }),
    ])
  })

  test('W6: on a peer that lags it does not tell again what was told elsewhere', async () => {
    const host = new ScriptedHost()
    const watch = host.session.watch('/a', { since: makeZxid(1, 5) })

    tell(host, changed('/a', 4), changed('/a', 5), changed('/a', 6))

    expect(await takeAll(watch, 1)).toEqual([
      expect.objectContaining({ type: 'changed', zxid: makeZxid(1, 6) }),
    ])
  })

  test('W6: where changes since are forgotten, it begins with a gap', async () => {
    const host = new ScriptedHost()
    host.limits = { ...host.limits, maxRecentChanges: 1 }
    host.recent = new RecentChanges(host.limits, makeZxid(1, 1))
    const created = host.create('/a')
    host.set('/a', 'two', 1)
    const last = host.set('/a', 'three', 2)
    const forgotten = { type: 'gap', reason: 'forgotten' }

    const late = host.session.watch('/a', { since: created })
    const early = host.session.watch('/a', { since: makeZxid(1, 3) })

    expect((await late.next()).value).toEqual(forgotten)
    expect(await isSettled(late.next())).toBe(false)
    expect((await early.next()).value).toMatchObject({ zxid: last, data: bytes('three') })
  })

  test('`since` is a zxid, and not together with `initial`', () => {
    const { session } = new ScriptedHost()
    for (const since of [-1, 1.5, '1:2', null]) {
      expect(() => session.watch('/a', { since: since as never })).toThrow(
        `option since is ${since === '1:2' ? '"1:2"' : String(since)}: give the zxid`,
      )
    }
    expect(() => session.watch('/a', { since: makeZxid(1, 2), initial: true })).toThrow(
      'leave it out, or `initial`',
    )
  })

  test('thousands of changes are kept in order while they are taken', async () => {
    const host = new ScriptedHost()
    const watch = host.session.watch('/a', { highWaterMark: 5_000 })

    tell(host, ...Array.from({ length: 5_000 }, (_, index) => changed('/a', index + 1)))
    const taken = await takeAll(watch, 5_000)

    const counters = taken.map((change) => (change as { zxid: number }).zxid % 2 ** 32)
    expect(counters).toEqual(Array.from({ length: 5_000 }, (_, index) => index + 1))
  })

  test.each([
    ['node', ['/a']],
    ['children', ['/a', '/a/b', '/a/c']],
    ['subtree', ['/a', '/a/b', '/a/b/d', '/a/c']],
  ] as const)('initial begins with all that depth %s sees, parents first', async (depth, paths) => {
    const host = new ScriptedHost()
    host.create('/a', '1', 1)
    host.create('/a/c', '2', 1)
    host.create('/a/b', '3', 2)
    const zxid = host.create('/a/b/d', '4', 1)
    const watch = host.session.watch('/a', { depth, initial: true, highWaterMark: 1 })

    tell(host, changed('/a', 99))
    const taken = await takeAll(watch, paths.length + 1)

    expect(taken.slice(0, -1)).toEqual(
      paths.map((path) => expect.objectContaining({ type: 'snapshot', path, zxid }) as Change),
    )
    expect(taken.at(-1)).toMatchObject({ type: 'changed' })
  })

  test('initial shows one state, however late it is taken', async () => {
    const host = new ScriptedHost()
    host.create('/a', 'old')
    const watch = host.session.watch('/a', { initial: true })

    host.set('/a', 'new', 1)

    const { value } = await watch.next()
    expect(new TextDecoder().decode((value as { data: Uint8Array }).data)).toBe('old')
  })
})

describe('the end of a watch', () => {
  test('W8: leaving the loop unregisters it', async () => {
    const host = new ScriptedHost()
    tell(host)
    const watch = host.session.watch('/a')
    tell(host, changed('/a', 3), changed('/a', 4))

    for await (const change of watch) {
      expect(change.type).toBe('changed')
      break
    }

    expect(host.of('watch-removed')).toMatchObject([{ watch: 1 }])
    expect(await watch.next()).toEqual({ done: true, value: undefined })
  })

  test('W8: its signal ends it quietly', async () => {
    const host = new ScriptedHost()
    const controller = new AbortController()
    const seen: Change[] = []
    const loop = (async () => {
      for await (const change of host.session.watch('/a', { signal: controller.signal })) {
        seen.push(change)
      }
    })()

    tell(host, changed('/a', 3))
    await isSettled(loop)
    controller.abort()
    await loop

    expect(seen).toHaveLength(1)
    expect(host.of('watch-removed')).toHaveLength(1)
  })

  test('W8: disposing of it is enough, and twice is once', async () => {
    const host = new ScriptedHost()
    const watch = host.session.watch('/a')
    const waiting = watch.next()

    await watch[Symbol.asyncDispose]()
    await watch.return()

    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(host.of('watch-removed')).toHaveLength(1)
  })

  test('a signal that is aborted already registers nothing', async () => {
    const host = new ScriptedHost()
    const watch = host.session.watch('/a', { signal: AbortSignal.abort() })

    expect(await watch.next()).toEqual({ done: true, value: undefined })
    expect(host.submitted).toEqual([])
  })

  test('closing the session ends it quietly, behind what was told', async () => {
    const host = new ScriptedHost()
    const watch = host.session.watch('/a')
    tell(host, changed('/a', 3))

    void host.session.close().catch(() => undefined)

    expect((await watch.next()).value).toMatchObject({ type: 'changed' })
    expect((await watch.next()).done).toBe(true)
    expect(host.of('watch-removed')).toEqual([])
  })

  test('expiry is an error, once, behind what was told', async () => {
    const host = new ScriptedHost()
    const watch = host.session.watch('/a')
    tell(host, changed('/a', 3))

    host.deliver({ type: 'ended', reason: 'expired' })

    expect((await watch.next()).value).toMatchObject({ type: 'changed' })
    expect(await rejectionOf(watch.next())).toMatchObject({ code: 'SESSION_EXPIRED' })
    expect((await watch.next()).done).toBe(true)
  })

  test('on a session that is over, the first change is the error', async () => {
    const host = new ScriptedHost()
    host.deliver({ type: 'ended', reason: 'expired' })

    const watch = host.session.watch('/a')

    expect(await rejectionOf(watch.next())).toMatchObject({ code: 'SESSION_EXPIRED' })
  })

  test.each([
    [{ depth: 'all' }, 'depth'],
    [{ highWaterMark: 0 }, 'highWaterMark'],
    [{ recursive: true }, 'recursive'],
    [{ initial: 1 }, 'initial'],
  ])('options %j: refused where they are given', (options, key) => {
    const host = new ScriptedHost()

    expect(() => host.session.watch('/a', options as never)).toThrow(key)
    expect(host.submitted).toEqual([])
  })
})
