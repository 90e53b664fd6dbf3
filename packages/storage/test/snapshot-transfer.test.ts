import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ChunkPacker, ChunkUnpacker, chunkBytes, TransferError } from '../src/snapshot-transfer.ts'

type Entry = readonly [Uint8Array, Uint8Array]

function pack(entries: readonly Entry[]): Uint8Array[] {
  const packer = new ChunkPacker()
  const chunks: Uint8Array[] = []
  for (const entry of entries) {
    packer.add(entry)
    while (packer.isFull) chunks.push(packer.take(false).bytes)
  }
  for (;;) {
    const { bytes, last } = packer.take(true)
    chunks.push(bytes)
    if (last) return chunks
  }
}

function unpack(chunks: readonly Uint8Array[]): Entry[] {
  const unpacker = new ChunkUnpacker()
  const entries = chunks.flatMap((chunk) => unpacker.take(chunk))
  expect(unpacker.isComplete).toBe(true)
  return entries.map(([key, value]) => [new Uint8Array(key), new Uint8Array(value)])
}

const anySize = fc.oneof(fc.nat(20), fc.constantFrom(chunkBytes - 20, chunkBytes, 3 * chunkBytes))
const anyEntry: fc.Arbitrary<Entry> = fc
  .tuple(fc.uint8Array({ maxLength: 20 }), anySize, fc.nat(255))
  .map(([key, size, fill]) => [key, new Uint8Array(size).fill(fill)])

describe('snapshot transfer', () => {
  test('entries of any size come out of the chunks as they went in', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 12 }), (entries) => {
        const chunks = pack(entries)

        const unpacked = unpack(chunks)
        expect(unpacked.map(([key, value]) => [key.length, value.length])).toEqual(
          entries.map(([key, value]) => [key.length, value.length]),
        )
        const isSame = Buffer.concat(unpacked.flat()).equals(Buffer.concat(entries.flat()))
        expect(isSame).toBe(true)
        for (const chunk of chunks) expect(chunk.length).toBeLessThanOrEqual(chunkBytes + 12)
      }),
      { numRuns: 50 },
    )
  })

  test('a chunk that is damaged, missing, repeated or too many is refused', () => {
    const big = (fill: number): Entry => [
      Uint8Array.of(fill),
      new Uint8Array(chunkBytes).fill(fill),
    ]
    const chunks = pack([big(1), big(2), big(3)])
    const [first, second, third] = chunks as [Uint8Array, Uint8Array, Uint8Array]
    const flipped = new Uint8Array(second)
    flipped[100] = 9

    const wrong = [
      [first, flipped],
      [second],
      [first, first],
      [first, third],
      [...chunks, first],
      [first, second.subarray(0, 8)],
      [new Uint8Array(0)],
    ]
    for (const some of wrong) expect(() => unpack(some)).toThrow(TransferError)
  })

  test('a stream that ends within a record is refused', () => {
    const whole = Buffer.from(pack([[Uint8Array.of(1), Uint8Array.of(2, 3)]])[0] as Uint8Array)
    const cut = whole.subarray(0, whole.length - 1)
    cut.writeUInt32BE(crc32(cut.subarray(0, -4)), cut.length - 4)

    expect(() => unpack([cut])).toThrow(TransferError)
  })
})
