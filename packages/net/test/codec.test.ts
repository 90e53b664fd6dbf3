import { laneOf, makeZxid, PageError, type Message, type Page } from '@conclave/core/internal'
import fc from 'fast-check'
import { addExtension, pack } from 'msgpackr'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Codec } from '../src/codec.ts'
import { encodeFrame, FrameSplitter, type Frame } from '../src/frame.ts'
import { defaultTransportLimits } from '../src/limits.ts'
import { ProtocolError } from '../src/protocol-error.ts'
import { parseSamplePage, sampleMessages, samplePage } from '../src/suite.ts'
import { anyMessage } from './arbitrary-messages.ts'

const limits = defaultTransportLimits
const codec = new Codec({ limits, parsePage: parseSamplePage })

function framesOf(bytes: Uint8Array): Frame[] {
  const splitter = new FrameSplitter({
    liveness: limits.maxLivenessBytes,
    control: limits.maxControlBytes,
    page: limits.maxPageBytes,
    'snap-chunk': limits.maxSnapshotChunkBytes,
  })
  splitter.push(bytes)
  const frames: Frame[] = []
  for (let frame = splitter.next(); frame !== null; frame = splitter.next()) frames.push(frame)
  return frames
}

function sentData(messages: readonly Message[], by = codec): Uint8Array {
  return new Uint8Array(Buffer.concat(by.encodeData(messages)))
}

function carryData(messages: readonly Message[]): Message[] {
  return framesOf(sentData(messages)).flatMap((frame) => codec.decodeData(frame))
}

function carryLiveness(messages: readonly Message[]): Message[] {
  const [frame, ...rest] = framesOf(codec.encodeLiveness({ sent: 1, received: 2 }, messages))
  expect(rest).toEqual([])
  return frame === undefined ? [] : codec.decodeLiveness(frame).messages
}

/** A frame of the data lane with this content. */
function decodeControl(content: unknown): Message[] {
  return codec.decodeData({ name: 'control', body: pack(content) })
}

const ack = (counter: number): Message => ({ type: 'ack', upTo: makeZxid(1, counter) })

const writes = (count: number, bytes: number): Message => ({
  type: 'requests',
  requests: Array.from({ length: count }, (_, index) => ({
    session: 5 as never,
    requestId: index + 1,
    hostedSince: makeZxid(1, 1),
    identities: [],
    request: {
      type: 'set',
      path: `/app/key-${index}`,
      data: new Uint8Array(bytes).fill(index),
      version: -1,
    },
  })),
})

describe('the codec', () => {
  test('whatever can be said arrives as it was said', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 8 }), (messages) => {
        const data = messages.filter((message) => laneOf(message) === 'data')
        const liveness = messages.filter((message) => laneOf(message) === 'liveness')

        // Not the matcher of the runner, which takes its time over bytes.
        expect(isDeepStrictEqual(carryData(data), data)).toBe(true)
        expect(isDeepStrictEqual(carryLiveness(liveness), liveness)).toBe(true)
      }),
      { numRuns: 400 },
    )
  })

  test('there is a sample of every type, and each arrives as it was said', () => {
    const data = sampleMessages.filter((message) => laneOf(message) === 'data')
    const liveness = sampleMessages.filter((message) => laneOf(message) === 'liveness')

    expect(carryData(data)).toStrictEqual(data)
    expect(carryLiveness(liveness)).toStrictEqual(liveness)
  })

  test('absent data and no bytes are told apart', () => {
    const plain = { path: '/a', mode: 'persistent', sequential: false, acl: null } as const
    const create = { type: 'create', ...plain } as const
    const requests = [null, new Uint8Array(0)].map((data, index) => ({
      session: 1 as never,
      requestId: index + 1,
      hostedSince: makeZxid(1, 1),
      identities: [],
      request: { ...create, data, parents: false },
    }))

    expect(carryData([{ type: 'requests', requests }])).toStrictEqual([
      { type: 'requests', requests },
    ])
  })

  test('every small integer stays one: msgpackr has uses of its own for half of them', () => {
    for (let value = 0; value < 300; value += 1) {
      expect(carryData([ack(value)])).toStrictEqual([ack(value)])
    }
  })

  test('messages of one send share a frame; a page is the bytes it is', () => {
    const page = samplePage(1, 20_000)

    const frames = framesOf(
      sentData([ack(1), ack(2), { type: 'proposal', page }, ack(3), { type: 'goodbye' }]),
    )

    expect(frames.map(({ name }) => name)).toEqual(['control', 'page', 'control'])
    expect(Buffer.compare(frames[1]!.body, page.bytes)).toBe(0)
    const pieces = codec.encodeData([{ type: 'proposal', page }])
    expect(pieces[1]).toBe(page.bytes)
  })

  test('a long list of requests becomes several messages, in order, none of them large', () => {
    const message = writes(5_000, 1_000)

    const frames = framesOf(sentData([message]))
    const arrived = frames.flatMap((frame) => codec.decodeData(frame))

    expect(frames.length).toBeGreaterThan(5)
    expect(Math.max(...frames.map(({ body }) => body.length))).toBeLessThan(1024 * 1024)
    const requests = arrived.flatMap((one) => (one.type === 'requests' ? one.requests : []))
    expect(isDeepStrictEqual({ type: 'requests', requests }, message)).toBe(true)
  })

  test('what is decoded shares no memory with its frame', () => {
    const messages: Message[] = [
      writes(3, 50),
      { type: 'session-requests', requests: [{ timeoutMs: 1, password: new Uint8Array(16) }] },
      { type: 'snap-chunk', number: 1, bytes: new Uint8Array(40).fill(4), last: false },
      { type: 'proposal', page: samplePage(3, 100) },
      writes(1, 9_000),
    ]
    const bytes = sentData(messages)

    const decoded = framesOf(bytes).flatMap((frame) => codec.decodeData(frame))
    bytes.fill(0xee)

    expect(decoded).toStrictEqual(messages)
  })

  test('a page that fills its read is not copied; a small one does not pin it', () => {
    const seen: Uint8Array[] = []
    const parsePage = (bytes: Uint8Array): Page => {
      seen.push(bytes)
      return parseSamplePage(bytes)
    }
    const watching = new Codec({ limits, parsePage })
    const bytes = sentData([
      { type: 'proposal', page: samplePage(1, 60_000) },
      { type: 'proposal', page: samplePage(2, 500) },
    ])

    for (const frame of framesOf(bytes)) watching.decodeData(frame)

    expect(seen[0]?.buffer).toBe(bytes.buffer)
    expect(seen[1]?.buffer.byteLength).toBe(500)
  })

  test('a heartbeat says what its sender has sent and received', () => {
    const [frame] = framesOf(codec.encodeLiveness({ sent: 2 ** 40, received: 17 }, []))

    expect(codec.decodeLiveness(frame!).count).toEqual({ sent: 2 ** 40, received: 17 })
  })

  test("the host's own extensions of msgpackr do not reach into our messages", () => {
    class Secret {
      readonly value = 1
    }
    addExtension({
      Class: Secret,
      type: 0x11,
      pack: () => Buffer.of(1),
      unpack: () => new Secret(),
    })

    expect(() => decodeControl([[26, new Secret()]])).toThrow(/token 0xd4/)
  })
})

describe('the codec refuses', () => {
  test.each([
    ['what is no list', 17],
    ['a message that is no tuple', [5]],
    ['an empty tuple', [[]]],
    ['a type that does not exist', [[9_999]]],
    ['a type that is no number', [['ack', 1]]],
    ['too few fields', [[26]]],
    ['too many fields', [[26, 1, 1]]],
    ['a zxid that is negative', [[26, -1]]],
    ['a zxid that is not safe', [[26, 2 ** 53]]],
    ['a zxid that is not whole', [[26, 1.5]]],
    ['a zxid that is not a number', [[26, Number.NaN]]],
    ['a zxid that is a string', [[26, '1']]],
    ['an epoch of more than 21 bits', [[23, 2 ** 21, 1]]],
    ['a CRC of more than 32 bits', [[19, 1, 2 ** 32]]],
    ['a digest that is too long', [[27, 1, 'x'.repeat(65)]]],
    ['a flag that is no boolean', [[16, 1, 0, 1, 0]]],
    ['a member with the id 0', [[17, 1, [0, 1, [[0, 0]]]]]],
    ['a member with a role that does not exist', [[17, 1, [0, 1, [[1, 2]]]]]],
    ['half a page end', [[18, 1, 1, 1, 1, [5]]]],
    ['a request of no kind', [[28, [[1, 1, 1, [77]]]]]],
    ['a check that is a request of its own', [[28, [[1, 1, 1, [4, '/a', 1]]]]]],
    ['a transaction within a transaction', [[28, [[1, 1, 1, [5, [[5, []]]]]]]]],
    ['a version of more than 32 bits', [[28, [[1, 1, 1, [2, '/a', null, 2 ** 31]]]]]],
    ['data that is a string', [[28, [[1, 1, 1, [2, '/a', 'text', 1]]]]]],
    ['a path that is bytes', [[28, [[1, 1, 1, [2, Buffer.from('/a'), null, 1]]]]]],
    ['a password of the wrong length', [[29, [[1_000, Buffer.alloc(15)]]]]],
    ['a timeout that is not finite', [[29, [[Infinity, Buffer.alloc(16)]]]]],
    ['a heartbeat among data', [[2, 1, 1, 1, 1, 1]]],
  ])('%s', (_, content) => {
    expect(() => decodeControl(content)).toThrow(ProtocolError)
  })

  test('and names type, field and value, never content', () => {
    expect(() => decodeControl([[26, -3]])).toThrow(/upTo of ack is -3; run the same version/)
    expect(() => decodeControl([[26, 'geheim']])).toThrow(/upTo of ack is a string of 6/)
    expect(() => decodeControl([[9_999]])).toThrow(/no message has the type 9999/)
  })

  test('data among heartbeats, and heartbeats without a count', () => {
    const body = (content: unknown): Frame => ({ name: 'liveness', body: pack(content) })

    expect(() => codec.decodeLiveness(body([1, 1, [26, 5]]))).toThrow(/ack has no place/)
    expect(() => codec.decodeLiveness(body([1, -1]))).toThrow(/does not count/)
    expect(() => codec.decodeLiveness(body([[2, 1, 1, 1, 1, 1]]))).toThrow(/does not count/)
  })

  test('a page that its parser refuses, whatever that throws', () => {
    const page: Frame = { name: 'page', body: new Uint8Array(100) }
    const throwing = new Codec({
      limits,
      parsePage: () => {
        throw new RangeError('offset out of bounds')
      },
    })

    expect(() => codec.decodeData(page)).toThrow(/^a page is refused: the CRC does not match$/)
    expect(() => throwing.decodeData(page)).toThrow(ProtocolError)
    try {
      codec.decodeData(page)
    } catch (error) {
      expect((error as ProtocolError).code).toBe('PAGE_INVALID')
      expect((error as ProtocolError).cause).toBeInstanceOf(PageError)
    }
  })

  test('a chunk that is cut short or has flags of a later version', () => {
    const chunk = (...bytes: number[]): Frame => ({
      name: 'snap-chunk',
      body: Uint8Array.from(bytes),
    })

    expect(() => codec.decodeData(chunk(0, 0, 0, 1))).toThrow(/cut short/)
    expect(() => codec.decodeData(chunk(0, 0, 0, 1, 2, 9))).toThrow(/flags 2/)
    expect(codec.decodeData(chunk(0, 0, 0, 1, 1))).toStrictEqual([
      { type: 'snap-chunk', number: 1, bytes: new Uint8Array(0), last: true },
    ])
  })

  test('to send what a peer would not accept', () => {
    const tight = new Codec({
      limits: { ...limits, maxControlBytes: 200, maxSnapshotChunkBytes: 20, maxLivenessBytes: 50 },
      parsePage: parseSamplePage,
    })
    const bytes = new Uint8Array(16)
    const sessions = Array.from({ length: 20 }, (_, index) => [index as never, 1] as const)
    const transaction = { type: 'transaction', operations: { length: 65_537 } as never } as const
    const forwarded = {
      session: 1 as never,
      requestId: 1,
      hostedSince: makeZxid(1, 1),
      identities: [],
    }

    expect(() => tight.encodeData([writes(1, 300)])).toThrow(/control frame of \d+ bytes/)
    expect(() => tight.encodeData([{ type: 'snap-chunk', number: 0, bytes, last: true }])).toThrow(
      /16 bytes exceeds the limit of 20/,
    )
    expect(() =>
      tight.encodeLiveness({ sent: 0, received: 0 }, [
        { type: 'pong', epoch: 1, round: 1, proofs: { number: 1, sessions }, progress: 0 },
      ]),
    ).toThrow(/liveness frame/)
    expect(() => codec.encodeLiveness({ sent: 0, received: 0 }, [ack(1)])).toThrow(/no place/)
    expect(() =>
      codec.encodeData([
        {
          type: 'requests',
          requests: [
            { ...forwarded, request: { type: 'set', path: '/\ud800', data: null, version: 0 } },
          ],
        },
      ]),
    ).toThrow(/lone surrogate/)
    expect(() =>
      codec.encodeData([
        {
          type: 'requests',
          requests: [
            {
              ...forwarded,
              request: {
                ...transaction,
                operations: new Array(131_073).fill({ path: '' }) as never,
              },
            },
          ],
        },
      ]),
    ).toThrow(/131073 operations/)
  })
})

// Seconds of work on a busy machine.
describe('hostile frames', { timeout: 60_000 }, () => {
  /** A generator of its own, so that a failure is found again by its seed. */
  function* randoms(seed: number): Generator<number, never> {
    let state = seed
    for (;;) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      yield state / 2 ** 32
    }
  }

  test('20,000 frames that were damaged, cut, or made up are decoded or refused, nothing else', () => {
    const random = randoms(20_261_122)
    const next = (below: number): number => Math.floor(random.next().value * below)
    const valid = sampleMessages.map((message): Uint8Array =>
      laneOf(message) === 'data'
        ? sentData([message, message])
        : codec.encodeLiveness({ sent: 5, received: 5 }, [message]),
    )
    const heapBefore = process.memoryUsage().heapUsed
    let refused = 0

    for (let round = 0; round < 20_000; round += 1) {
      const bytes = new Uint8Array(valid[next(valid.length)]!)
      if (next(4) === 0) for (let at = 9; at < bytes.length; at += 1) bytes[at] = next(256)
      for (let flips = next(4); flips > 0; flips -= 1) bytes[next(bytes.length)] = next(256)
      const cut = next(3) === 0 ? bytes.subarray(0, next(bytes.length)) : bytes
      // Half of them with a CRC that is right, so that they reach the decoder.
      const hostile =
        next(2) === 0 || cut.length < 10
          ? cut
          : encodeFrame(next(2) === 0 ? 'control' : 'liveness', cut.subarray(9))
      try {
        for (const frame of framesOf(hostile)) {
          if (frame.name === 'liveness') codec.decodeLiveness(frame)
          else codec.decodeData(frame)
        }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
        refused += 1
      }
    }

    expect(refused).toBeGreaterThan(5_000)
    expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(128 * 1024 * 1024)
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test.each([
    ['a million empty arrays', Buffer.alloc(1024 * 1024, 0x90)],
    ['a million levels', Buffer.alloc(1024 * 1024, 0x91)],
    ['an array of four thousand million', Buffer.from('ddffffffff', 'hex')],
    ['a string of four thousand million', Buffer.from('dbffffffff', 'hex')],
    ['a map with __proto__', Buffer.from('81a95f5f70726f746f5f5f01', 'hex')],
  ])('%s is refused at once', (_, body) => {
    const begun = performance.now()

    expect(() => codec.decodeData({ name: 'control', body })).toThrow(ProtocolError)
    expect(performance.now() - begun).toBeLessThan(200)
  })
})
