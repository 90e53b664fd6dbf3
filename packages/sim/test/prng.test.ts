import { describe, expect, test } from 'vitest'
import { hash, Random } from '../src/prng.ts'

describe('random streams', () => {
  test('the n-th draw depends on the name of the stream and on n alone', () => {
    const one = new Random(7, 'workload', 3)
    const drawn = [one.bits(), one.bits(), one.bits()]

    expect(drawn).toEqual([0, 1, 2].map((n) => hash(7, 'workload', 3, n)))
  })

  test('another seed, stream or owner is another sequence', () => {
    const first = (random: Random): number => random.bits()
    const draws = [
      new Random(1, 'faults', 1),
      new Random(2, 'faults', 1),
      new Random(1, 'workload', 1),
      new Random(1, 'faults', 2),
      new Random(2 ** 32 + 1, 'faults', 1),
    ].map(first)

    expect(new Set(draws).size).toBe(draws.length)
  })

  test('draws stay within their bounds and reach both ends', () => {
    const random = new Random(3, 'scenario')
    const drawn = Array.from({ length: 2_000 }, () => random.integer(2, 5))

    expect(new Set(drawn)).toEqual(new Set([2, 3, 4, 5]))
  })

  test('a chance comes about as often as it says', () => {
    const random = new Random(9, 'scenario')
    const hits = Array.from({ length: 10_000 }, () => random.chance(0.2)).filter(Boolean).length

    expect(hits).toBeGreaterThan(1_800)
    expect(hits).toBeLessThan(2_200)
  })

  test('exponential draws have their mean', () => {
    const random = new Random(5, 'scenario')
    const drawn = Array.from({ length: 10_000 }, () => random.exponential(1_000))
    const mean = drawn.reduce((sum, one) => sum + one, 0) / drawn.length

    expect(mean).toBeGreaterThan(950)
    expect(mean).toBeLessThan(1_050)
  })

  test('nothing is picked from nothing', () => {
    expect(() => new Random(1, 'scenario').pick([])).toThrow(/empty/)
  })
})
