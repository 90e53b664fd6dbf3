import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Scheduler } from '../src/scheduler.ts'

describe('scheduler', () => {
  test('what is due happens by time and, at one time, in the order in which it was asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), (times) => {
        const scheduler = new Scheduler()
        const seen: [number, number][] = []
        for (const [index, time] of times.entries()) {
          scheduler.at(time, () => seen.push([scheduler.now, index]))
        }
        scheduler.runUntil(20)

        const expected = times
          .map((time, index) => [time, index] as [number, number])
          .sort(([a, i], [b, j]) => a - b || i - j)
        expect(seen).toEqual(expected)
      }),
    )
  })

  test('an action may ask for another at the same time, and it still happens', () => {
    const scheduler = new Scheduler()
    const seen: string[] = []
    scheduler.at(5, () => scheduler.after(0, () => seen.push('inner')))
    scheduler.at(5, () => seen.push('second'))
    scheduler.runUntil(5)

    expect(seen).toEqual(['second', 'inner'])
  })

  test('what is due later waits, and the time is where the run ended', () => {
    const scheduler = new Scheduler()
    let happened = false
    scheduler.at(11, () => (happened = true))
    scheduler.runUntil(10)

    expect([happened, scheduler.now]).toEqual([false, 10])
  })

  test('one thing at a time: the clock is where the last one happened', () => {
    const scheduler = new Scheduler()
    const seen: number[] = []
    for (const time of [7, 3, 3]) scheduler.at(time, () => seen.push(scheduler.now))

    expect([scheduler.runNext(5), scheduler.runNext(5), scheduler.runNext(5)]).toEqual([
      true,
      true,
      false,
    ])
    expect([seen, scheduler.now]).toEqual([[3, 3], 3])
  })
})
