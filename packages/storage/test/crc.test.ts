import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { crc32c, shortCrc32 } from '../src/crc.ts'

/** Bit by bit, as the polynomial has it. */
function plainCrc32c(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

const bytes = Uint8Array.from({ length: 64 }, (_, index) => (index * 167 + 13) & 0xff)

/** Every part of the bytes that begins at one of the first places. */
function* parts(): Generator<readonly [start: number, end: number]> {
  for (let start = 0; start < 9; start += 1) {
    for (let end = start; end <= bytes.length; end += 1) yield [start, end]
  }
}

describe('CRCs', () => {
  test('CRC-32C has the answers of RFC 3720, B.4', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e)
  })

  test('CRC-32C of any length, at any place', () => {
    for (const [start, end] of parts()) {
      expect(crc32c(bytes, start, end)).toBe(plainCrc32c(bytes.subarray(start, end)))
    }
  })

  test("CRC-32 is Node's own, at any place and behind anything", () => {
    for (const [start, end] of parts()) {
      const before = crc32(bytes.subarray(0, start))
      expect(shortCrc32(bytes, start, end)).toBe(crc32(bytes.subarray(start, end)))
      expect(shortCrc32(bytes, start, end, before)).toBe(crc32(bytes.subarray(0, end)))
    }
  })
})
