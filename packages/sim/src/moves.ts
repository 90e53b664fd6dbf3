/** When the clients of a run take their sessions to other peers, as plain values. */
import type { Activity } from './activities.ts'
import { Random } from './prng.ts'
import { millisecondUs, type Microseconds } from './scheduler.ts'

/** The mean time between two moves of a run, by kind of run. */
const usualMeansUs: readonly Microseconds[] = [100, 500, 2_000].map((ms) => ms * millisecondUs)

/** The moves of a run, in the order of their times. */
export function drawMoves(
  seed: number,
  clientCount: number,
  until: Microseconds,
): readonly Activity[] {
  const random = new Random(seed, 'roaming', 1)
  const meanUs = random.pick(usualMeansUs)
  const activities: Activity[] = []
  for (let at = random.exponential(meanUs); at < until; at += 1 + random.exponential(meanUs)) {
    activities.push({
      at,
      client: random.integer(0, clientCount - 1),
      choice: random.integer(0, 255),
      type: 'move',
      twice: random.chance(0.2),
      givesUp: random.chance(0.1),
    })
  }
  return activities
}
