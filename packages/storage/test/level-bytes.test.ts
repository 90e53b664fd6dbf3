import { describe, expect, test } from 'vitest'
import { crc32c, masked } from '../src/level-bytes.ts'

/** Bit by bit, as the polynomial has it. */
function plainCrc32c(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

describe('the checksums of LevelDB', () => {
  test('known answers: RFC 3720, B.4', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e)
  })

  test('of any length, at any place', () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, index) => (index * 167 + 13) & 0xff)
    for (let start = 0; start < 9; start += 1) {
      for (let end = start; end <= bytes.length; end += 1) {
        const part = bytes.subarray(start, end)
        expect(crc32c(part)).toBe(plainCrc32c(part))
      }
    }
  })

  test('a mask makes another number of each', () => {
    expect(masked(0)).toBe(0xa282ead8)
    expect(masked(0xe3069283)).not.toBe(0xe3069283)
  })
})
