import { CoordinationError, defaultLimits, makeZxid } from '@conclave/core/internal'
import type { ScannedZnode } from '@conclave/core'
import { describe, expect, test } from 'vitest'
import { isSettled, rejectionOf, ScriptedHost, sessionId, statAt } from './scripted-host.ts'

/** `/a` with children `b` and `c`, and `/a/b/d`. */
function hostOfFamily(): ScriptedHost {
  const host = new ScriptedHost()
  host.create('/a', '1')
  host.create('/a/b', '2', 1)
  host.create('/a/c', '3', 2)
  host.create('/a/b/d', '4', 1)
  return host
}

async function allOf(scan: AsyncIterable<ScannedZnode>): Promise<ScannedZnode[]> {
  const found: ScannedZnode[] = []
  for await (const znode of scan) found.push(znode)
  return found
}

const pathsOf = (znodes: readonly ScannedZnode[]): string[] => znodes.map(({ path }) => path).sort()

describe('scan', () => {
  test('shows a znode and its children, or as deep as it is told', async () => {
    const { session } = hostOfFamily()

    expect(pathsOf(await allOf(session.scan('/a')))).toEqual(['/a', '/a/b', '/a/c'])
    expect(pathsOf(await allOf(session.scan('/a', { depth: 'node' })))).toEqual(['/a'])
    expect(pathsOf(await allOf(session.scan('/a', { depth: 'subtree' })))).toEqual([
      '/a',
      '/a/b',
      '/a/b/d',
      '/a/c',
    ])
  })

  test('shows one state, whatever is written while the loop takes its time', async () => {
    const host = hostOfFamily()
    const before = host.replica.lastApplied
    const found: ScannedZnode[] = []
    for await (const znode of host.session.scan('/a', { depth: 'subtree' })) {
      found.push(znode)
      if (found.length > 1) continue
      host.set('/a/c', 'later', 1)
      host.apply({ type: 'delete', path: '/a/b/d' })
      host.create('/a/e', '', 3)
    }

    expect(pathsOf(found)).toEqual(['/a', '/a/b', '/a/b/d', '/a/c'])
    expect(found.every(({ zxid }) => zxid === before)).toBe(true)
    const c = found.find(({ path }) => path === '/a/c')
    expect(new TextDecoder().decode(c?.data)).toBe('3')
    expect(c?.stat.version).toBe(0)
  })

  test('hands out bytes that are the caller’s own', async () => {
    const host = hostOfFamily()
    for await (const { data } of host.session.scan('/a')) data.fill(0)

    expect(new TextDecoder().decode(host.session.peek('/a/b')?.data)).toBe('2')
  })

  test('rejects where there is nothing, and throws for what cannot be', async () => {
    const { session } = new ScriptedHost()

    expect(await rejectionOf(session.scan('/a').next())).toMatchObject({ code: 'NO_NODE' })
    expect(() => session.scan('a')).toThrow(/does not begin with/)
    expect(() => session.scan('/a', { depth: 'all' as never })).toThrow(/depth/)
  })

  test('begins behind the session’s own writes', async () => {
    const host = hostOfFamily()
    const written = host.session.set('/a', 'mine')
    const first = host.session.scan('/a', { depth: 'node' }).next()
    expect(await isSettled(first)).toBe(false)

    const zxid = host.set('/a', 'mine', 1)
    const result = { type: 'set', stat: statAt(zxid) } as const
    host.deliver({ type: 'reply', call: host.lastRequest.call, zxid, result })
    await written
    expect((await first).value?.stat.version).toBe(1)
  })

  test('ends with its signal, with its session, or with return(), and keeps nothing then', async () => {
    const host = hostOfFamily()
    const { scans } = host.replica.tree
    const controller = new AbortController()
    const [aborted, closed, left] = [
      host.session.scan('/a', { signal: controller.signal }),
      host.session.scan('/a'),
      host.session.scan('/a'),
    ]
    await Promise.all([aborted.next(), closed.next(), left.next()])
    expect(scans.size).toBe(3)

    await left.return()
    expect(scans.size).toBe(2)
    controller.abort(new Error('enough'))
    const error = await rejectionOf(aborted.next())
    expect(error).toMatchObject({ code: 'ABORTED', outcome: 'not-applied' })
    expect(scans.size).toBe(1)

    host.deliver({ type: 'ended', reason: 'expired' })
    expect(scans.size).toBe(0)
    expect(await rejectionOf(closed.next())).toMatchObject({ code: 'SESSION_EXPIRED' })
    expect(await rejectionOf(closed.next())).not.toBeInstanceOf(CoordinationError)
  })

  test('rejects once more has changed than may be kept, and names the limit', async () => {
    const host = hostOfFamily()
    host.limits = { ...defaultLimits, maxScanBytes: 100 }
    const scan = host.session.scan('/a')
    await scan.next()
    host.set('/a/b', 'x', 1)

    const error = await rejectionOf(scan.next())
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', path: '/a' })
    expect(String(error)).toMatch(/limits\.maxScanBytes of 100/)
    expect(host.replica.tree.scans.size).toBe(0)
  })

  test('a long one lets others have their turn', async () => {
    const host = new ScriptedHost()
    for (let number = 1; number <= 2_500; number += 1) host.create(`/n${number}`, '', number)
    let turns = 0
    const turn = (): void => {
      turns += 1
      immediate = setImmediate(turn)
    }
    let immediate = setImmediate(turn)
    const found = await allOf(host.session.scan('/'))
    clearImmediate(immediate)

    expect(found.length).toBe(2_502)
    expect(turns).toBeGreaterThanOrEqual(2)
  })
})

describe('countDescendants', () => {
  test('counts everything below, and not the znode itself', async () => {
    const { session } = hostOfFamily()

    await expect(session.countDescendants('/')).resolves.toBe(7)
    await expect(session.countDescendants('/a')).resolves.toBe(3)
    await expect(session.countDescendants('/a/c')).resolves.toBe(0)
    expect(await rejectionOf(session.countDescendants('/z'))).toMatchObject({ code: 'NO_NODE' })
  })
})

describe('ephemerals', () => {
  test('are those of the session, sorted; with a path, at or below it', async () => {
    const host = hostOfFamily()
    host.replica.sessions.create({
      ...{ id: sessionId, timeoutMs: 1_000, password: new Uint8Array(16), host: 1 },
      ...{ hostedSince: makeZxid(1, 1), lastRequestId: 0 },
    })
    for (const [index, path] of ['/a/z', '/ab', '/a/y'].entries()) {
      const parent = path === '/ab' ? 2 : index === 0 ? 3 : 4
      const create = {
        type: 'create',
        path,
        data: null,
        parentCreateCount: parent,
        acl: null,
      } as const
      host.apply({ ...create, ephemeralOwner: sessionId, reap: 0 })
    }

    await expect(host.session.ephemerals()).resolves.toEqual(['/a/y', '/a/z', '/ab'])
    await expect(host.session.ephemerals('/a')).resolves.toEqual(['/a/y', '/a/z'])
    await expect(host.session.ephemerals('/a/z')).resolves.toEqual(['/a/z'])
    await expect(host.session.ephemerals('/q')).resolves.toEqual([])
  })
})
