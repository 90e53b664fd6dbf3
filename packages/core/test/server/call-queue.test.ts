import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CallId } from '../../src/internal.ts'
import { CallQueue } from '../../src/server/call-queue.ts'

const queueOf = (...calls: readonly CallId[]): CallQueue<{ readonly call: CallId }> => {
  const queue = new CallQueue<{ readonly call: CallId }>()
  for (const call of calls) queue.push({ call })
  return queue
}

describe('call queue', () => {
  test('whatever is pushed and taken, it is the map by call that it stands for', () => {
    const step = fc.record({
      pushed: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 40 }),
      taken: fc.array(fc.nat(400), { maxLength: 40 }),
      shifted: fc.nat(20),
    })

    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const queue = queueOf()
        const model = new Map<CallId, { readonly call: CallId }>()
        let last = 0
        for (const { pushed, taken, shifted } of steps) {
          for (const gap of pushed) {
            last += gap
            const item = { call: last }
            queue.push(item)
            model.set(last, item)
          }
          const oldest = [...model.keys()].slice(0, shifted)
          for (const call of [...taken, ...oldest]) {
            expect(queue.get(call)).toBe(model.get(call))
            expect(queue.take(call)).toBe(model.get(call))
            model.delete(call)
          }
          expect(queue.size).toBe(model.size)
          expect(queue.first).toBe(model.values().next().value)
          expect([...queue]).toEqual([...model.values()])
        }
      }),
    )
  })

  test('what is taken from the middle is let go of once it is half of what is kept', () => {
    const queue = queueOf(0)
    for (let call = 1; call <= 1_000; call += 1) {
      queue.push({ call })
      queue.take(call)
      expect(queue.heldCount).toBeLessThanOrEqual(2)
    }

    expect([...queue]).toEqual([{ call: 0 }])
  })

  test('a call that is not later than the ones before is a defect, also when these are gone', () => {
    const queue = queueOf(1, 2)
    queue.take(2)

    expect(() => queue.push({ call: 2 })).toThrow('later')
    queue.clear()
    expect(() => queue.push({ call: 1 })).toThrow('later')
  })
})
