/** Draws the schedule of faults of a run: which classes occur at all, how often, and each fault. */
import type { PeerId } from '@conclave/core/internal'
import { crashPoints } from './crash-points.ts'
import type { BlockedWays, Fault, FaultType, Target } from './faults.ts'
import type { Parting } from './network.ts'
import { Random } from './prng.ts'
import { millisecondUs, secondUs, type Microseconds } from './scheduler.ts'

/** Which faults a run has: relative weights, of which many are 0, and how often one comes. */
export interface FaultMix {
  readonly weights: Readonly<Record<FaultType, number>>
  readonly meanUs: Microseconds
}

const faultTypes: readonly FaultType[] = [
  'crash',
  'crash-at',
  'power-loss',
  'close',
  'pause',
  'break-link',
  'partition',
  'isolate',
  'slow-disk',
  'stall-disk',
  'stall-app',
  'lose-store',
]

/** How common each class is where it occurs. */
const usualWeight: Readonly<Record<FaultType, number>> = {
  crash: 6,
  'crash-at': 8,
  'power-loss': 1,
  close: 2,
  pause: 3,
  'break-link': 4,
  partition: 4,
  isolate: 4,
  'slow-disk': 2,
  'stall-disk': 1,
  'stall-app': 3,
  'lose-store': 2,
}

/** A swarm's draw: each class is wholly absent from half of the runs. */
export function drawFaultMix(random: Random): FaultMix {
  const weights = Object.fromEntries(
    faultTypes.map((type) => [type, random.chance(0.5) ? usualWeight[type] : 0]),
  ) as Record<FaultType, number>
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
  const types = faultTypes.flatMap((type) => Array.from({ length: mix.weights[type] }, () => type))
  const faults: Fault[] = []
  if (types.length === 0) return faults
  // A stream for each fault: leaving one out changes none of the others.
  for (
    let at = when.exponential(mix.meanUs);
    at < run.until;
    at += 1 + when.exponential(mix.meanUs)
  ) {
    const random = new Random(seed, 'fault-detail', faults.length)
    faults.push(drawFault(random, at, random.pick(types), run))
  }
  return faults
}

function drawFault(random: Random, at: Microseconds, type: FaultType, run: FaultyRun): Fault {
  const { peers } = run
  const target = drawTarget(random, peers)
  const parting: Parting = random.chance(0.5) ? 'reset' : 'silence'
  const downUs = drawLength(random)
  const forUs = drawLength(random)
  switch (type) {
    case 'crash':
      return { at, type, target, parting, downUs }
    case 'crash-at': {
      const point = random.pick(crashPoints)
      const everyone = random.chance(0.2)
      return { at, type, target, point, parting, everyone, withinUs: 10 * secondUs, downUs }
    }
    case 'power-loss':
      return { at, type, downUs: random.integer(1, 1_000) * millisecondUs }
    case 'close':
      return { at, type, target, downUs }
    case 'pause':
      return { at, type, target, forUs }
    case 'break-link': {
      const a = random.pick(peers)
      const b = random.pick(peers.filter((one) => one !== a))
      return { at, type, a, b }
    }
    case 'partition':
      return { at, type, ways: drawWays(random, peers), forUs }
    case 'isolate':
      return { at, type, target, direction: random.pick(['in', 'out', 'both'] as const), forUs }
    case 'slow-disk':
      return { at, type, target, byUs: random.integer(5, 500) * millisecondUs, forUs }
    case 'stall-disk':
      return { at, type, target, forUs }
    case 'stall-app': {
      const everyone = random.chance(0.5)
      // About as long as a session may be silent, where proofs and expiries meet.
      const close = Math.floor(run.sessionTimeoutUs * (0.85 + 0.3 * random.unit()))
      return { at, type, target, everyone, forUs: random.chance(0.7) ? close : forUs }
    }
    case 'lose-store':
      return { at, type, target, how: random.chance(0.5) ? 'wipe' : 'damage', downUs }
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

function drawWays(random: Random, peers: readonly PeerId[]): BlockedWays {
  const side = new Set(peers.filter(() => random.chance(0.5)))
  const oneWay = random.chance(0.3)
  const ways: (readonly [PeerId, PeerId])[] = []
  for (const from of peers) {
    for (const to of peers) {
      if (from === to || side.has(from) === side.has(to)) continue
      if (!oneWay || side.has(from)) ways.push([from, to])
    }
  }
  return ways
}
