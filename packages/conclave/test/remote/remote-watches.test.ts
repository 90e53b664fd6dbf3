/** Watches and scans over the wire: events that are completed by reads, and what came meanwhile. */
import { type Change, CoordinationError, type Watch, type Zxid } from '@conclave/core'
import { wireErrors } from '@conclave/zookeeper'
import { describe, expect, test } from 'vitest'
import { rejectionOf } from '../scripted-host.ts'
import { ScriptedWorld, settle } from './scripted-world.ts'

/** Notes everything that a watch tells. */
function follow(watch: Watch, told: string[]): void {
  const note = (change: Change): void => {
    if (change.type === 'gap') told.push(`gap ${change.reason}`)
    else {
      const text = change.data === undefined ? '' : ` ${Buffer.from(change.data).toString()}`
      told.push(`${change.type} ${change.path}${text} @${String(change.zxid)}`)
    }
  }
  const take = async (): Promise<void> => {
    for await (const change of watch) note(change)
    told.push('done')
  }
  take().catch((error: unknown) => {
    told.push(error instanceof CoordinationError ? error.code : String(error))
  })
}

interface Watched {
  readonly world: ScriptedWorld
  readonly told: string[]
}

/** A watch that is armed, of a session that had seen everything. */
async function watched(...given: Parameters<ScriptedWorld['session']['watch']>): Promise<Watched> {
  const world = new ScriptedWorld()
  const told: string[] = []
  follow(world.session.watch(...given), told)
  world.replyArmed(1, 0)
  world.take()
  await settle()
  return { world, told }
}

describe('an event', () => {
  test('is told with the data that was read behind it', async () => {
    const { world, told } = await watched('/a')
    world.event('created', '/a', 5)
    expect(world.takeNames()).toEqual(['getData /a'])
    expect(told).toEqual([])
    world.replyData(2, 5, 'x', { mzxid: 5 })
    await settle()

    expect(told).toEqual(['created /a x @5'])
  })

  test('W4: holds back what shows its change until it is told', async () => {
    const { world, told } = await watched('/a')
    const read = world.session.exists('/b').then(() => told.push('read'))
    world.event('changed', '/a', 5)
    world.reply(2, 5, wireErrors.noNode)
    await settle()
    expect(told).toEqual([])
    world.replyData(3, 5, 'x', { mzxid: 5 })
    await read

    expect(told).toEqual(['changed /a x @5', 'read'])
  })

  test('of a znode that has changed again is told once, with what is there', async () => {
    const { world, told } = await watched('/a')
    world.event('changed', '/a', 5)
    world.event('changed', '/a', 6)
    world.replyData(2, 6, 'y', { mzxid: 6 })
    world.replyData(3, 6, 'y', { mzxid: 6 })
    world.event('changed', '/a', 7)
    world.replyData(4, 7, 'z', { mzxid: 7 })
    await settle()

    expect(told).toEqual(['changed /a y @6', 'changed /a z @7'])
  })

  test('of a znode that is gone again is not told, its end is', async () => {
    const { world, told } = await watched('/a')
    world.event('created', '/a', 5)
    world.event('deleted', '/a', 6)
    world.event('created', '/a', 7)
    expect(world.takeNames()).toEqual(['getData /a', 'getData /a'])
    world.replyData(2, 7, 'new', { czxid: 7, mzxid: 7 })
    world.replyData(3, 7, 'new', { czxid: 7, mzxid: 7 })
    await settle()

    expect(told).toEqual(['deleted /a @6', 'created /a new @7'])
  })

  test('before 3.9 has no zxid: a deletion has that of the answer behind it', async () => {
    const { world, told } = await watched('/a')
    world.event('deleted', '/a', -1)
    world.reply(2, 9, wireErrors.noNode)
    await settle()

    expect(told).toEqual(['deleted /a @9'])
  })

  test('beyond what may wait for its read is a gap', async () => {
    const { world, told } = await watched('/', { depth: 'subtree', highWaterMark: 2 })
    for (const path of ['/a', '/b', '/c', '/d']) world.event('changed', path, 5)
    world.replyData(2, 5, 'a', { mzxid: 5 })
    world.replyData(3, 5, 'b', { mzxid: 5 })
    await settle()

    expect(told).toEqual(['changed /a a @5', 'changed /b b @5', 'gap overflow'])
  })

  test('of what is deeper than the watch looks is not told', async () => {
    const { world, told } = await watched('/a', { depth: 'children' })
    world.event('changed', '/a/b/c', 5)
    world.event('deleted', '/a/b', 6)
    await settle()

    expect(world.takeNames()).toEqual([])
    expect(told).toEqual(['deleted /a/b @6'])
  })
})

describe('a watch', () => {
  test('begins with a gap when something happened before the server watched', async () => {
    const world = new ScriptedWorld()
    const told: string[] = []
    const read = world.session.exists('/a')
    world.reply(1, 5, wireErrors.noNode)
    await read
    follow(world.session.watch('/a'), told)
    follow(world.session.watch('/b'), told)
    world.replyArmed(2, 5)
    world.replyArmed(3, 6)
    await settle()

    expect(told).toEqual(['gap reconnected'])
  })

  test('that is to go on behind a zxid has forgotten what came behind it', async () => {
    const world = new ScriptedWorld()
    const told: string[] = []
    follow(world.session.watch('/a', { since: 5 as Zxid }), told)
    follow(world.session.watch('/b', { since: 6 as Zxid }), told)
    world.replyArmed(1, 6)
    world.replyArmed(2, 6)
    await settle()

    expect(told).toEqual(['gap forgotten'])
  })

  test('has a gap when the connection breaks, and what came behind it waits no longer', async () => {
    const { world, told } = await watched('/a')
    const read = world.session.exists('/b').then(() => told.push('read'))
    world.event('changed', '/a', 5)
    world.reply(2, 5, wireErrors.noNode)
    world.breakAndDial()
    await read
    expect(told).toEqual(['gap reconnected', 'read'])
    world.greet()
    expect(world.takeNames()).toEqual(['setWatches2'])
    world.event('changed', '/a', 7)
    world.replyData(1, 7, 'z', { mzxid: 7 })
    await settle()

    expect(told.at(-1)).toBe('changed /a z @7')
  })

  test('is refused where the server has none that stay', async () => {
    const world = new ScriptedWorld()
    const told: string[] = []
    follow(world.session.watch('/a'), told)
    world.reply(1, -1, wireErrors.unimplemented)
    await settle()

    expect(told).toEqual(['UNIMPLEMENTED'])
  })

  test('is refused when the session has as many as it may', async () => {
    const world = new ScriptedWorld({ limits: { maxSessionWatches: 1 } })
    const first = world.session.watch('/a')
    const second = world.session.watch('/b')
    expect(await rejectionOf(second.next())).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    await first.return()
    const third = world.session.watch('/b')

    expect(world.takeNames()).toEqual(['addWatch /a', 'removeWatches /a', 'addWatch /b'])
    await third.return()
  })

  test('tells nothing behind its end, and the server is told of it', async () => {
    const world = new ScriptedWorld()
    const watch = world.session.watch('/a')
    world.replyArmed(1, 0)
    world.event('changed', '/a', 5)
    const read = world.session.exists('/b')
    await watch.return()
    world.replyData(2, 5, 'x')
    world.reply(3, 5, wireErrors.noNode)

    expect(await read).toBeUndefined()
    expect(await watch.next()).toEqual({ done: true, value: undefined })
    expect(world.takeNames()).toEqual([
      'addWatch /a',
      'getData /a',
      'exists /b',
      'removeWatches /a',
    ])
  })

  test('rejects when the session has expired', async () => {
    const { world, told } = await watched('/a')
    world.breakAndDial()
    world.greet(0)
    await settle()

    expect(told).toEqual(['gap reconnected', 'SESSION_EXPIRED'])
  })
})

describe('a subtree', () => {
  test('is read again where it changes, until it stands still', async () => {
    const { world, told } = await watched('/a', { depth: 'subtree', initial: true })
    const names = (...given: string[]) => given
    world.replyData(2, 5, 'root')
    world.reply(3, 5, 0, (writer) => writer.strings(names('b', 'c')))
    // While c and b are read, b goes, and d comes.
    world.event('deleted', '/a/b', 6)
    world.event('created', '/a/d', 7)
    world.replyData(4, 7, 'c')
    world.reply(5, 7, 0, (writer) => writer.strings([]))
    world.reply(6, 7, wireErrors.noNode)
    world.reply(7, 7, wireErrors.noNode)
    await settle()
    expect(told).toEqual([])
    world.replyData(8, 7, 'd')
    world.reply(9, 7, 0, (writer) => writer.strings([]))
    await settle()

    expect(told).toEqual(['snapshot /a root @7', 'snapshot /a/c c @7', 'snapshot /a/d d @7'])
  })

  test('is read from its beginning when the connection breaks', async () => {
    const { world, told } = await watched('/a', { depth: 'subtree', initial: true })
    world.replyData(2, 5, 'old')
    world.breakAndDial()
    world.greet()
    expect(world.takeNames()).toEqual(['setWatches2', 'getData /a', 'getChildren /a'])
    world.replyData(1, 6, 'new')
    world.reply(2, 6, 0, (writer) => writer.strings([]))
    await settle()

    expect(told).toEqual(['snapshot /a new @6'])
  })

  test('that is larger than may be held is refused', async () => {
    const world = new ScriptedWorld({ limits: { maxScanBytes: 1_000 } })
    const scanned = rejectionOf(world.session.scan('/a').next())
    world.replyData(1, 5, 'x')
    await settle()
    world.replyArmed(2, 5)
    world.replyData(3, 5, 'x'.repeat(1_000))

    expect(await scanned).toMatchObject({ code: 'LIMIT_EXCEEDED', path: '/a' })
  })
})
