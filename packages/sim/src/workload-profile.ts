/** What the applications of a run do, and how often; drawn for each run. */
import type { Timing } from '@conclave/core/internal'
import type { ActivityType } from './activities.ts'
import type { Random } from './prng.ts'
import { millisecondUs, type Microseconds } from './scheduler.ts'

/** What a client does next is drawn from these. */
export const activityTypes = [
  'create',
  'set',
  'delete',
  'transaction',
  'sync',
  'read',
  'watch',
  'unwatch',
  'abort',
  'close',
] as const satisfies readonly ActivityType[]

export interface WorkloadProfile {
  /** Applications, each with one session at a time on a peer of its own choice. */
  readonly clientCount: number
  /** The mean time between two activities of a session. */
  readonly thinkUs: Microseconds
  /** Calls that a session has open at most. */
  readonly pipelining: number
  /** The relative weight of each activity. */
  readonly weights: Readonly<Record<ActivityType, number>>
  /** Names below each directory: few make conflicts. */
  readonly names: number
  readonly sessionTimeoutMs: number
  /** Some of the sessions are read-only; asked for writes all the same. */
  readonly readOnly: boolean
  /** Each application has an identity of its own, and some znodes lists of access. */
  readonly lists: boolean
  /** Sessions outlive their peers: applications take them to others, for that reason or for none. */
  readonly roaming: boolean
}

const usualWeights: Readonly<Record<ActivityType, number>> = {
  create: 10,
  set: 12,
  delete: 6,
  transaction: 4,
  sync: 3,
  read: 8,
  watch: 1,
  unwatch: 1,
  abort: 1,
  close: 1,
}

/** Draws a workload but for what has streams of its own; each activity but writing is absent from some runs. */
export function drawWorkload(
  random: Random,
  timing: Timing,
): Omit<WorkloadProfile, 'readOnly' | 'lists' | 'roaming'> {
  const weights = Object.fromEntries(
    activityTypes.map((activity) => {
      const kept = activity === 'create' || activity === 'set' || random.chance(0.8)
      return [activity, kept ? usualWeights[activity] : 0]
    }),
  ) as Record<ActivityType, number>
  return {
    clientCount: random.integer(2, 8),
    thinkUs: random.pick([100, 300, 1_000, 3_000]) * millisecondUs,
    pipelining: random.pick([1, 4, 16]),
    weights,
    names: random.pick([2, 5, 20]),
    sessionTimeoutMs: timing.silentPeerMs * random.pick([3, 5, 10]),
  }
}
