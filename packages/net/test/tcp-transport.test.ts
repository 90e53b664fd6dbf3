/** Links over TCP: how they are made again, written, watched and ended. */
import { CoordinationError, makeZxid, type Message } from '@conclave/core/internal'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock, type Clock } from '../src/clock.ts'
import { encodeFrame } from '../src/frame.ts'
import { parseSamplePage, Recorder, samplePage } from '../src/suite.ts'
import { openTcpTransport, type TcpTransportOptions } from '../src/tcp-transport.ts'
import type { Transport } from '../src/transport.ts'
import { FakeClock } from './fake-clock.ts'
import { rawLink, rawSelf } from './raw-peer.ts'
import { TcpHarness } from './tcp-harness.ts'

const secret = 'the secret of these tests'

interface OpenPeer {
  readonly transport: Transport
  readonly heard: Recorder
}

function openHarness(): TcpHarness {
  const harness = new TcpHarness()
  onTestFinished(() => harness.close())
  return harness
}

async function openPeer(
  harness: TcpHarness,
  id: number,
  options: Partial<TcpTransportOptions> = {},
): Promise<OpenPeer> {
  const heard = new Recorder()
  const identity = { id, ensembleId: 0, configuration: null }
  return { transport: await harness.open({ identity, secret, ...options }, heard), heard }
}

async function openPair(
  harness: TcpHarness,
  options: Partial<TcpTransportOptions> = {},
  optionsOfTwo = options,
): Promise<[OpenPeer, OpenPeer]> {
  const one = await openPeer(harness, 1, options)
  const two = await openPeer(harness, 2, optionsOfTwo)
  await harness.introduce(1, 2)
  await one.heard.until(() => one.heard.linked(2))
  await two.heard.until(() => two.heard.linked(1))
  return [one, two]
}

/** Peer 1, listening, with peer 2 listed at an address where nobody is. */
async function openAlone(options: Partial<TcpTransportOptions> = {}): Promise<OpenPeer> {
  const harness = openHarness()
  const peers = [{ id: 2, host: '127.0.0.1', port: 1 }]
  return openPeer(harness, 1, { peers, ...options })
}

const ping: Message = {
  type: 'ping',
  epoch: 1,
  round: 1,
  proofsAcknowledged: 0,
  proposed: makeZxid(1, 0),
  progress: 0,
}
const ack: Message = { type: 'ack', upTo: makeZxid(1, 1) }

describe('listening', () => {
  test('close leaves neither socket nor timer behind', async () => {
    const timers = new Set<object>()
    const clock: Clock = {
      nowMs: () => systemClock.nowMs(),
      after(delayMs, task) {
        const timer = {}
        timers.add(timer)
        const cancel = systemClock.after(delayMs, () => {
          timers.delete(timer)
          task()
        })
        return () => {
          timers.delete(timer)
          cancel()
        }
      },
    }
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'))
    const before = sockets()
    const harness = openHarness()
    const [one, two] = await openPair(harness, { clock })
    await openPeer(harness, 3, { clock })
    await harness.introduce(1, 2, 3)
    expect(sockets().length).toBeGreaterThan(before.length)
    expect(timers.size).toBeGreaterThan(0)

    await harness.close()
    await Promise.all([one.transport.close(), two.transport.close()])

    expect(timers.size).toBe(0)
    // A closed handle is counted until the loop comes round; a leak would keep this waiting.
    while (sockets().length > before.length) await new Promise(setImmediate)
    expect(sockets()).toEqual(before)
  })

  test('an address that is taken rejects with LISTEN_FAILED, the address, and the mend', async () => {
    const { transport } = await openAlone()
    const again = openTcpTransport(
      {
        identity: { id: 1, ensembleId: 0, configuration: null },
        listen: { host: '127.0.0.1', port: transport.port },
        peers: [],
        parsePage: parseSamplePage,
        silentPeerMs: 1_000,
      },
      new Recorder(),
    )

    const error: unknown = await again.catch((reason: unknown) => reason)

    if (!(error instanceof CoordinationError)) expect.fail('it rejects with a CoordinationError')
    expect(error.code).toBe('LISTEN_FAILED')
    expect(error.message).toContain(`127.0.0.1:${transport.port}`)
    expect(error.message).toMatch(/EADDRINUSE.*; stop what holds this port, or choose another one/)
    expect(error.cause).toMatchObject({ code: 'EADDRINUSE' })
  })

  test('an address of another machine is refused in words of its own', async () => {
    const listen = { host: '192.0.2.1', port: 0 }

    await expect(openAlone({ listen })).rejects.toThrow(
      /192\.0\.2\.1:0.*an address of this machine/,
    )
  })

  test('an address that cannot be dialled harms nothing', async () => {
    const peers = [
      { id: 2, host: '127.0.0.1', port: 70_000 },
      { id: 3, host: 'no such host', port: 1 },
    ]
    const { transport, heard } = await openAlone({ peers })

    transport.send(2, [ack])

    expect(heard.told).toEqual([])
  })
})

describe('writing', () => {
  test('what is sent in one tick is written at once, whatever the number of calls', async () => {
    const [one, two] = await openPair(openHarness())

    for (let count = 0; count < 100; count += 1) one.transport.send(2, [ack])
    await two.heard.until(() => two.heard.received(1).length === 100)

    expect(two.heard.told.filter(({ type }) => type === 'messages')).toHaveLength(1)
  })

  test('a lane that is full of pages does not hold up the other one', async () => {
    const [one, two] = await openPair(openHarness())
    const page = samplePage(1, 1024 * 1024)

    one.transport.send(2, new Array<Message>(30).fill({ type: 'proposal', page }))
    one.transport.send(2, [ping])

    await two.heard.until(() => two.heard.received(1).some(({ type }) => type === 'ping'))
    expect(two.heard.received(1).length).toBeLessThan(31)
    await two.heard.until(() => two.heard.received(1).length === 31)
  })

  test('a peer that does not read breaks the link at the bound, and memory stays in it', async () => {
    const one = await openAlone({ limits: { maxDataQueueBytes: 8 * 1024 * 1024 } })
    const { data } = await rawLink(one.transport.port, rawSelf(2, secret), 1)
    await one.heard.until(() => one.heard.linked(2))
    data.socket.pause()
    const page = samplePage(1, 1024 * 1024)
    let sent = 0

    while (one.heard.linked(2) && sent < 40) {
      one.transport.send(2, [{ type: 'proposal', page }])
      sent += 1
      await new Promise(setImmediate)
    }

    expect(sent).toBeLessThan(40)
    expect(one.heard.downReasons(2).join()).toMatch(/QUEUE_OVERFLOW/)
    data.socket.destroy()
  })
})

describe('a link is made again', () => {
  test('after a cut at once, after failures with a back-off that doubles up to its bound', async () => {
    const clock = new FakeClock()
    const harness = openHarness()
    // The largest number there is: every back-off has its full length.
    const random = (length: number): Uint8Array => new Uint8Array(length).fill(255)
    const two = await openPeer(harness, 2, { clock, random })
    await harness.introduce(1, 2)
    const proxy = await harness.proxy(2, 1)
    const delays: number[] = []

    // Nobody is at the address of peer 1 yet: the proxy takes the connections and drops them.
    for (let attempt = 0; attempt < 9; attempt += 1) {
      while (!clock.pending.some((ms) => ms <= 1_000)) await new Promise(setImmediate)
      const [delayMs = 0] = clock.pending.filter((ms) => ms <= 1_000)
      delays.push(Math.round(delayMs))
      clock.advance(delayMs)
    }
    expect(delays).toEqual([10, 20, 40, 80, 160, 320, 640, 1_000, 1_000])

    const one = await openPeer(harness, 1, { clock })
    await harness.introduce(1, 2)
    await two.heard.until(() => two.heard.linked(1))
    clock.advance(1_000)
    proxy.cut()
    await two.heard.until(() => two.heard.upCount(1) === 2)
    await one.heard.until(() => one.heard.upCount(2) === 2)
  })

  test('jitter takes up to half of a back-off away, never more', async () => {
    for (const [byte, expected] of [
      [0, 5],
      [128, 7.5],
      [255, 10],
    ] as const) {
      const clock = new FakeClock()
      const random = (length: number): Uint8Array => new Uint8Array(length).fill(byte)
      const { transport } = await openAlone({ clock, random })
      while (!clock.pending.some((ms) => ms <= 10)) await new Promise(setImmediate)

      expect(clock.pending[0]).toBeCloseTo(expected, 1)
      await transport.close()
    }
  })

  test('at once when the peer with the smaller id is back: it knocks', async () => {
    const clock = new FakeClock()
    const harness = openHarness()
    const two = await openPeer(harness, 2, { clock })
    await harness.introduce(1, 2)
    // Peer 2 has failed a few times and waits; its clock stands still from here on.
    while (!clock.pending.some((ms) => ms <= 10)) await new Promise(setImmediate)

    const one = await openPeer(harness, 1)
    await harness.introduce(1, 2)

    await one.heard.until(() => one.heard.linked(2))
    await two.heard.until(() => two.heard.linked(1))
  })

  test('at once when the peer with the smaller id was restarted and the old link looks alive', async () => {
    const harness = openHarness()
    const [, two] = await openPair(harness)
    const proxy = await harness.proxy(2, 1)
    // The machine of peer 1 dies: nothing closes what peer 2 has open.
    for (const { dialling, accepting } of proxy.passages) {
      accepting.unpipe(dialling)
      accepting.removeAllListeners('close')
      accepting.destroy()
    }

    const reborn = await openPeer(harness, 1)
    await harness.introduce(1, 2)

    await reborn.heard.until(() => reborn.heard.linked(2))
    await two.heard.until(() => two.heard.upCount(1) === 2)
    expect(two.heard.downReasons(1)).toEqual(['peer 1 was restarted'])
  })

  test('at once when the peer with the larger id was restarted and the old link looks alive', async () => {
    const one = await openAlone()
    await rawLink(one.transport.port, rawSelf(2, secret, 'first life'), 1)
    await one.heard.until(() => one.heard.linked(2))

    await rawLink(one.transport.port, rawSelf(2, secret, 'second life'), 1)

    await one.heard.until(() => one.heard.upCount(2) === 2)
    expect(one.heard.downReasons(2)).toEqual(['peer 2 has made a newer link'])
    expect(one.heard.told.map(({ type }) => type)).toEqual(['up', 'down', 'up'])
  })

  test('messages sent before the listener heard of the new link do not go out on it', async () => {
    const [one, two] = await openPair(openHarness())
    const oldUp = two.heard.upCount(1)

    one.transport.disconnect(2, 'again')
    // Computed while the listener still believes in the old link: belongs to it, and is lost.
    one.transport.send(2, [ack])

    await two.heard.until(() => two.heard.upCount(1) > oldUp)
    await one.heard.until(() => one.heard.upCount(2) > oldUp)
    one.transport.send(2, [{ type: 'goodbye' }])
    await two.heard.until(() => two.heard.received(1).length > 0)
    expect(two.heard.received(1)).toEqual([{ type: 'goodbye' }])
  })
})

describe('bytes that do not arrive', () => {
  /** Peers with clocks of their own, and the data connection dead in one direction. */
  async function openWithDeadLane() {
    const clocks = [new FakeClock(), new FakeClock()] as const
    const harness = openHarness()
    const [one, two] = await openPair(harness, { clock: clocks[0] }, { clock: clocks[1] })
    const proxy = await harness.proxy(2, 1)
    const passage = proxy.passages.find(({ purpose }) => purpose === 'data')
    passage?.dialling.unpipe(passage.accepting)
    passage?.dialling.resume()
    two.transport.send(1, [ack])
    return { one, two, clocks }
  }

  /** Heartbeats both ways, and an eighth of the deadline on one clock, until the link is down. */
  async function ticksUntilDown(one: OpenPeer, two: OpenPeer, clock: FakeClock): Promise<number> {
    for (let count = 1; ; count += 1) {
      const before = [one.heard.received(2).length, two.heard.received(1).length] as const
      one.transport.send(2, [ping])
      two.transport.send(1, [ping])
      await one.heard.until(() => one.heard.received(2).length > before[0])
      await two.heard.until(() => two.heard.received(1).length > before[1])
      clock.advance(125)
      await new Promise(setImmediate)
      if (!one.heard.linked(2) || !two.heard.linked(1)) return count
    }
  }

  test('break the link where they are missed, although heartbeats come and go', async () => {
    const { one, two, clocks } = await openWithDeadLane()

    const ticks = await ticksUntilDown(one, two, clocks[0])

    expect(ticks).toBeGreaterThanOrEqual(8)
    expect(ticks).toBeLessThan(12)
    await two.heard.until(() => !two.heard.linked(1))
    expect(one.heard.downReasons(2).join()).toMatch(
      /DATA_LOST.*within 1000 ms.*look at the network/,
    )
  })

  test('break the link where they were sent, if the other side does not notice', async () => {
    const { one, two, clocks } = await openWithDeadLane()

    const ticks = await ticksUntilDown(one, two, clocks[1])

    expect(ticks).toBeLessThan(13)
    await one.heard.until(() => !one.heard.linked(2))
    expect(two.heard.downReasons(1).join()).toMatch(/DATA_LOST/)
  })

  test('are not missed after a stall of our own loop, when all of them wait to be read', async () => {
    const clock = new FakeClock()
    const [one, two] = await openPair(openHarness(), { clock })
    two.transport.send(1, [ack, ping])

    clock.stall(60_000)

    await one.heard.until(() => one.heard.received(2).length === 2)
    expect(one.heard.linked(2)).toBe(true)
    expect(two.heard.linked(1)).toBe(true)
  })

  test('in the middle of a frame break the link after ten seconds', async () => {
    const clock = new FakeClock()
    const one = await openAlone({ clock })
    const { data } = await rawLink(one.transport.port, rawSelf(2, secret), 1)
    await one.heard.until(() => one.heard.linked(2))
    data.send(encodeFrame('control', new Uint8Array(100)).subarray(0, 50))
    let ticks = 0

    while (one.heard.linked(2)) {
      clock.advance(125)
      ticks += 1
      await new Promise(setImmediate)
    }

    expect(ticks).toBeGreaterThan(80)
    expect(one.heard.downReasons(2).join()).toMatch(
      /^FRAME_STALLED on the data connection from 127\.0\.0\.1:\d+: .* 10000 ms$/,
    )
  })
})
