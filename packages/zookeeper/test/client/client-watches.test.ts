/** What a client watches and has proved, across its connections. */
import {
  eventTypes,
  wireErrors,
  writeAddWatchResponse,
  xids,
  type JuteWriter,
  type Watcher,
} from '@conclave/zookeeper'
import { describe, expect, test } from 'vitest'
import { get } from './calls.ts'
import { ClientWorld } from './scripted-servers.ts'

const armed = (writer: JuteWriter): void => writeAddWatchResponse(writer, 0)

function watch(world: ClientWorld, path: string, isRecursive = false): Watcher {
  const note = (what: string): void => {
    world.told.push(`${path}${isRecursive ? '/**' : ''}: ${what}`)
  }
  const watcher: Watcher = {
    path,
    isRecursive,
    onArmed: (zxid) => note(`armed ${String(zxid)}`),
    onEvent: (event, at) => note(`${event} ${at}`),
    onBroken: () => note('broken'),
    onRefused: (why) => note(`refused ${String(why)}`),
  }
  world.client.watches.add(watcher)
  return watcher
}

function upWorld(): ClientWorld {
  const world = new ClientWorld()
  world.up()
  world.told.length = 0
  return world
}

describe('watches', () => {
  test('one path is asked for once, and all who look at it are told', () => {
    const world = upWorld()
    watch(world, '/a')
    watch(world, '/a')
    expect(world.wire.takeNames()).toEqual(['addWatch 1'])
    world.wire.event(eventTypes.changed, '/a', 3)
    world.wire.reply(1, 5, 0, armed)
    world.wire.event(eventTypes.changed, '/a', 6)
    world.wire.event(eventTypes.childrenChanged, '/a', 7)
    watch(world, '/a')

    expect(world.told).toEqual([
      '/a: armed 5',
      '/a: armed 5',
      '/a: changed /a',
      '/a: changed /a',
      '/a: armed undefined',
    ])
  })

  test('what is below a path is told to who asked for it, at whatever depth', () => {
    const world = upWorld()
    watch(world, '/a', true)
    watch(world, '/a')
    watch(world, '/', true)
    expect(world.wire.takeNames()).toEqual(['addWatch 1', 'addWatch 2'])
    world.wire.reply(1, 5, 0, armed)
    world.wire.reply(2, 5, 0, armed)
    world.told.length = 0
    world.wire.event(eventTypes.created, '/a/b/c', 6)
    world.wire.event(eventTypes.deleted, '/a', 7)
    world.wire.event(eventTypes.deleted, '/ab', 8)

    expect(world.told).toEqual([
      '/a/**: created /a/b/c',
      '//**: created /a/b/c',
      '/a/**: deleted /a',
      '/a: deleted /a',
      '//**: deleted /a',
      '//**: deleted /ab',
    ])
  })

  test('a path that is to be watched with what is below it is asked for again', () => {
    const world = upWorld()
    watch(world, '/a')
    world.wire.reply(1, 5, 0, armed)
    watch(world, '/a', true)
    expect(world.wire.takeNames()).toEqual(['addWatch 1', 'addWatch 2'])
    world.wire.event(eventTypes.created, '/a/b', 6)
    world.wire.reply(2, 6, 0, armed)
    world.wire.event(eventTypes.created, '/a/c', 7)

    expect(world.told).toEqual(['/a: armed 5', '/a/**: armed 6', '/a/**: created /a/c'])
  })

  test('are taken back with the last who looks', () => {
    const world = upWorld()
    const [first, second] = [watch(world, '/a'), watch(world, '/a')]
    world.wire.reply(1, 5, 0, armed)
    world.client.watches.remove(first)
    expect(world.wire.takeNames()).toEqual(['addWatch 1'])
    world.client.watches.remove(second)
    expect(world.wire.takeNames()).toEqual(['removeWatches 2'])
    world.wire.reply(2, 5)
    world.told.length = 0
    world.wire.event(eventTypes.changed, '/a', 6)

    expect(world.told).toEqual([])
  })

  test('that were set are set again on the next connection, before anything is asked', () => {
    const world = upWorld()
    watch(world, '/a')
    watch(world, '/b', true)
    world.wire.reply(1, 5, 0, armed)
    world.wire.reply(2, 5, 0, armed)
    watch(world, '/c')
    world.told.length = 0
    get(world, '/d')
    world.breakAndDial()
    expect(world.told).toEqual(['/a: broken', '/b/**: broken'])
    world.up()

    // What was asked for and not confirmed is asked for again.
    expect(world.wire.takeNames()).toEqual(['setWatches2 /a | /b', 'addWatch 1', 'getData 2'])
    world.wire.reply(xids.setWatches, 7)
    world.wire.event(eventTypes.changed, '/a', 8)
    expect(world.told.at(-1)).toBe('/a: changed /a')
  })

  test('too many for one frame are set again with several', () => {
    const world = new ClientWorld({ limits: { maxRestoredBytes: 20 } })
    world.up()
    for (const [index, path] of ['/aaaa', '/bbbb', '/cccc'].entries()) {
      watch(world, path)
      world.wire.reply(index + 1, 5, 0, armed)
    }
    world.breakAndDial()
    world.up()

    expect(world.wire.takeNames()).toEqual(['setWatches2 /aaaa,/bbbb | ', 'setWatches2 /cccc | '])
  })

  test('a server that knows no such watches is told of', () => {
    const world = upWorld()
    watch(world, '/a')
    world.wire.reply(1, -1, wireErrors.unimplemented)
    world.wire.break()
    expect(world.told).toEqual(['/a: refused -6'])
    world.clock.advance(200)
    world.up()

    expect(world.wire.takeNames()).toEqual([])
  })

  test('so is one on another server that knows them no longer', () => {
    const world = upWorld()
    watch(world, '/a')
    world.wire.reply(1, 5, 0, armed)
    world.breakAndDial()
    world.up()
    world.told.length = 0
    world.wire.reply(xids.setWatches, -1, wireErrors.unimplemented)

    expect(world.told).toEqual(['/a: refused -6'])
  })

  test('end with the session', () => {
    const world = upWorld()
    watch(world, '/a')
    world.wire.reply(1, 5, 0, armed)
    world.breakAndDial()
    world.up({ timeoutMs: 0 })

    expect(world.told).toEqual(['/a: armed 5', '/a: broken', 'ended: expired', '/a: refused over'])
  })

  test('W4: an event is told before the reply that came behind it', () => {
    const world = upWorld()
    watch(world, '/a')
    world.wire.reply(1, 5, 0, armed)
    get(world, '/a')
    world.wire.event(eventTypes.deleted, '/a', 9)
    expect(world.client.lastZxid).toBe(9)
    world.wire.reply(2, 9, wireErrors.noNode)

    expect(world.told).toEqual(['/a: armed 5', '/a: deleted /a', 'get /a: -101'])
  })
})

describe('proofs', () => {
  const proof = { scheme: 'digest', proof: Buffer.from('user:one') }

  test('are given on each connection before anything else', () => {
    const world = new ClientWorld({ proofs: [proof] })
    watch(world, '/a')
    world.up()
    expect(world.wire.takeNames()).toEqual(['auth user:one', 'addWatch 1'])
    world.wire.reply(xids.auth, 0)
    world.wire.reply(1, 5, 0, armed)
    world.client.authenticate(
      { scheme: 'digest', proof: Buffer.from('user:two') },
      {
        onProved: () => world.told.push('proved'),
        onRefused: () => world.told.push('refused'),
        onOver: () => world.told.push('over'),
      },
    )
    expect(world.wire.takeNames()).toEqual(['auth user:two'])
    world.breakAndDial()
    world.up()

    expect(world.wire.takeNames()).toEqual(['auth user:one', 'auth user:two', 'setWatches2 /a | '])
    world.wire.reply(xids.auth, 0)
    world.wire.reply(xids.auth, 0)
    expect(world.told.at(-1)).toBe('proved')
  })

  test('one that a server refuses is told to who gave it, and is not given again', () => {
    const world = upWorld()
    world.client.authenticate(
      { scheme: 'none', proof: Buffer.from('x') },
      {
        onProved: () => world.told.push('proved'),
        onRefused: ({ code }) => world.told.push(code),
        onOver: () => world.told.push('over'),
      },
    )
    world.wire.reply(xids.auth, 0, wireErrors.authFailed)
    expect(world.wire.isClosed).toBe(true)
    world.clock.advance(200)
    world.up()

    expect(world.told).toEqual(['AUTH_FAILED'])
    expect(world.wire.takeNames()).toEqual([])
  })

  test('a session is there once what it was opened with is taken, on whichever connection', () => {
    const world = new ClientWorld({ proofs: [proof, proof] })
    world.up()
    world.wire.reply(xids.auth, 0)
    expect(world.told).toEqual([])
    world.breakAndDial()
    // Nobody has heard of the session yet: that it is gone is no end.
    world.up({ timeoutMs: 0 })
    world.clock.advance(300)
    expect(world.up().sessionId).toBe(0)
    world.wire.reply(xids.auth, 0)
    world.wire.reply(xids.auth, 0)

    expect(world.told).toEqual(['opened'])
  })

  test('one that the session was opened with ends it when it is refused', () => {
    const world = new ClientWorld({ proofs: [proof] })
    world.up()
    expect(world.told).toEqual([])
    world.wire.reply(xids.auth, 0, wireErrors.authFailed)

    expect(world.told).toEqual(['ended: refused'])
    expect(world.wire.isClosed).toBe(true)
  })
})
