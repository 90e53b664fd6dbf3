import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ddmin } from '../src/ddmin.ts'

/** A list of different numbers, and some of them that are all needed. */
const needles = fc
  .uniqueArray(fc.nat(), { maxLength: 200 })
  .chain((items) => fc.tuple(fc.constant(items), fc.subarray(items)))

const holdsAll = (needed: readonly number[]) => (part: readonly number[]) =>
  needed.every((one) => part.includes(one))

describe('ddmin', () => {
  test('finds exactly what is needed, in its old order, when each of it is needed', () => {
    fc.assert(
      fc.property(needles, ([items, needed]) => {
        expect(ddmin(items, holdsAll(needed))).toEqual(needed)
      }),
    )
  })

  test('of what it returns nothing can be left out, whatever is asked', () => {
    const rule = fc.func(fc.boolean())
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(), { maxLength: 40 }), rule, (items, judge) => {
        const fails = (part: readonly number[]): boolean =>
          part.length === items.length || judge(part)

        const kept = ddmin(items, fails)

        expect(kept.length === 0 || fails(kept)).toBe(true)
        for (const one of kept) {
          expect(fails(kept.filter((other) => other !== one))).toBe(false)
        }
      }),
    )
  })

  test('asks about no more than a few times the logarithm for one needle in a haystack', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.nat(), (length, at) => {
        const items = Array.from({ length }, (_, index) => index)
        let asked = 0
        ddmin(items, (part) => {
          asked += 1
          return part.includes(at % length)
        })

        expect(asked).toBeLessThanOrEqual(4 * Math.ceil(Math.log2(length)) + 6)
      }),
    )
  })

  test('ends when everything is answered with no', () => {
    expect(ddmin([1, 2, 3, 4, 5], () => false)).toEqual([1, 2, 3, 4, 5])
  })
})
