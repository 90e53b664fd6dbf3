/**
 * Draws the schedule of faults of a run: which classes occur at all, how often, and each fault. Some
 * classes come to several faults, one after the other: each stands in the schedule by itself, so that
 * any of them can be left out.
 */
import type { PeerId } from '@conclave/core/internal'
import { usualCrashPoints } from './crash-points.ts'
import { failingUses, type AfterFailure } from './disk-failures.ts'
import type { Fault, FaultType, Target } from './faults.ts'
import { logRots } from './log-rot.ts'
import type { Parting } from './link.ts'
import { drawWays, shuffled } from './partitions.ts'
import { Random } from './prng.ts'
import { millisecondUs, secondUs, type Microseconds } from './scheduler.ts'
import { snapshotRots } from './stored-snapshot.ts'

/** How common each class is where it occurs. */
const usualWeights = {
  crash: 6,
  'crash-at': 8,
  'pause-at': 4,
  'crash-boots': 2,
  'power-loss': 1,
  'rolling-restart': 1,
  close: 2,
  pause: 3,
  'long-pause': 1,
  'break-link': 4,
  'dial-again': 2,
  'hinder-dials': 1,
  narrow: 1,
  partition: 4,
  isolate: 4,
  flap: 1,
  swizzle: 1,
  'slow-disk': 2,
  'stall-disk': 1,
  'fail-disk': 2,
  'fill-disk': 1,
  'stall-app': 3,
  'jump-clock': 2,
  rot: 2,
  'lose-store': 2,
} as const satisfies Partial<Record<FaultType, number>> & Record<string, number>

export type FaultClass = keyof typeof usualWeights
export const faultClasses = Object.keys(usualWeights) as readonly FaultClass[]

/** Which faults a run has: relative weights, of which many are 0, and how often one comes. */
export interface FaultMix {
  readonly weights: Readonly<Record<FaultClass, number>>
  readonly meanUs: Microseconds
}

/** A swarm's draw: each class is wholly absent from half of the runs. */
export function drawFaultMix(random: Random): FaultMix {
  const weights = Object.fromEntries(
    faultClasses.map((name) => [name, random.chance(0.5) ? usualWeights[name] : 0]),
  ) as Record<FaultClass, number>
  return { weights, meanUs: random.pick([500, 1_000, 2_000, 4_000, 8_000]) * millisecondUs }
}

/** What the faults of a run are drawn for. */
export interface FaultyRun {
  readonly peers: readonly PeerId[]
  readonly sessionTimeoutUs: Microseconds
  /** No fault comes later. */
  readonly until: Microseconds
}

/** The faults of a run, in the order of their times. */
export function drawFaults(seed: number, mix: FaultMix, run: FaultyRun): readonly Fault[] {
  const when = new Random(seed, 'faults')
  const classes = faultClasses.flatMap((name) =>
    Array.from({ length: mix.weights[name] }, () => name),
  )
  const faults: Fault[] = []
  if (classes.length === 0) return faults
  let count = 0
  // A stream for each draw: leaving one out changes none of the others.
  for (
    let at = when.exponential(mix.meanUs);
    at < run.until;
    at += 1 + when.exponential(mix.meanUs)
  ) {
    const random = new Random(seed, 'fault-detail', count)
    count += 1
    faults.push(...drawOfClass(random, at, random.pick(classes), run))
  }
  return faults.filter((fault) => fault.at < run.until).sort((a, b) => a.at - b.at)
}

function drawOfClass(
  random: Random,
  at: Microseconds,
  name: FaultClass,
  run: FaultyRun,
): readonly Fault[] {
  switch (name) {
    case 'rolling-restart':
      return drawRollingRestart(random, at, run)
    case 'flap':
      return drawFlap(random, at, run)
    case 'swizzle':
      return drawSwizzle(random, at, run)
    case 'long-pause': {
      const forUs = Math.floor(run.sessionTimeoutUs * (1 + random.unit()))
      return [{ at, type: 'pause', target: drawTarget(random, run.peers), forUs }]
    }
    default:
      return [drawFault(random, at, name, run)]
  }
}

/** Hand-overs that are asked for, of whoever leads then and sometimes of somebody who does not. */
export function drawHandOvers(seed: number, until: Microseconds): readonly Fault[] {
  const random = new Random(seed, 'reconfiguration', 3)
  const meanUs = random.pick([500, 2_000, 8_000]) * millisecondUs
  const faults: Fault[] = []
  for (let at = random.exponential(meanUs); at < until; at += 1 + random.exponential(meanUs)) {
    const role = random.chance(0.9) ? 'leader' : 'other'
    faults.push({ at, type: 'hand-over', target: { role, choice: random.integer(0, 255) } })
  }
  return faults
}

/** Whoever leads is cut off, so that a change of the members may be in its log and in no other. */
export function drawLoneLeaders(seed: number, until: Microseconds): readonly Fault[] {
  const random = new Random(seed, 'reconfiguration', 4)
  const faults: Fault[] = []
  const meanUs = 3 * secondUs
  for (let at = random.exponential(meanUs); at < until; at += 1 + random.exponential(meanUs)) {
    const target = { role: 'leader', choice: 0 } as const
    const forUs = random.integer(500, 3_000) * millisecondUs
    faults.push({ at, type: 'isolate', target, direction: 'both', forUs })
  }
  return faults
}

/** One after the other is stopped and started again, before or after the one before is back. */
function drawRollingRestart(random: Random, from: Microseconds, { peers }: FaultyRun): Fault[] {
  const everyUs = random.integer(100, 3_000) * millisecondUs
  const downUs = random.integer(10, 2_000) * millisecondUs
  const closes = random.chance(0.5)
  return shuffled(random, peers).map((peer, index) => {
    const at = from + index * everyUs
    const target = { peer }
    return closes
      ? { at, type: 'close', target, downUs }
      : { at, type: 'crash', target, parting: 'reset', downUs }
  })
}

/** Some ways come and go, many times. */
function drawFlap(random: Random, at: Microseconds, { peers }: FaultyRun): Fault[] {
  const ways = drawWays(random, peers)
  const everyUs = random.integer(50, 500) * millisecondUs
  const count = random.integer(3, 12)
  return Array.from({ length: count }, (_, index) => ({
    at: at + index * everyUs,
    type: 'partition',
    ways,
    forUs: Math.floor(everyUs * (0.2 + 0.7 * random.unit())),
  }))
}

/** Some are cut off one by one, and come back in another order. */
function drawSwizzle(random: Random, at: Microseconds, { peers }: FaultyRun): Fault[] {
  const cut = shuffled(random, peers).slice(0, random.integer(1, peers.length))
  const stepUs = random.integer(20, 1_000) * millisecondUs
  const returns = shuffled(random, cut)
  return cut.map((peer, index) => ({
    at: at + index * stepUs,
    type: 'isolate',
    target: { peer },
    direction: 'both',
    forUs: (cut.length - index + returns.indexOf(peer)) * stepUs + 1,
  }))
}

type PlainClass = Exclude<FaultClass, 'rolling-restart' | 'flap' | 'swizzle' | 'long-pause'>
/** Faults of links between pairs, and the rest. */
type PairClass = 'break-link' | 'dial-again' | 'partition'

function drawFault(random: Random, at: Microseconds, type: PlainClass, run: FaultyRun): Fault {
  switch (type) {
    case 'break-link':
    case 'dial-again': {
      const [a, b] = shuffled(random, run.peers) as [PeerId, PeerId]
      return { at, type, a, b }
    }
    case 'partition':
      return { at, type, ways: drawWays(random, run.peers), forUs: drawLength(random) }
    case 'power-loss':
      return { at, type, downUs: random.integer(1, 1_000) * millisecondUs }
    default:
      return drawTargeted(random, at, type, run)
  }
}

function drawTargeted(
  random: Random,
  at: Microseconds,
  type: Exclude<PlainClass, PairClass | 'power-loss'>,
  run: FaultyRun,
): Fault {
  const target = drawTarget(random, run.peers)
  const parting: Parting = random.chance(0.5) ? 'reset' : 'silence'
  const point = random.pick(usualCrashPoints)
  const downUs = drawLength(random)
  const forUs = drawLength(random)
  const everyone = random.chance(0.2)
  const withinUs = 10 * secondUs
  switch (type) {
    case 'crash':
      return { at, type, target, parting, downUs }
    case 'crash-at':
      return { at, type, target, point, parting, everyone, withinUs, downUs }
    case 'pause-at':
      return { at, type, target, point, withinUs, forUs }
    case 'crash-boots': {
      const times = random.integer(1, 5)
      const aliveUs = random.pick([5, 50, 500]) * millisecondUs
      return { at, type, target, times, aliveUs, parting, downUs: Math.min(downUs, secondUs) }
    }
    case 'close':
      return { at, type, target, downUs }
    case 'pause':
      return { at, type, target, forUs }
    case 'hinder-dials': {
      const byUs = random.chance(0.5) ? null : random.integer(100, 3_000) * millisecondUs
      return { at, type, target, byUs, forUs }
    }
    case 'narrow':
      return { at, type, target, bytesPerSecond: random.pick([1_000, 10_000, 100_000]), forUs }
    case 'isolate':
      return { at, type, target, direction: random.pick(['in', 'out', 'both'] as const), forUs }
    case 'jump-clock': {
      const sizeMs = random.pick([50, 1_000, 30_000, 3_600_000])
      return { at, type, target, everyone, byMs: random.chance(0.5) ? sizeMs : -sizeMs }
    }
    case 'stall-app': {
      const all = random.chance(0.5)
      // About as long as a session may be silent, where proofs and expiries meet.
      const close = Math.floor(run.sessionTimeoutUs * (0.85 + 0.3 * random.unit()))
      return { at, type, target, everyone: all, forUs: random.chance(0.7) ? close : forUs }
    }
    default:
      return drawDiskFault(random, at, type, target)
  }
}

function drawDiskFault(
  random: Random,
  at: Microseconds,
  type: 'slow-disk' | 'stall-disk' | 'fail-disk' | 'fill-disk' | 'rot' | 'lose-store',
  target: Target,
): Fault {
  const after: AfterFailure = random.chance(0.5) ? 'poisoned' : 'lying'
  const forUs = drawLength(random)
  switch (type) {
    case 'slow-disk':
      return { at, type, target, byUs: random.integer(5, 500) * millisecondUs, forUs }
    case 'stall-disk':
      return { at, type, target, forUs: random.chance(0.1) ? 30 * secondUs : forUs }
    case 'fail-disk':
      return { at, type, target, use: random.pick(failingUses), after }
    case 'fill-disk':
      return { at, type, target, after, forUs }
    case 'rot': {
      const rot = random.chance(0.5)
        ? ({ place: 'log', kind: random.pick(logRots) } as const)
        : ({ place: 'snapshot', kind: random.pick(snapshotRots) } as const)
      return { at, type, target, rot, choice: random.integer(0, 65_535) }
    }
    case 'lose-store':
      return { at, type, target, how: random.chance(0.5) ? 'wipe' : 'damage', downUs: forUs }
  }
}

function drawTarget(random: Random, peers: readonly PeerId[]): Target {
  const choice = random.integer(0, 255)
  const peer = random.pick(peers)
  const which = random.unit()
  if (which < 0.45) return { role: 'leader', choice }
  return which < 0.7 ? { role: 'other', choice } : { peer }
}

/** Mostly short beside the deadlines, sometimes about as long, sometimes longer. */
function drawLength(random: Random): Microseconds {
  const upTo = random.pick([100, 1_000, 3_000, 12_000])
  return random.integer(1, upTo) * millisecondUs
}
