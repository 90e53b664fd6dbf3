/**
 * Everything about a run that is decided before it begins, as one plain value: a seed comes to one
 * scenario, and a scenario, not a seed, is what a run is made from. So a failing one can be written
 * down, and made smaller, without its seed.
 */
import {
  defaultLimits,
  defaultTiming,
  type Limits,
  type Member,
  type Timing,
} from '@conclave/core/internal'
import { drawActivities } from './activity-plan.ts'
import type { Activity } from './activities.ts'
import type { DiskProfile } from './disk.ts'
import type { EnsembleProfile, Survivors } from './ensemble.ts'
import { drawFaultMix, drawFaults, drawHandOvers, drawLoneLeaders } from './fault-plan.ts'
import type { Fault } from './faults.ts'
import { logRots } from './log-rot.ts'
import type { ClockProfile } from './member-clock.ts'
import type { NetworkProfile } from './network.ts'
import { shuffled } from './partitions.ts'
import { Random } from './prng.ts'
import { drawReconfigurations, usualMeansUs } from './reconfigurations.ts'
import { millisecondUs, secondUs, type Microseconds } from './scheduler.ts'
import { voterAmong, withWeights } from './weights.ts'
import { drawWorkload, type WorkloadProfile } from './workload-profile.ts'

export interface Scenario {
  /** How it was drawn: `swarm`, or as named-scenarios.ts says. */
  readonly name: string
  readonly seed: number
  /** How long faults may come. */
  readonly faultyUs: Microseconds
  readonly ensemble: EnsembleProfile
  readonly workload: WorkloadProfile
  /** In the order of their times, and all of them before `faultyUs`; so are the activities. */
  readonly faults: readonly Fault[]
  readonly activities: readonly Activity[]
  /** Who runs once the faults are over. */
  readonly survivors: Survivors
}

/** The scenario of a seed: a swarm's draw of everything that may differ between runs. */
export function drawScenario(seed: number, seconds: number): Scenario {
  const random = new Random(seed, 'scenario')
  const faultyUs = Math.floor(seconds * secondUs)
  const members = drawMembers(random)
  const timing = drawTiming(random)
  const ensemble: EnsembleProfile = {
    members,
    guests: [],
    timing,
    limits: {
      ...drawLimits(random),
      ...drawReaping(new Random(seed, 'reaping')),
      ...drawMemory(new Random(seed, 'memory')),
    },
    network: drawNetwork(random, timing),
    disk: drawDisk(random),
    step: {
      tickUs: Math.floor((timing.heartbeatMs * millisecondUs) / random.pick([2, 2, 5])),
      batchUs: random.pick([0, 50, 200, 2_000]),
    },
    clocks: drawClocks(random, members.length),
    damage: random.chance(0.04) ? 'beyond' : 'recoverable',
  }
  const readOnly = new Random(seed, 'read-only').chance(0.3)
  const lists = new Random(seed, 'lists').chance(0.25)
  const roaming = new Random(seed, 'roaming').chance(0.3)
  const workload = { ...drawWorkload(random, timing), readOnly, lists, roaming }
  const mix = drawFaultMix(random)
  const changes = new Random(seed, 'reconfiguration', 1)
  const guests =
    ensemble.damage === 'recoverable' && changes.chance(0.2) ? changes.integer(1, 3) : 0
  const peers = Array.from({ length: members.length + guests }, (_, index) => index + 1)
  const sessionTimeoutUs = workload.sessionTimeoutMs * millisecondUs
  const run = { peers, sessionTimeoutUs, until: faultyUs }
  const faults = [...drawFaults(seed, mix, run)]
  if (ensemble.damage === 'beyond') faults.push(...drawRuin(random, members, faultyUs - 1))
  if (changes.chance(0.1)) {
    // Not in the last moments, where an epoch that ends is to have had a reason.
    faults.push(...drawHandOvers(seed, faultyUs - 5 * secondUs))
  }
  if (guests > 0 && changes.chance(0.5)) faults.push(...drawLoneLeaders(seed, faultyUs))
  faults.sort((a, b) => a.at - b.at)
  const activities = drawActivities(seed, workload, faultyUs)
  const survivors = random.chance(0.15) ? 'core' : 'everyone'
  const drawn = { seed, faultyUs, ensemble, workload, faults, activities, survivors } as const
  const swarm = { name: 'swarm', ...drawn }
  const scenario = guests === 0 ? swarm : withGuests(swarm, guests, changes.pick(usualMeansUs))
  const weights = new Random(seed, 'weights')
  return weights.chance(0.15) ? withWeights(scenario, weights.pick(usualMeansUs)) : scenario
}

/** The scenario with peers that do not found the ensemble, and changes of its members. */
export function withGuests(scenario: Scenario, count: number, meanUs: Microseconds): Scenario {
  const { ensemble, seed, faultyUs, workload } = scenario
  const random = new Random(seed, 'reconfiguration', 2)
  const first = ensemble.members.length + 1
  const guests = Array.from({ length: count }, (_, index) => first + index)
  const joining = guests.map((id) => voterAmong(ensemble.members, id, id))
  const members = [...ensemble.members, ...joining]
  const clocks = [...ensemble.clocks, ...drawClocks(random, count)]
  const { clientCount } = workload
  const changes = drawReconfigurations(seed, { meanUs, clientCount }, faultyUs)
  const activities = [...scenario.activities, ...changes].sort((a, b) => a.at - b.at)
  return { ...scenario, ensemble: { ...ensemble, members, guests, clocks }, activities }
}

/** The logs of so many voters go bad at once that too few are left. */
function drawRuin(random: Random, members: readonly Member[], at: Microseconds): Fault[] {
  const voters = members.filter((member) => member.role === 'voter')
  const ruined = shuffled(random, voters).slice(0, random.integer(voters.length / 2, voters.length))
  return ruined.map(({ id }) => ({
    at,
    type: 'rot',
    target: { peer: id },
    rot: { place: 'log', kind: random.pick(logRots) },
    choice: random.integer(0, 65_535),
  }))
}

function drawMembers(random: Random): readonly Member[] {
  const voters = random.chance(0.7) ? 3 : 5
  const observers = random.chance(0.15) ? 1 : 0
  return Array.from({ length: voters + observers }, (_, index) => ({
    id: index + 1,
    role: index < voters ? 'voter' : 'observer',
  }))
}

function drawTiming(random: Random): Timing {
  const scale = random.pick([1, 1, 0.5])
  return {
    heartbeatMs: defaultTiming.heartbeatMs * scale,
    silentPeerMs: defaultTiming.silentPeerMs * scale,
    diskStallMs: defaultTiming.diskStallMs * scale,
    electionSettleMs: defaultTiming.electionSettleMs * scale,
  }
}

/** Small limits, so that what is rare in life is common here. */
function drawLimits(random: Random): Limits {
  const small = random.chance(0.8)
  const often = random.chance(0.7)
  return {
    ...defaultLimits,
    maxPageTxns: random.pick([1, 2, 5, 50, 1_000]),
    maxPageBytes: small ? random.pick([256, 1_024, 16_384]) : defaultLimits.maxPageBytes,
    maxPagesOutstanding: random.pick([1, 2, 4, 8]),
    maxSessionRequests: random.pick([4, 16, 16_384]),
    maxAppliedBytes: small ? random.pick([1, 1_000, 20_000]) : defaultLimits.maxAppliedBytes,
    maxWindowBytes: small ? random.pick([1, 1_000, 20_000]) : defaultLimits.maxWindowBytes,
    maxRetainedBytes: small ? random.pick([1, 1_000, 50_000]) : defaultLimits.maxRetainedBytes,
    maxLogReadBytes: small ? random.pick([1, 500, 5_000]) : defaultLimits.maxLogReadBytes,
    maxSnapshotChunks: random.pick([1, 2, 4]),
    checkpointZnodes: often ? random.pick([3, 10, 50]) : defaultLimits.checkpointZnodes,
    checkpointLogBytes: often ? random.pick([1_000, 20_000]) : defaultLimits.checkpointLogBytes,
    checkpointMs: random.pick([500, 3_000, 30_000]),
    maxCounter: random.chance(0.3) ? random.pick([16, 64, 256]) : defaultLimits.maxCounter,
  }
}

/** How soon znodes go by themselves, and how many at once. */
function drawReaping(random: Random): Pick<Limits, 'reapMs' | 'maxReaped'> {
  return { reapMs: random.pick([50, 500, 3_000]), maxReaped: random.pick([1, 3, 1_000]) }
}

/** How much of what was applied is remembered for watches. */
function drawMemory(random: Random): Pick<Limits, 'maxRecentChanges' | 'maxRecentBytes'> {
  return {
    maxRecentChanges: random.pick([1, 10, 100, 1_000]),
    maxRecentBytes: random.pick([100, 1_000, 100_000]),
  }
}

function drawNetwork(random: Random, timing: Timing): NetworkProfile {
  const silentUs = timing.silentPeerMs * millisecondUs
  return {
    delayUs: random.pick([20, 200, 2_000]),
    jitterUs: random.pick([20, 500, 5_000]),
    slowChance: random.pick([0, 0, 0.001, 0.02]),
    slowUs: random.pick([20, 200]) * millisecondUs,
    backOffUs: random.pick([20, 100, 300]) * millisecondUs,
    noticeFromUs: Math.floor(silentUs / 2),
    noticeUpToUs: random.pick([4, 4, 4, 30]) * silentUs,
    refusalChance: random.pick([0, 0, 0.1, 0.5]),
    splitChance: random.pick([0, 0, 0.2]),
    bytesPerSecond: random.pick([1e9, 1e9, 1e7, 1e5]),
    maxQueueBytes: random.pick([1e9, 1e9, 100_000, 4_000]),
  }
}

function drawDisk(random: Random): DiskProfile {
  return {
    syncUs: random.pick([100, 500, 3_000]),
    slowSyncChance: random.pick([0, 0, 0.005, 0.05]),
    slowSyncUs: random.pick([20, 100, 500]) * millisecondUs,
    readUs: random.pick([50, 500, 3_000]),
    chunkRecords: random.pick([1, 3, 20]),
    segmentPages: random.pick([1, 1, 8, 64]),
  }
}

/** Right clocks in half of the runs, up to 5 % off either way in the others. */
function drawClocks(random: Random, count: number): readonly ClockProfile[] {
  const skewed = random.chance(0.5)
  return Array.from({ length: count }, () => {
    const rate = 0.95 + 0.1 * random.unit()
    const offsetMs = random.integer(0, 10_000_000)
    const wallOffsetMs = random.integer(-3_600_000, 3_600_000)
    return { rate: skewed ? rate : 1, offsetMs, wallOffsetMs: skewed ? wallOffsetMs : 0 }
  })
}
