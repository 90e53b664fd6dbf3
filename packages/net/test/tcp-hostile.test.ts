/** What reaches a peer's port and should not: strangers, forgers, and peers that talk nonsense. */
import { makeZxid } from '@conclave/core/internal'
import { pack } from 'msgpackr'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { encodeFrame } from '../src/frame.ts'
import { DiallerHandshake } from '../src/handshake.ts'
import { decodeRefusal } from '../src/hello.ts'
import { Recorder, samplePage } from '../src/suite.ts'
import type { TcpTransportOptions } from '../src/tcp-transport.ts'
import type { Transport } from '../src/transport.ts'
import { FakeClock } from './fake-clock.ts'
import { RawPeer, rawLink, rawSelf } from './raw-peer.ts'
import { TcpHarness } from './tcp-harness.ts'

const secret = 'the secret of these tests'

interface OpenPeer {
  readonly transport: Transport
  readonly heard: Recorder
}

/** Peer 1, with peers 2 and 3 listed at addresses where nobody is. */
async function openPeer(options: Partial<TcpTransportOptions> = {}): Promise<OpenPeer> {
  const harness = new TcpHarness()
  onTestFinished(() => harness.close())
  const heard = new Recorder()
  const identity = { id: 1, ensembleId: 0, configuration: null }
  const peers = [2, 3].map((id) => ({ id, host: '127.0.0.1', port: 1 }))
  return { transport: await harness.open({ identity, secret, peers, ...options }, heard), heard }
}

/** Peer 1 with a link to a peer 2 that is only sockets. */
async function openLinked(options: Partial<TcpTransportOptions> = {}) {
  const one = await openPeer(options)
  const two = await rawLink(one.transport.port, rawSelf(2, secret), 1)
  await one.heard.until(() => one.heard.linked(2))
  return { one, two }
}

function codesOf({ heard }: OpenPeer): string[] {
  return heard.refusals().map(({ code, by, peer }) => `${code} ${by} ${peer}`)
}

describe('a stranger', () => {
  test.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['a ZooKeeper client', Buffer.from('0000002d000000000000000000000000', 'hex')],
    ['TLS', Buffer.from('160301020001000001fc0303', 'hex')],
    ['an endless frame', Buffer.from('7fffffff0100000000', 'hex')],
    ['a frame of another kind', encodeFrame('control', pack([[26, 1]]))],
    [
      'a hello with a wrong CRC',
      Buffer.concat([encodeFrame('hello', new Uint8Array(76)), Buffer.of(0)]).fill(1, 9, 10),
    ],
    ['a hello without the magic', encodeFrame('hello', new Uint8Array(76))],
  ])('that speaks %s is cut off without an answer, and reported', async (_, bytes) => {
    const one = await openPeer()
    const stranger = new RawPeer(one.transport.port)

    stranger.send(bytes)

    expect(await stranger.lastWords()).toBeUndefined()
    await one.heard.until(() => one.heard.refusals().length > 0)
    expect(codesOf(one)).toEqual(['NOT_A_PEER us 0'])
    expect(one.heard.refusals()[0]?.address).toMatch(/^127\.0\.0\.1:\d+$/)
  })

  test('that says nothing is cut off after five seconds', async () => {
    const clock = new FakeClock()
    const one = await openPeer({ clock })
    const stranger = new RawPeer(one.transport.port)
    while (!clock.pending.some((ms) => ms > 2_000)) await new Promise(setImmediate)

    clock.advance(4_999)
    expect(codesOf(one)).toEqual([])
    clock.advance(1)

    await stranger.ended
    await one.heard.until(() => one.heard.refusals().length > 0)
    expect(codesOf(one)).toEqual(['HANDSHAKE_TIMEOUT us 0'])
  })

  test('that says its hello a byte at a time has no more time than that', async () => {
    const clock = new FakeClock()
    const one = await openPeer({ clock })
    const stranger = new RawPeer(one.transport.port)
    const hello = new DiallerHandshake(rawSelf(2, secret), 1, 'data', 1).open()
    const bytes = encodeFrame(hello.name, hello.body)
    while (!clock.pending.some((ms) => ms > 2_000)) await new Promise(setImmediate)

    for (let at = 0; at < 50; at += 1) {
      stranger.send(bytes.subarray(at, at + 1))
      await new Promise(setImmediate)
      clock.advance(100)
    }

    await stranger.ended
    expect(one.heard.linked(2)).toBe(false)
  })

  test('cannot keep peers out by holding connections: the oldest makes room', async () => {
    const one = await openPeer({ limits: { maxUnauthenticated: 8 } })
    const strangers = Array.from({ length: 30 }, () => new RawPeer(one.transport.port))
    await Promise.all(strangers.slice(0, 22).map((stranger) => stranger.ended))

    await rawLink(one.transport.port, rawSelf(2, secret), 1)

    await one.heard.until(() => one.heard.linked(2))
    expect(codesOf(one)).toContain('CROWDED us 0')
    for (const stranger of strangers) stranger.socket.destroy()
  })

  test('that resets hundreds of connections leaves nothing behind', async () => {
    const one = await openPeer()

    await Promise.all(
      Array.from({ length: 400 }, async (_, index) => {
        const socket = connect(one.transport.port, '127.0.0.1')
        socket.on('error', () => undefined)
        await new Promise((resolve) => {
          socket.once('close', resolve)
          socket.once('connect', () => {
            if (index % 2 === 0) socket.write('CONCLAVE')
            socket.resetAndDestroy()
          })
        })
      }),
    )

    await rawLink(one.transport.port, rawSelf(2, secret), 1)
    await one.heard.until(() => one.heard.linked(2))
  })
})

describe('a forger', () => {
  test('who claims to be a linked peer does not disturb its link', async () => {
    const { one, two } = await openLinked()

    for (const purpose of ['liveness', 'data'] as const) {
      const forger = new RawPeer(one.transport.port)
      await expect(forger.greet(rawSelf(2, 'guessed', 'forger'), 1, purpose, 99)).rejects.toThrow()
      const last = await forger.lastWords()
      expect(last?.name).toBe('refusal')
      expect(decodeRefusal(last!.body).code).toBe('WRONG_SECRET')
    }

    two.data.send(encodeFrame('control', pack([[26, 5]])))
    await one.heard.until(() => one.heard.received(2).length > 0)
    expect(one.heard.downReasons(2)).toEqual([])
    expect(codesOf(one)).toEqual(['WRONG_SECRET us 2'])
  })

  test('who replays what a peer once said is refused', async () => {
    const { one, two } = await openLinked()
    const overheard = new DiallerHandshake(rawSelf(2, secret, 'overheard'), 1, 'data', 9)
    const hello = overheard.open()
    const first = new RawPeer(one.transport.port)
    first.send(encodeFrame(hello.name, hello.body))
    const proof = overheard.onFrame(await first.frame(0)).frame!
    first.socket.destroy()

    const replay = new RawPeer(one.transport.port)
    replay.send(
      Buffer.concat([encodeFrame(hello.name, hello.body), encodeFrame('proof', proof.body)]),
    )

    const last = await replay.lastWords()
    expect(decodeRefusal(last!.body).code).toBe('WRONG_SECRET')
    expect(one.heard.linked(2)).toBe(true)
    two.data.socket.destroy()
  })

  test('gets the same refusal told once a minute, however often he tries', async () => {
    const clock = new FakeClock()
    const one = await openPeer({ clock })

    for (let attempt = 0; attempt < 20; attempt += 1) {
      const forger = new RawPeer(one.transport.port)
      await expect(forger.greet(rawSelf(2, 'guessed'), 1, 'data', attempt)).rejects.toThrow()
    }
    expect(codesOf(one)).toEqual(['WRONG_SECRET us 2'])
    clock.advance(60_000)
    const forger = new RawPeer(one.transport.port)
    await expect(forger.greet(rawSelf(2, 'guessed'), 1, 'data', 99)).rejects.toThrow()

    await one.heard.until(() => one.heard.refusals().length === 2)
  })
})

describe('half a link', () => {
  test('is none, and is dropped when the other half does not follow', async () => {
    const clock = new FakeClock()
    const one = await openPeer({ clock })
    const half = await new RawPeer(one.transport.port).greet(rawSelf(2, secret), 1, 'data', 1)

    clock.advance(5_000)

    await half.ended
    expect(one.heard.told).toEqual([])
  })

  test('is not completed by a half of another attempt or another life', async () => {
    const one = await openPeer()
    const greet = (boot: string, purpose: 'data' | 'liveness', counter: number) =>
      new RawPeer(one.transport.port).greet(rawSelf(2, secret, boot), 1, purpose, counter)

    await greet('a', 'data', 1)
    await greet('a', 'liveness', 2)
    await greet('b', 'data', 2)
    expect(one.heard.told).toEqual([])
    await greet('b', 'liveness', 2)

    await one.heard.until(() => one.heard.linked(2))
    expect(one.heard.told).toHaveLength(1)
  })

  test('of an attempt that is older than the link, or than the other half, is a duplicate', async () => {
    const one = await openPeer()
    const self = rawSelf(2, secret)
    await rawLink(one.transport.port, self, 1, 5)
    await one.heard.until(() => one.heard.linked(2))

    const late = new RawPeer(one.transport.port).greet(self, 1, 'data', 4)
    await expect(late).rejects.toThrow('DUPLICATE')
    await new RawPeer(one.transport.port).greet(self, 1, 'data', 7)
    const older = new RawPeer(one.transport.port).greet(self, 1, 'liveness', 6)
    await expect(older).rejects.toThrow('DUPLICATE')
    const twice = new RawPeer(one.transport.port).greet(self, 1, 'data', 7)
    await expect(twice).rejects.toThrow('DUPLICATE')

    expect(one.heard.downReasons(2)).toEqual([])
  })
})

describe('two processes with one id', () => {
  test('the newer one keeps the link, the older one is told why it has none', async () => {
    const one = await openPeer()
    await rawLink(one.transport.port, rawSelf(2, secret, 'first'), 1, 1)
    await rawLink(one.transport.port, rawSelf(2, secret, 'second'), 1, 1)
    await one.heard.until(() => one.heard.upCount(2) === 2)

    const again = new RawPeer(one.transport.port).greet(rawSelf(2, secret, 'first'), 1, 'data', 2)

    await expect(again).rejects.toThrow('DUPLICATE')
    await one.heard.until(() => one.heard.refusals().length > 0)
    expect(one.heard.refusals()[0]?.reason).toMatch(/if two processes run as peer 2, stop one/)
    expect(one.heard.upCount(2)).toBe(2)
    expect(one.heard.linked(2)).toBe(true)
  })
})

describe('a peer that talks nonsense breaks its link, and is told why', () => {
  const control = (content: unknown): Uint8Array => encodeFrame('control', pack(content))
  const damaged = (bytes: Uint8Array): Uint8Array => bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1)
  const header = (hex: string): Buffer => Buffer.from(hex, 'hex')

  test.each<[string, string, Uint8Array]>([
    ['FRAME_TOO_LONG', 'a frame over its limit', header('010000011100000000')],
    ['FRAME_UNKNOWN', 'a frame of no type', header('000000016300000000')],
    ['FRAME_UNKNOWN', 'a handshake after the handshake', encodeFrame('hello', new Uint8Array(76))],
    ['FRAME_UNKNOWN', 'a heartbeat on the data lane', encodeFrame('liveness', pack([0, 0]))],
    ['FRAME_CORRUPT', 'a damaged frame', damaged(control([[26, 1]]))],
    ['MESSAGE_MALFORMED', 'a message of no type', control([[99]])],
    ['MESSAGE_MALFORMED', 'a zxid that is none', control([[26, -1]])],
    ['PAGE_INVALID', 'a damaged page', encodeFrame('page', damaged(samplePage(1).bytes))],
  ])('%s: %s', async (code, _, bytes) => {
    const { one, two } = await openLinked()

    two.data.send(bytes)

    await one.heard.until(() => !one.heard.linked(2))
    const [reason = ''] = one.heard.downReasons(2)
    expect(reason).toMatch(new RegExp(`^${code} on the data connection from 127.0.0.1:\\d+: .{20}`))
    const last = await two.data.lastWords()
    expect(last?.name).toBe('farewell')
    expect(Buffer.from(last!.body).toString()).toBe(reason)
    await two.liveness.ended
  })

  test('FRAME_TRUNCATED: an end in the middle of a frame', async () => {
    const { one, two } = await openLinked()

    two.data.socket.end(encodeFrame('control', pack([[26, 1]])).subarray(0, -1))

    await one.heard.until(() => !one.heard.linked(2))
    expect(one.heard.downReasons(2).join()).toMatch(/^FRAME_TRUNCATED on the data connection/)
    await two.liveness.ended
  })

  test('MESSAGE_MALFORMED: a heartbeat that counts what was never sent', async () => {
    const { one, two } = await openLinked()

    two.liveness.send(encodeFrame('liveness', pack([0, 1e9])))

    await one.heard.until(() => !one.heard.linked(2))
    expect(one.heard.downReasons(2).join()).toMatch(/MESSAGE_MALFORMED on the liveness.*never|only/)
  })

  test('what came whole before the nonsense, in an earlier read, was handed over', async () => {
    const { one, two } = await openLinked()
    two.data.send(control([[26, 7]]))
    await one.heard.until(() => one.heard.received(2).length === 1)

    two.data.send(control([[26, -7]]))

    await one.heard.until(() => !one.heard.linked(2))
    expect(one.heard.received(2)).toEqual([{ type: 'ack', upTo: makeZxid(0, 7) }])
  })

  test('a farewell is shown in one line, without control characters, cut to a bound', async () => {
    const { one, two } = await openLinked()

    two.data.send(
      encodeFrame('farewell', Buffer.from(`\u001b[31mlies\nand more${'!'.repeat(900)}`)),
    )

    await one.heard.until(() => !one.heard.linked(2))
    const [reason = ''] = one.heard.downReasons(2)
    expect(reason).toMatch(/^peer 2 broke the link: \?\[31mlies\?and more!+$/)
    expect(reason.length).toBeLessThan(350)
  })
})

describe('secrets', () => {
  test('the bytes of a secret and its text are the same secret', async () => {
    const one = await openPeer({ secret: Buffer.from(secret, 'utf8') })

    await rawLink(one.transport.port, rawSelf(2, secret), 1)

    await one.heard.until(() => one.heard.linked(2))
  })

  test('no refusal, reason or frame on the wire contains the secret', async () => {
    const { one, two } = await openLinked()
    const forger = new RawPeer(one.transport.port)
    await expect(forger.greet(rawSelf(3, 'guessed'), 1, 'data', 1)).rejects.toThrow()
    two.data.send(encodeFrame('control', pack([[99]])))
    await one.heard.until(() => !one.heard.linked(2))

    const sent = [...two.data.frames, ...two.liveness.frames, ...forger.frames]
    const said = JSON.stringify([
      one.heard.told,
      sent.map(({ body }) => Buffer.from(body).toString('latin1')),
    ])
    expect(said).not.toContain(secret)
    expect(said).not.toContain('guessed')
  })
})
