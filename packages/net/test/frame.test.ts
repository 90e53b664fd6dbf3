import fc from 'fast-check'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  detach,
  encodeBulkFrame,
  encodeFrame,
  frameHeaderBytes,
  FrameSplitter,
  frameTypes,
  type Frame,
  type FrameName,
} from '../src/frame.ts'
import { ProtocolError, type ProtocolErrorCode } from '../src/protocol-error.ts'

const limits = { control: 1_000, page: 100_000, liveness: 100 }

/** All frames that come of these reads. */
function split(reads: readonly Uint8Array[]): Frame[] {
  const splitter = new FrameSplitter(limits)
  return reads.flatMap((read) => {
    splitter.push(read)
    const frames: Frame[] = []
    for (let frame = splitter.next(); frame !== null; frame = splitter.next()) frames.push(frame)
    return frames
  })
}

function refusalOf(read: Uint8Array): ProtocolErrorCode | undefined {
  try {
    split([read])
  } catch (error) {
    if (error instanceof ProtocolError) return error.code
    throw error
  }
  return undefined
}

const body = (length: number, fill = 7): Uint8Array => new Uint8Array(length).fill(fill)

describe('frames', () => {
  test('a frame survives being cut at any byte', () => {
    const frame = encodeFrame('control', Uint8Array.of(1, 2, 3, 4))

    for (let at = 0; at <= frame.length; at += 1) {
      const frames = split([frame.subarray(0, at), frame.subarray(at)])
      expect(frames).toEqual([{ name: 'control', body: Uint8Array.of(1, 2, 3, 4) }])
    }
  })

  test('frames come out as they went in, however the reads fall', () => {
    const names = fc.constantFrom<FrameName>('control', 'page', 'liveness')
    const frame = fc.record({ name: names, body: fc.uint8Array({ minLength: 1, maxLength: 100 }) })
    const cuts = fc.array(fc.nat(60), { minLength: 1 })
    fc.assert(
      fc.property(fc.array(frame), cuts, (frames, sizes) => {
        const bytes = Buffer.concat(frames.map(({ name, body }) => encodeFrame(name, body)))
        const reads: Uint8Array[] = []
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = (sizes[turn % sizes.length] ?? 0) + (turn % 2)
          // A read of its own memory each, as Node hands them out.
          reads.push(new Uint8Array(bytes.subarray(at, at + size)))
          at += size
        }

        expect(split(reads)).toEqual(frames)
      }),
    )
  })

  test('a bulk frame is the same as one in one piece, and its bulk is not copied', () => {
    const prefix = Uint8Array.of(1, 2)
    const bulk = body(50)

    const [head, tail] = encodeBulkFrame('snap-chunk', prefix, bulk)

    expect(tail).toBe(bulk)
    const whole = encodeFrame('snap-chunk', Buffer.concat([prefix, bulk]))
    expect(Buffer.concat([head, tail])).toEqual(whole)
  })

  test('a page frame carries no CRC of its own: the page has one over the same bytes', () => {
    expect(Buffer.from(encodeFrame('page', body(9))).readUInt32BE(5)).toBe(0)
    expect(Buffer.from(encodeFrame('control', body(9))).readUInt32BE(5)).toBe(
      crc32(body(9), crc32(Uint8Array.of(frameTypes.control))),
    )
  })

  test('any single flipped bit of a frame is found, but for those of a page', () => {
    const frame = encodeFrame('control', body(40))

    for (let bit = 0; bit < frame.length * 8; bit += 1) {
      const flipped = new Uint8Array(frame)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      let frames: Frame[] = []
      try {
        frames = split([flipped])
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError)
      }
      // What is not refused is a page, which its own parser refuses, or a frame not yet whole.
      expect(frames.filter(({ name }) => name !== 'page')).toEqual([])
    }
  })

  test('a frame over the limit of its type is refused by its header alone', () => {
    const header = Buffer.from(encodeFrame('control', body(1)).subarray(0, frameHeaderBytes))
    header.writeUInt32BE(1_001)
    expect(refusalOf(header)).toBe('FRAME_TOO_LONG')
    expect(() => split([header])).toThrow(/control frame of 1001 bytes exceeds the limit of 1000/)

    header.writeUInt32BE(0xffff_ffff)
    expect(refusalOf(header)).toBe('FRAME_TOO_LONG')
  })

  test('a frame that is empty, unknown, or has no place here is refused', () => {
    const empty = Buffer.alloc(frameHeaderBytes)
    empty.writeUInt8(frameTypes.control, 4)
    const strange = Buffer.from(encodeFrame('control', body(3)))
    strange.writeUInt8(99, 4)

    expect(refusalOf(empty)).toBe('FRAME_CORRUPT')
    expect(refusalOf(strange)).toBe('FRAME_UNKNOWN')
    expect(refusalOf(encodeFrame('hello', body(3)))).toBe('FRAME_UNKNOWN')
    expect(refusalOf(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toBe('FRAME_UNKNOWN')
  })

  test('limits can change between two frames of one read', () => {
    const splitter = new FrameSplitter({ hello: 10 })
    splitter.push(Buffer.concat([encodeFrame('hello', body(10)), encodeFrame('page', body(500))]))

    expect(splitter.next()?.name).toBe('hello')
    splitter.limitTo({ page: 500 })
    expect(splitter.next()).toEqual({ name: 'page', body: body(500) })
  })

  test('it says when a frame was begun that has not arrived whole', () => {
    const frame = encodeFrame('page', body(20))
    const splitter = new FrameSplitter(limits)
    const partials: boolean[] = []

    for (const byte of frame) {
      splitter.push(Uint8Array.of(byte))
      const whole = splitter.next()
      partials.push(splitter.partial)
      expect(whole !== null).toBe(partials.length === frame.length)
    }
    expect(partials.slice(0, -1).every((partial) => partial)).toBe(true)
    expect(partials.at(-1)).toBe(false)
  })

  test('nothing is held for a body before a byte of it has come', () => {
    const before = process.memoryUsage().arrayBuffers
    const splitters = Array.from({ length: 200 }, () => {
      const splitter = new FrameSplitter({ page: 2 ** 30 })
      const header = Buffer.alloc(frameHeaderBytes)
      header.writeUInt32BE(2 ** 30)
      header.writeUInt8(frameTypes.page, 4)
      splitter.push(header)
      splitter.next()
      return splitter
    })

    expect(splitters.every((splitter) => splitter.partial)).toBe(true)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20)
  })

  test('a body that spans reads lies in a memory of its own, one within a read is a view', () => {
    const frame = new Uint8Array(encodeFrame('page', body(30_000)))

    const [spanning] = split([frame.slice(0, 10_000), frame.slice(10_000)])
    expect(spanning?.body.buffer.byteLength).toBe(30_000)
    const [within] = split([frame])
    expect(within?.body.buffer).toBe(frame.buffer)
  })

  test('what is kept never pins a memory more than twice its size', () => {
    const read = new Uint8Array(1_000)

    expect(detach(read.subarray(0, 600)).buffer).toBe(read.buffer)
    const small = detach(read.subarray(10, 300))
    expect(small.buffer.byteLength).toBe(290)
    read.fill(9)
    expect(small).toEqual(new Uint8Array(290))
  })
})
