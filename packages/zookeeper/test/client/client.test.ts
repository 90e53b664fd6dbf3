/** A client's session across its connections, against servers that say what the test says. */
import {
  longOf,
  wireErrors,
  writeGetDataResponse,
  xids,
  type JuteWriter,
  type WireStat,
} from '@conclave/zookeeper'
import { describe, expect, test } from 'vitest'
import { get, set } from './calls.ts'
import { ClientWorld } from './scripted-servers.ts'

const stat: WireStat = {
  czxid: 5,
  mzxid: 5,
  ctime: 1,
  mtime: 1,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0,
  dataLength: 0,
  numChildren: 0,
  pzxid: 5,
}
const reading = (writer: JuteWriter): void => writeGetDataResponse(writer, null, stat)
const zeros = { timeoutMs: 0, sessionId: 0, password: new Uint8Array(16) }

function upWorld(...given: ConstructorParameters<typeof ClientWorld>): ClientWorld {
  const world = new ClientWorld(...given)
  world.up()
  return world
}

describe('a session', () => {
  test('is asked for, and taken up again by id, password and what was seen', () => {
    const world = new ClientWorld()
    const first = world.up()
    expect(first).toMatchObject({ sessionId: 0, timeoutMs: 9_000, lastZxidSeen: 0 })
    get(world, '/a')
    world.wire.reply(1, 17, 0, reading)
    world.breakAndDial()
    const again = world.up()

    expect(again).toMatchObject({
      sessionId: longOf(0x1234n << 48n),
      lastZxidSeen: 17,
      password: new Uint8Array(16).fill(7),
    })
    expect(world.told).toEqual(['opened', 'get /a: 0'])
  })

  test('a server that has seen less than the client does not turn it back', () => {
    const world = upWorld()
    get(world, '/a')
    world.wire.reply(1, 17, 0, reading)
    get(world, '/a')
    world.wire.reply(2, 3, 0, reading)

    expect(world.client.lastZxid).toBe(17)
  })

  test('is expired once a server says so', () => {
    const world = upWorld()
    set(world, '/a')
    world.breakAndDial()
    set(world, '/b')
    world.up(zeros)

    expect(world.told).toEqual(['opened', 'set /a: lost, sent', 'ended: expired', 'set /b: over'])
    expect(world.clock.timerCount).toBe(0)
  })

  test('is expired where a server hands out another one instead', () => {
    const world = upWorld()
    world.breakAndDial()
    world.up({ sessionId: 99 })

    expect(world.told).toEqual(['opened', 'ended: expired'])
    expect(world.wire.isClosed).toBe(true)
  })

  test('is over once no server has answered for longer than any keeps it', () => {
    const world = upWorld()
    world.clock.advance(100)
    world.wire.reply(xids.ping, 1)
    world.wire.break()
    set(world, '/a')
    world.clock.advance(13_000)
    expect(world.told).toEqual(['opened'])
    world.clock.advance(1_000)

    expect(world.told).toEqual(['opened', 'ended: silent', 'set /a: over'])
    expect(world.clock.timerCount).toBe(0)
  })

  test('that was never granted waits for a server for ever', () => {
    const world = new ClientWorld()
    world.clock.advance(3_600_000)

    expect(world.told).toEqual([])
    expect(world.client.trouble).toBe('a:1: it does not answer')
    // One attempt in a pause of 5 s and the patience of two thirds of the timeout, or less.
    expect(world.wires.length).toBeGreaterThan(3_600_000 / 12_000)
    expect(world.wires.length).toBeLessThan(3_600_000 / 5_000)
  })

  test('S8: is known to live for two thirds of its timeout from when what was answered was sent', () => {
    const world = upWorld()
    const openedMs = world.clock.nowMs()
    expect(world.client.deadlineMs).toBe(openedMs + 6_000)
    world.clock.advance(1_000)
    get(world, '/a')
    world.clock.advance(1_500)
    world.wire.reply(1, 1, 0, reading)

    expect(world.client.deadlineMs).toBe(openedMs + 7_000)
  })

  test('ends by a request behind all others, which is asked again', () => {
    const world = upWorld()
    set(world, '/a')
    world.client.close()
    world.wire.reply(1, 5, wireErrors.noNode)
    expect(world.wire.takeNames()).toEqual(['setData 1', 'closeSession 2'])
    world.breakAndDial()
    world.up()
    expect(world.wire.takeNames()).toEqual(['closeSession 1'])
    world.wire.reply(1, 6)

    expect(world.told).toEqual(['opened', 'set /a: -101', 'ended: closed'])
    expect(world.wire.isClosed).toBe(true)
  })
})

describe('a connection', () => {
  test('that breaks has what was read read again, and no write sent twice (C1)', () => {
    const world = upWorld({ limits: { maxSentRequests: 3 } })
    get(world, '/a')
    set(world, '/b')
    get(world, '/c')
    set(world, '/d')
    get(world, '/e')
    expect(world.wire.takeNames()).toEqual(['getData 1', 'setData 2', 'getData 3'])
    world.breakAndDial()
    expect(world.told).toEqual(['opened', 'set /b: lost, sent'])
    world.up()

    expect(world.wire.takeNames()).toEqual(['sync 1', 'getData 2', 'getData 3'])
    world.wire.reply(1, 5)
    world.wire.reply(2, 5, 0, reading)
    world.wire.reply(3, 5, 0, reading)
    expect(world.wire.takeNames()).toEqual(['setData 4', 'getData 5'])
  })

  test('behind a lost write begins with a sync, once', () => {
    const world = upWorld()
    set(world, '/a')
    world.breakAndDial()
    world.up()
    world.wire.reply(1, 5)
    world.breakAndDial()
    world.up()
    get(world, '/a')

    expect(world.wire.takeNames()).toEqual(['getData 1'])
  })

  test('that answers another request than the next is given up', () => {
    const world = upWorld()
    get(world, '/a')
    set(world, '/b')
    world.wire.reply(2, 5)

    expect(world.wire.isClosed).toBe(true)
    expect(world.client.trouble).toBe('a:1: it answered request 2, and 1 was to be answered')
    expect(world.told).toEqual(['opened', 'set /b: lost, sent'])
  })

  test('that answers what nobody asked is given up', () => {
    const world = upWorld()
    world.wire.reply(1, 5)

    expect(world.wire.isClosed).toBe(true)
  })

  test.each([
    ['a negative length', Buffer.from([255, 255, 255, 255])],
    ['a header that is cut', Buffer.from([0, 0, 0, 3, 1, 2, 3])],
  ])('that brings %s is given up, and what was read is read elsewhere', (_what, bytes) => {
    const world = upWorld()
    get(world, '/a')
    world.wire.sayBytes(bytes)
    expect(world.wire.isClosed).toBe(true)
    world.breakAndDial()
    world.up()

    expect(world.wire.takeNames()).toEqual(['getData 1'])
    expect(world.told).toEqual(['opened'])
  })

  test('whose answer is longer than may come fails what was asked, which is not asked again', () => {
    const world = upWorld()
    get(world, '/a')
    get(world, '/b')
    world.wire.sayBytes(Buffer.from([0x7f, 0, 0, 0]))
    world.breakAndDial()
    world.up()

    expect(world.told).toEqual(['opened', 'get /a: too-long, sent'])
    expect(world.wire.takeNames()).toEqual(['getData 1'])
  })

  test('whose answer cannot be read fails what was asked, and is given up', () => {
    const world = upWorld()
    get(world, '/a')
    get(world, '/b')
    world.wire.reply(1, 5, 0, (writer) => writer.int(1_000))
    expect(world.wire.isClosed).toBe(true)

    expect(world.told).toEqual(['opened', 'get /a: damaged, sent'])
  })

  test('whose zxids are beyond 2^53 is given up', () => {
    const world = upWorld()
    get(world, '/a')
    world.wire.reply(1, 2n ** 60n, 0, reading)

    expect(world.wire.isClosed).toBe(true)
    expect(world.client.trouble).toContain('beyond 2^53')
  })

  test('that only reads is not taken', () => {
    const world = upWorld()
    world.breakAndDial()
    world.up({ readOnly: true })

    expect(world.wire.isClosed).toBe(true)
    expect(world.client.isConnected).toBe(false)
  })

  test('is pinged at a third of the timeout, and given up after two thirds of silence', () => {
    const world = upWorld()
    world.clock.advance(2_600)
    expect(world.wire.takeNames()).toEqual([])
    world.clock.advance(400)
    expect(world.wire.takeNames()).toEqual(['ping'])
    world.clock.advance(2_600)
    expect(world.wire.isClosed).toBe(false)
    world.clock.advance(500)

    expect(world.wires[0]?.isClosed).toBe(true)
    expect(world.client.trouble).toMatch(/silent for 6\d\d\d ms/)
  })

  test('is not given up for what was heard while the loop was blocked', () => {
    const world = upWorld()
    world.clock.advance(3_000)
    world.clock.block(30_000)
    // The timers are late; what has arrived is read before anybody judges.
    world.wire.reply(xids.ping, 1)
    world.clock.advance(10)

    expect(world.wire.isClosed).toBe(false)
  })

  test('is asked no more than may be unanswered, in number and bytes', () => {
    const world = upWorld({ limits: { maxSentBytes: 100 } })
    for (let count = 0; count < 10; count += 1) get(world, '/a')
    const sent = world.wire.take().length

    expect(sent).toBeLessThan(10)
    world.wire.reply(1, 5, 0, reading)
    expect(world.wire.take()).toHaveLength(1)
  })
})

describe('giving up', () => {
  test('what was not sent is not, what was sent is answered to nobody', () => {
    const world = upWorld({ limits: { maxSentRequests: 1 } })
    const sent = get(world, '/a')
    const unsent = set(world, '/b')
    get(world, '/c')
    world.client.giveUp(unsent)
    world.client.giveUp(sent)
    expect([sent.wasSent, unsent.wasSent]).toEqual([true, false])
    expect(world.client.unansweredCount).toBe(2)
    world.wire.reply(1, 5, 0, reading)

    expect(world.wire.takeNames()).toEqual(['getData 1', 'getData 2'])
    expect(world.told).toEqual(['opened'])
  })

  test('what is given up while there is no connection is not kept', () => {
    const world = new ClientWorld()
    for (let count = 0; count < 1_000; count += 1) world.client.giveUp(set(world, '/a'))

    expect(world.client.unansweredCount).toBe(0)
    expect(world.client.unsentBytes).toBe(0)
    world.up()
    expect(world.wire.takeNames()).toEqual([])
  })
})

describe('servers', () => {
  const servers = ['a', 'b', 'c'].map((host) => ({ host, port: 1 }))

  test('are tried in an order that was drawn, round and round', () => {
    const world = new ClientWorld({ servers, random: () => 0.4 })
    for (let count = 0; count < 5; count += 1) world.breakAndDial()

    const tried = world.wires.map(({ server }) => server.host)
    expect(tried.slice(0, 3).sort()).toEqual(['a', 'b', 'c'])
    expect(tried.slice(3)).toEqual(tried.slice(0, 3))
    expect(new ClientWorld({ servers, random: () => 0.99 }).wire.server.host).not.toBe(tried[0])
  })

  test('that are all away are tried less and less often, by chance', () => {
    const pauses: number[] = []
    const world = new ClientWorld({ servers, random: () => 0.5 })
    for (let count = 0; count < 24; count += 1) {
      const brokenMs = world.clock.nowMs()
      world.breakAndDial()
      pauses.push(world.clock.nowMs() - brokenMs)
    }

    expect(pauses.slice(0, 2)).toEqual([50, 50])
    expect(pauses.at(-1)).toBeGreaterThan(2_000)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(3_000)
  })
})
