import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  expiredResponse,
  FrameSplitter,
  JuteReader,
  JuteWriter,
  longOf,
  MalformedError,
  opcodes,
  readConnectRequest,
  writeConnectResponse,
  writeMultiResponse,
  writeWatcherEvent,
} from '@conclave/zookeeper'
import { anyLong, anyText } from './arbitrary-records.ts'

/** The frames that come of writing so, in hexadecimal, with their lengths. */
function frameOf(write: (writer: JuteWriter) => void): string {
  const writer = new JuteWriter()
  writer.begin()
  write(writer)
  writer.end()
  return writer.take().toString('hex')
}

function readerOf(hex: string): JuteReader {
  const reader = new JuteReader()
  reader.reset(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
  return reader
}

describe('fields', () => {
  test('null and empty are not the same', () => {
    const frame = frameOf((writer) => {
      writer.buffer(null)
      writer.buffer(new Uint8Array())
      writer.string(null)
      writer.string('')
      writer.strings(null)
      writer.strings([])
    })

    expect(frame).toBe('00000018' + 'ffffffff00000000'.repeat(3))
    const reader = readerOf(frame.slice(8))
    expect(reader.buffer()).toBeNull()
    expect(reader.buffer()).toEqual(new Uint8Array())
    expect(reader.string()).toBeNull()
    expect(reader.string()).toBe('')
    expect(reader.strings()).toBeNull()
    expect(reader.strings()).toEqual([])
  })

  test('a long keeps its 64 bits, as a number wherever that is exact', () => {
    const cases: readonly [string, number | bigint][] = [
      ['0000000000000000', 0],
      ['ffffffffffffffff', -1],
      ['0000000100000002', 2 ** 32 + 2],
      ['fffffffe00000000', -(2 ** 33)],
      ['001fffffffffffff', Number.MAX_SAFE_INTEGER],
      ['0020000000000000', 2n ** 53n],
      ['ffe0000000000001', Number.MIN_SAFE_INTEGER],
      ['ffe0000000000000', -(2n ** 53n)],
      ['7fffffffffffffff', 2n ** 63n - 1n],
      ['8000000000000000', -(2n ** 63n)],
      ['0100123456789abc', 0x0100123456789abcn],
    ]
    for (const [hex, value] of cases) {
      expect(readerOf(hex).long()).toBe(value)
      expect(frameOf((writer) => writer.long(value))).toBe(`00000008${hex}`)
    }
  })

  test('a long has one form, which compares', () => {
    fc.assert(
      fc.property(anyLong, anyLong, (a, b) => {
        expect(longOf(BigInt(a))).toBe(a)
        expect(a < b).toBe(BigInt(a) < BigInt(b))
      }),
    )
  })

  test('a string is UTF-8, short or long, ASCII or not', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const bytes = Buffer.from(text)
        const length = Buffer.alloc(4)
        length.writeInt32BE(bytes.length)
        const frame = frameOf((writer) => writer.string(text))
        expect(frame.slice(8)).toBe(Buffer.concat([length, bytes]).toString('hex'))
      }),
    )
  })

  test('a buffer does not keep its frame', () => {
    const bytes = Buffer.from('00000002abcd', 'hex')
    const reader = new JuteReader()
    reader.reset(bytes)
    const data = reader.buffer()
    bytes.fill(0)

    expect(data).toEqual(Uint8Array.of(0xab, 0xcd))
  })

  test.each([
    ['a length that reaches past the frame', '00000005 00', 'TRUNCATED'],
    ['half a length', '0000', 'TRUNCATED'],
    ['a length below -1', 'fffffffe', 'FIELD_LENGTH'],
    ['the longest length there is', '7fffffff 00', 'TRUNCATED'],
  ])('%s is refused', (_what, hex, reason) => {
    expect(() => readerOf(hex).string()).toThrow(expect.objectContaining({ reason }))
    expect(() => readerOf(hex).buffer()).toThrow(expect.objectContaining({ reason }))
  })

  test('a vector that its frame cannot hold is refused before anything is made of it', () => {
    expect(() => readerOf('7fffffff 00000000').strings()).toThrow(MalformedError)
    expect(() => readerOf('00000002 00000000').strings()).toThrow(MalformedError)
    // A count below -1 is a loop that ends at once, in ZooKeeper too.
    expect(readerOf('fffffffe').strings()).toEqual([])
  })
})

describe('handshake', () => {
  const response = {
    protocolVersion: 0,
    timeoutMs: 10_000,
    sessionId: 0x0100123456789abcn,
    password: new Uint8Array(16).fill(7),
  }

  test('the response has 41 bytes with the byte of readOnly, 40 without', () => {
    const writtenAs = (readOnly: boolean | undefined): string =>
      frameOf((writer) => writeConnectResponse(writer, { ...response, readOnly }))

    expect(writtenAs(false)).toBe(
      '00000025' +
        '00000000' +
        '00002710' +
        '0100123456789abc' +
        '00000010' +
        '07'.repeat(16) +
        '00',
    )
    expect(writtenAs(undefined)).toBe(writtenAs(false).slice(0, -2).replace('00000025', '00000024'))
  })

  test('a session that is over is told by zeros, of the same length', () => {
    const frame = frameOf((writer) => writeConnectResponse(writer, expiredResponse(true)))

    expect(frame).toBe('00000025' + '00'.repeat(16) + '00000010' + '00'.repeat(17))
  })

  test('old clients leave the byte of readOnly out', () => {
    const old = '00000000 0000000000000000 00002710 0000000000000000 00000010' + '00'.repeat(16)

    expect(readConnectRequest(readerOf(old)).readOnly).toBeUndefined()
    expect(readConnectRequest(readerOf(old + '01')).readOnly).toBe(true)
  })
})

test('a failed multi has its codes in headers and bodies', () => {
  const frame = frameOf((writer) =>
    writeMultiResponse(writer, [
      { opcode: opcodes.error, error: 0 },
      { opcode: opcodes.error, error: -103 },
    ]),
  )

  expect(frame.slice(8)).toBe(
    'ffffffff 00 00000000 00000000 ffffffff 00 ffffff99 ffffff99 ffffffff 01 ffffffff'.replaceAll(
      ' ',
      '',
    ),
  )
})

test('an event names its path, and that the client is connected', () => {
  const frame = frameOf((writer) => writeWatcherEvent(writer, 1, '/a'))

  expect(frame).toBe('0000000e' + '00000001' + '00000003' + '00000002' + '2f61')
})

describe('writer', () => {
  test('what was taken is not written to again, however much follows', () => {
    const writer = new JuteWriter()
    const taken: Buffer[] = []
    const expected: string[] = []
    for (let index = 0; index < 200; index += 1) {
      const data = new Uint8Array(index * 97).fill(index)
      writer.begin()
      writer.buffer(data)
      writer.end()
      if (index % 3 !== 0) continue
      taken.push(writer.take())
      expected.push(taken.at(-1)!.toString('hex'))
    }

    expect(taken.map((piece) => piece.toString('hex'))).toEqual(expected)
  })

  test('a frame that was abandoned leaves nothing behind', () => {
    const writer = new JuteWriter()
    writer.begin()
    writer.int(1)
    writer.end()
    writer.begin()
    writer.buffer(new Uint8Array(100_000))
    writer.abandon()

    expect(writer.take().toString('hex')).toBe('0000000400000001')
  })
})

describe('frames', () => {
  const maxBytes = 1_000

  function splitAll(pieces: readonly Buffer[]): string[] {
    const splitter = new FrameSplitter(maxBytes)
    const reader = new JuteReader()
    const frames: string[] = []
    for (const piece of pieces) {
      splitter.push(piece)
      while (splitter.next(reader)) frames.push(restOf(reader))
    }
    expect(splitter.partial).toBe(false)
    return frames
  }

  function restOf(reader: JuteReader): string {
    let hex = ''
    while (reader.remaining > 0) hex += reader.bool() ? '1' : '0'
    return hex
  }

  test('come whole, in order, however they are cut', () => {
    const frame = fc.array(fc.boolean(), { maxLength: maxBytes })
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ maxDepth: 0 }, fc.array(fc.boolean(), { maxLength: 9 }), frame), {
          maxLength: 8,
        }),
        fc.array(fc.nat(300), { maxLength: 20 }),
        (frames, cuts) => {
          const whole = Buffer.concat(
            frames.map((bits) => {
              const length = Buffer.alloc(4)
              length.writeInt32BE(bits.length)
              return Buffer.concat([length, Buffer.from(bits.map(Number))])
            }),
          )
          const pieces: Buffer[] = []
          let at = 0
          for (const cut of cuts) {
            pieces.push(whole.subarray(at, at + cut))
            at = Math.min(whole.length, at + cut)
          }
          pieces.push(whole.subarray(at))

          expect(splitAll(pieces)).toEqual(
            frames.map((bits) => bits.map((bit) => (bit ? '1' : '0')).join('')),
          )
        },
      ),
    )
  })

  test.each([
    [maxBytes, null],
    [maxBytes + 1, 'FRAME_LENGTH'],
    [-1, 'FRAME_LENGTH'],
    [-(2 ** 31), 'FRAME_LENGTH'],
  ])('of %i bytes: %s', (length, reason) => {
    const prefix = Buffer.alloc(4)
    prefix.writeInt32BE(length)
    for (const pieces of [[prefix], [prefix.subarray(0, 1), prefix.subarray(1)]]) {
      const splitter = new FrameSplitter(maxBytes)
      const reader = new JuteReader()
      const push = (): void => {
        for (const piece of pieces) {
          splitter.push(piece)
          expect(splitter.next(reader)).toBe(false)
        }
      }
      if (reason === null) push()
      else expect(push).toThrow(expect.objectContaining({ reason, prefix: length }))
    }
  })

  test('a four-letter word is no length, and is found in what is refused', () => {
    const splitter = new FrameSplitter(0xfffff)
    splitter.push(Buffer.from('ruok'))

    expect(() => splitter.next(new JuteReader())).toThrow(
      expect.objectContaining({ prefix: Buffer.from('ruok').readInt32BE() }),
    )
  })
})
