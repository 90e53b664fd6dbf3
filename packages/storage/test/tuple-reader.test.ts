import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TupleReader } from '../src/tuple-reader.ts'
import { packTuple, TupleError } from '../src/tuple.ts'

const anyInteger = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.integer({ min: -300, max: 300 }),
)
const anyLength = fc.oneof(fc.nat(300), fc.constantFrom(65_535, 65_536))
const anyData = fc.option(
  anyLength.map((length) => Uint8Array.from({ length }, (_, at) => at & 0xff)),
)

/** A reader that has begun the tuple, with other bytes around it. */
function readerOf(tuple: readonly unknown[], length = tuple.length): TupleReader {
  const packed = packTuple(tuple, 3, 2)
  const reader = new TupleReader()
  reader.begin(packed, 3, packed.length - 2, length)
  return reader
}

describe('tuple reader', () => {
  test('integers of every size come back as they were packed', () => {
    fc.assert(
      fc.property(fc.array(anyInteger, { maxLength: 15 }), (integers) => {
        const reader = readerOf(integers)

        expect(integers.map(() => reader.integer())).toEqual(integers)
      }),
    )
  })

  test('data comes back as it was packed, in memory of its own', () => {
    fc.assert(
      fc.property(anyData, anyInteger, (data, integer) => {
        const packed = packTuple([data, integer])
        const reader = new TupleReader()
        reader.begin(packed, 0, packed.length, 2)
        const read = reader.data()
        expect(reader.integer()).toBe(integer)
        packed.fill(0xff)

        expect(read === null ? null : Buffer.from(read).equals(data ?? Buffer.alloc(0))).toBe(
          data === null ? null : true,
        )
      }),
      { numRuns: 50 },
    )
  })

  test('says whether only a null follows, and where anything else begins', () => {
    const one = readerOf([5, null])
    expect(one.endsWithNull).toBe(false)
    one.integer()
    expect(one.endsWithNull).toBe(true)

    const other = readerOf([5, [null]])
    other.integer()
    expect(other.endsWithNull).toBe(false)
    expect(other.at).toBe(3 + 2)
  })

  test('anything else where an integer or data belongs is refused', () => {
    for (const wrong of ['text', 1.5, 2 ** 60, Infinity, true, null, new Uint8Array(1), [1]]) {
      expect(() => readerOf([wrong]).integer()).toThrow(TupleError)
    }
    for (const wrong of ['text', 7, 1.5, true, [1]]) {
      expect(() => readerOf([wrong]).data()).toThrow(TupleError)
    }
  })

  test('a tuple of another length, or one that is cut short, is refused', () => {
    expect(() => readerOf([1, 2], 3)).toThrow(TupleError)
    const packed = packTuple([new Uint8Array(300), 2 ** 40, 70_000, -70_000, 300])
    for (let end = 0; end < packed.length; end += 1) {
      const read = (): void => {
        const reader = new TupleReader()
        reader.begin(packed, 0, end, 5)
        reader.data()
        for (let field = 1; field < 5; field += 1) reader.integer()
      }
      expect(read).toThrow(TupleError)
    }
  })
})
