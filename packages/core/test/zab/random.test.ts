/**
 * Agreement under random schedules, watched by a witness that sees every disk: Z1 to Z5, Z7, Z9 to
 * Z12, Z17, Z19 at every step; Z10, V1 to V5 once all is healed.
 *
 * A failure names its seed. To look at one run, or to make many more, set the seeds in the command:
 * `SEEDS=40000-60000 npx vitest run packages/core/test/zab/random.test.ts`.
 */
import { describe, expect, test } from 'vitest'
import { describeRun, RandomSchedule, type ScheduleOptions } from './random-schedule.ts'

/** The seeds of the command, if it has some: `7`, or `7-9`. */
const [first, last = first] = (process.env['SEEDS'] ?? '').split('-').filter(Boolean).map(Number)

/** Makes the runs, and tells how often each thing was seen. */
function runAll(count: number, options: ScheduleOptions): Map<string, number> {
  const seen = new Map<string, number>()
  for (let seed = first ?? 1; seed <= (last ?? count); seed += 1) {
    const schedule = new RandomSchedule(seed, options)
    try {
      schedule.run()
    } catch (error) {
      throw new Error(describeRun(seed, options, schedule.ensemble), { cause: error })
    }
    for (const [what, times] of schedule.witness.seen) {
      seen.set(what, (seen.get(what) ?? 0) + times)
    }
  }
  return seen
}

/** What must have happened, or the runs were not worth their while. */
const wanted = [
  'led',
  'lost',
  'diff',
  'trunc',
  'snap',
  'snapshot-installed',
  'goodbye',
  'endured, others down',
  'endured, others flawed',
  'the leader fell silent',
  'no quorum of synced learners is heard',
  'peer # has a more recent history',
]

describe('whatever happens, in whatever order', () => {
  test.each<ScheduleOptions & { count: number }>([
    { voterCount: 3, moveCount: 400, count: 2_400 },
    { voterCount: 5, moveCount: 500, count: 800 },
  ])(
    '$voterCount voters keep every promise, and agree once they are left alone',
    { timeout: 600_000 },
    ({ count, ...options }) => {
      const seen = runAll(count, options)

      const missed = wanted.filter((what) => !seen.has(what))
      expect(first === undefined ? missed : []).toEqual([])
    },
  )
})

test('the same seed gives the same run', () => {
  const options = { voterCount: 3, moveCount: 400 }
  const traces = [1, 2].map(() => {
    const schedule = new RandomSchedule(7, options)
    schedule.ensemble.tracing = true
    schedule.run()
    return schedule.ensemble.trace.join('\n')
  })

  expect(traces[0]).toBe(traces[1])
})
