import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { copyOfData } from '../../src/tree/data-copy.ts'

describe('copies of data', () => {
  test('they are equal to what was copied, and stay so whatever is copied or changed later', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 60 }), (values) => {
        const copies = values.map((value) => copyOfData(value))
        const expected = values.map((value) => [...value])
        for (const value of values) value.fill(0)

        expect(copies.map((copy) => [...copy])).toEqual(expected)
      }),
    )
  })

  test('a view of larger memory is copied alone', () => {
    const memory = Uint8Array.from({ length: 10_000 }, (_, index) => index)

    const copy = copyOfData(memory.subarray(300, 500))

    expect([...copy]).toEqual([...memory.slice(300, 500)])
    expect(copy.buffer).not.toBe(memory.buffer)
  })

  test('none keeps more than a slab alive, or its own length', () => {
    for (const length of [0, 1, 64, 65, 100, 256, 257, 1_024, 100_000]) {
      const copy = copyOfData(new Uint8Array(length))

      expect(copy.buffer.byteLength).toBeLessThanOrEqual(Math.max(1_024, length))
    }
  })
})
