import { describe, expect, test } from 'vitest'
import { Notices } from '../src/notices.ts'
import { Recorder } from '../src/suite.ts'
import { FakeClock } from './fake-clock.ts'

/** A schedule that a test runs by hand. */
function byHand() {
  const tasks: (() => void)[] = []
  return { tasks, schedule: (task: () => void) => void tasks.push(task) }
}

describe('notices', () => {
  test('are told in order, later, and together', () => {
    const { tasks, schedule } = byHand()
    const heard = new Recorder()
    const notices = new Notices(heard, new FakeClock(), schedule)

    notices.add((listener) => listener.onLinkDown(1, 'a'))
    notices.add((listener) => listener.onLinkDown(2, 'b'))
    expect(heard.told).toEqual([])
    expect(tasks).toHaveLength(1)
    tasks.shift()?.()

    expect(heard.told.map(({ peer }) => peer)).toEqual([1, 2])
  })

  test('a listener that throws costs nobody else a turn, and keeps the order', () => {
    const { tasks, schedule } = byHand()
    const heard = new Recorder()
    const notices = new Notices(heard, new FakeClock(), schedule)
    notices.add((listener) => {
      listener.onLinkDown(1, 'a')
      notices.add((later) => later.onLinkDown(3, 'c'))
      throw new Error('of the listener')
    })
    notices.add((listener) => listener.onLinkDown(2, 'b'))

    expect(() => tasks.shift()?.()).toThrow('of the listener')
    while (tasks.length > 0) tasks.shift()?.()

    expect(heard.told.map(({ peer }) => peer)).toEqual([1, 2, 3])
  })

  test('end when the listener closes, in the middle too', () => {
    const { tasks, schedule } = byHand()
    const heard = new Recorder()
    const notices = new Notices(heard, new FakeClock(), schedule)
    notices.add((listener) => {
      listener.onLinkDown(1, 'a')
      notices.close()
    })
    notices.add((listener) => listener.onLinkDown(2, 'b'))

    tasks.shift()?.()
    notices.add((listener) => listener.onLinkDown(3, 'c'))

    expect(heard.told.map(({ peer }) => peer)).toEqual([1])
    expect(tasks).toEqual([])
  })
})
