import { describe, expect, test } from 'vitest'
import { DataWatch, ticksPerDeadline } from '../src/data-watch.ts'

/** Ticks until it judges, at most `limit`. */
function ticksUntilLost(tick: () => boolean, limit = 50): number | null {
  for (let count = 1; count <= limit; count += 1) if (tick()) return count
  return null
}

describe('the watch over the data connection', () => {
  test('bytes that were sent and do not come are lost after the deadline, not before', () => {
    const watch = new DataWatch()
    watch.tick({ sent: 100, received: 100 })
    watch.onCount({ sent: 150, received: 100 }, 100)

    const ticks = ticksUntilLost(() => watch.tick({ sent: 100, received: 100 }))

    expect(ticks).toBe(ticksPerDeadline + 1)
  })

  test('as long as others come in their stead, nothing is lost', () => {
    const watch = new DataWatch()
    watch.onCount({ sent: 2 ** 40, received: 0 }, 0)
    let received = 0

    const ticks = ticksUntilLost(() => {
      received += 1
      return watch.tick({ sent: 0, received })
    })

    expect(ticks).toBeNull()
  })

  test('bytes that come in the end start the deadline anew', () => {
    const watch = new DataWatch()
    watch.onCount({ sent: 150, received: 0 }, 0)
    for (let count = 0; count < ticksPerDeadline; count += 1) {
      expect(watch.tick({ sent: 0, received: 100 })).toBe(false)
    }

    watch.tick({ sent: 0, received: 150 })
    watch.onCount({ sent: 151, received: 0 }, 0)

    expect(ticksUntilLost(() => watch.tick({ sent: 0, received: 150 }))).toBe(ticksPerDeadline + 1)
  })

  test('what we sent is lost when fresh heartbeats go on not counting it', () => {
    const watch = new DataWatch()
    watch.onCount({ sent: 0, received: 100 }, 100)
    watch.tick({ sent: 100, received: 0 })

    const ticks = ticksUntilLost(() => {
      watch.onCount({ sent: 0, received: 100 }, 500)
      return watch.tick({ sent: 500, received: 0 })
    })

    // One more than the deadline: what was sent just before a heartbeat cannot be in it yet.
    expect(ticks).toBe(ticksPerDeadline + 2)
  })

  test('a peer that is silent altogether, or was stalled, is not judged here', () => {
    const watch = new DataWatch()
    watch.onCount({ sent: 0, received: 100 }, 100)
    watch.tick({ sent: 500, received: 0 })

    expect(ticksUntilLost(() => watch.tick({ sent: 500, received: 0 }))).toBeNull()
    // It wakes: one heartbeat from before it reads what waits for it, then it has read all.
    watch.onCount({ sent: 0, received: 100 }, 500)
    expect(watch.tick({ sent: 500, received: 0 })).toBe(false)
    watch.onCount({ sent: 0, received: 500 }, 500)
    expect(ticksUntilLost(() => watch.tick({ sent: 500, received: 0 }))).toBeNull()
  })

  test('a connection on which all has arrived can be idle for ever', () => {
    const watch = new DataWatch()

    const ticks = ticksUntilLost(() => {
      watch.onCount({ sent: 70, received: 90 }, 90)
      return watch.tick({ sent: 90, received: 70 })
    })

    expect(ticks).toBeNull()
  })

  test('a count of bytes that were never sent is refused', () => {
    expect(() => new DataWatch().onCount({ sent: 0, received: 101 }, 100)).toThrow(
      /101 bytes are said to have arrived, but only 100 were sent/,
    )
  })
})
