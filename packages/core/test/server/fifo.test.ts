import fc from 'fast-check'
import { describe, test } from 'vitest'
import { Fifo } from '../../src/server/fifo.ts'

describe('fifo', () => {
  test('whatever is pushed, taken and left out, it is the array that it stands for', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 1, max: 2_000 }).map((count) => ['push', count]) },
      { weight: 6, arbitrary: fc.integer({ min: 1, max: 2_000 }).map((count) => ['shift', count]) },
      { weight: 1, arbitrary: fc.integer({ min: 2, max: 5 }).map((modulus) => ['keep', modulus]) },
    ) as fc.Arbitrary<['push' | 'shift' | 'keep', number]>

    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const fifo = new Fifo<number>()
        let model: number[] = []
        let next = 0
        for (const [what, count] of steps) {
          if (what === 'keep') {
            fifo.keep((item) => item % count !== 0)
            model = model.filter((item) => item % count !== 0)
            continue
          }
          for (let i = 0; i < count; i += 1) {
            if (what === 'push') {
              fifo.push(next)
              model.push(next)
              next += 1
            } else if (fifo.shift() !== model.shift()) return false
          }
          if (fifo.size !== model.length || fifo.first !== model[0]) return false
        }
        return [...fifo].join() === model.join()
      }),
      { numRuns: 60 },
    )
  })
})
