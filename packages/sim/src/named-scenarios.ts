/**
 * Scenarios that chance alone composes too seldom: each takes a seed's swarm and sets what it needs.
 * `npm run sim -- --scenario NAME` runs seeds of one.
 */
import { drawActivities } from './activity-plan.ts'
import { drawHandOvers } from './fault-plan.ts'
import type { Fault } from './faults.ts'
import { Random } from './prng.ts'
import { drawQuotaActivities } from './quota-activities.ts'
import { drawScenario, withGuests, type Scenario } from './scenario.ts'
import { millisecondUs, secondUs } from './scheduler.ts'
import { withWeights } from './weights.ts'
import type { WorkloadProfile } from './workload-profile.ts'

/** Each with what it is made for. */
const adjustments: Readonly<Record<string, (scenario: Scenario) => Scenario>> = {
  swarm: (scenario) => scenario,
  'changing-members': changingMembers,
  'changing-weights': changingWeights,
  'crashes-in-synchronization': crashesInSynchronization,
  'deposed-leaders': deposedLeaders,
  'lost-leaders': lostLeaders,
  'moving-sessions': movingSessions,
  'power-at-promises': powerAtPromises,
  'narrow-quotas': narrowQuotas,
  'returning-sessions': returningSessions,
  'short-epochs': shortEpochs,
  'short-sessions': shortSessions,
}

export const scenarioNames: readonly string[] = Object.keys(adjustments)

/** The scenario of that name for a seed. Refuses a name that there is not. */
export function drawNamedScenario(name: string, seed: number, seconds: number): Scenario {
  const adjust = adjustments[name]
  if (adjust === undefined) {
    throw new Error(`there is no scenario "${name}": say one of ${scenarioNames.join(', ')}`)
  }
  return { ...adjust(drawScenario(seed, seconds)), name }
}

/**
 * Peers come and go all the time, and somebody crashes in the midst of it, mostly the leader: when the
 * change is about to be in its log, in another one, or to be known as committed (Z18).
 */
function changingMembers(scenario: Scenario): Scenario {
  const random = new Random(scenario.seed, 'fault-detail')
  const plain = { ...scenario, ensemble: foundersOf(scenario), faults: [] }
  const { faultyUs } = plain
  const faults: Fault[] = []
  for (let at = 2 * secondUs; at + 2 * secondUs < faultyUs; at += 2 * secondUs) {
    const target = {
      role: random.pick(['leader', 'leader', 'other'] as const),
      choice: random.integer(0, 255),
    }
    const point = random.pick([
      'append-reconfiguration',
      'append-reconfiguration',
      'receive-reconfiguration',
      'append-configuration',
      'send-goodbye',
      'receive-new-leader',
    ] as const)
    const everyone = random.chance(0.3)
    const parting = random.pick(['reset', 'silence'] as const)
    const downUs = random.integer(1, 3_000) * millisecondUs
    faults.push({
      ...{ at, type: 'crash-at', target, point, parting, everyone },
      ...{ withinUs: 2 * secondUs, downUs },
    })
  }
  const changing = withGuests(
    withWorkload(plain, { clientCount: 4, thinkUs: 200 * millisecondUs }),
    random.integer(2, 4),
    random.pick([200, 500, 1_000]) * millisecondUs,
  )
  const isolations = drawIsolations(random, changing)
  const handOvers = drawHandOvers(scenario.seed, faultyUs - 5 * secondUs)
  const all = [...faults, ...isolations, ...handOvers].sort((a, b) => a.at - b.at)
  return { ...changing, faults: all }
}

/** The same, with weights and groups that change as often (Z9, Z18). */
function changingWeights(scenario: Scenario): Scenario {
  return withWeights(changingMembers(scenario), 500 * millisecondUs)
}

/** The ensemble as it is founded, whatever else the swarm has for it. */
function foundersOf({ ensemble }: Scenario): Scenario['ensemble'] {
  const isFounder = (id: number): boolean => !ensemble.guests.includes(id)
  const members = ensemble.members.filter(({ id }) => isFounder(id))
  const clocks = ensemble.clocks.slice(0, members.length)
  return { ...ensemble, members, clocks, guests: [], damage: 'recoverable' }
}

/** Now and then somebody is cut off from the others. */
function drawIsolations(random: Random, { ensemble, faultyUs }: Scenario): Fault[] {
  const faults: Fault[] = []
  for (let at = secondUs; at < faultyUs; at += random.integer(1, 4) * secondUs) {
    const forUs = random.integer(100, 3_000) * millisecondUs
    const target = { peer: random.pick(ensemble.members).id }
    const direction = random.pick(['in', 'out', 'both'] as const)
    faults.push({ at, type: 'isolate', target, direction, forUs })
  }
  return faults
}

/**
 * A peer falls behind, the leader crashes, and everybody does as soon as that peer, which is sent one
 * page at a time, is about to join the next epoch: who is back first decides whose history stands
 * (Z10, Z12; ZOOKEEPER-4643).
 */
function crashesInSynchronization(scenario: Scenario): Scenario {
  const random = new Random(scenario.seed, 'fault-detail')
  const { ensemble, faultyUs } = scenario
  const faults: Fault[] = []
  const parting = 'reset' as const
  for (let at = 2 * secondUs; at + 4 * secondUs < faultyUs; at += 4 * secondUs) {
    const { id } = random.pick(ensemble.members)
    const target = { peer: id }
    faults.push({ at, type: 'crash', target, parting, downUs: secondUs })
    const leader = { role: 'leader', choice: 0 } as const
    const crashedAt = at + secondUs / 2
    faults.push({ at: crashedAt, type: 'crash', target: leader, parting, downUs: secondUs })
    const point = random.pick(['append-current-epoch', 'send-ack-new-leader'] as const)
    const crash = { point, parting, everyone: true, withinUs: secondUs, downUs: secondUs }
    // A peer that starts again is not armed any more, and it is not known when it does.
    for (let armedAt = crashedAt; armedAt < at + 2 * secondUs; armedAt += 100 * millisecondUs) {
      faults.push({ at: armedAt, type: 'crash-at', target, ...crash })
    }
  }
  const limits = { ...ensemble.limits, maxLogReadBytes: 1, maxPageTxns: 1 }
  const busy = withWorkload(scenario, { clientCount: 3, thinkUs: 200 * millisecondUs })
  return { ...busy, faults, ensemble: { ...ensemble, limits } }
}

/** Every two seconds the leader crashes, and power fails as soon as somebody promises an epoch (Z2). */
function powerAtPromises(scenario: Scenario): Scenario {
  const faults: Fault[] = []
  const leader = { role: 'leader', choice: 0 } as const
  for (let at = 2 * secondUs; at + secondUs < scenario.faultyUs; at += 2 * secondUs) {
    faults.push({ at, type: 'crash', target: leader, parting: 'reset', downUs: secondUs })
    for (const { id } of scenario.ensemble.members) {
      const crash = { point: 'send-ack-epoch', parting: 'reset', everyone: true } as const
      const [withinUs, downUs] = [secondUs, secondUs / 2]
      faults.push({
        at: at + 1,
        type: 'crash-at',
        target: { peer: id },
        ...crash,
        withinUs,
        downUs,
      })
    }
  }
  return { ...scenario, faults }
}

/**
 * Every link breaks, and while votes are on their way somebody's store is lost and comes back empty
 * at once: the leader's, or as many as the ensemble can bear (Z12, Z19).
 */
function lostLeaders(scenario: Scenario): Scenario {
  const random = new Random(scenario.seed, 'fault-detail')
  const peers = scenario.ensemble.members.map((member) => member.id)
  const faults: Fault[] = []
  for (let at = 3 * secondUs; at + secondUs < scenario.faultyUs; at += 3 * secondUs) {
    for (const a of peers) {
      for (const b of peers) if (a < b) faults.push({ at, type: 'break-link', a, b })
    }
    const lostAt = at + random.integer(1, 60) * millisecondUs
    const downUs = random.integer(1, 50) * millisecondUs
    const targets = [{ role: 'leader', choice: 0 } as const, ...peers.map((peer) => ({ peer }))]
    for (const target of targets) {
      faults.push({ at: lostAt, type: 'lose-store', target, how: 'wipe', downUs })
    }
  }
  return { ...scenario, faults }
}

/**
 * Applications stall for about as long as their sessions may be silent, and give signs of life again
 * while the ends of many wait for a place in small pages, on slow disks (S4, S8).
 */
function returningSessions(scenario: Scenario): Scenario {
  const random = new Random(scenario.seed, 'fault-detail')
  const { timing, limits, members } = scenario.ensemble
  const sessionTimeoutMs = 3 * timing.silentPeerMs
  const timeoutUs = sessionTimeoutMs * millisecondUs
  const faults: Fault[] = []
  const roundUs = timeoutUs + 2 * secondUs
  for (let at = 3 * secondUs; at + roundUs < scenario.faultyUs; at += roundUs) {
    for (const { id } of members) {
      const target = { peer: id }
      const stalledAt = at + random.integer(0, 100) * millisecondUs
      const forUs = Math.floor(timeoutUs * (0.99 + 0.04 * random.unit()))
      faults.push({ at: stalledAt, type: 'stall-app', target, everyone: false, forUs })
      const slow = { byUs: 60 * millisecondUs, forUs: secondUs }
      faults.push({ at: at + timeoutUs - 300 * millisecondUs, type: 'slow-disk', target, ...slow })
    }
  }
  faults.sort((a, b) => a.at - b.at)
  return {
    ...withWorkload(scenario, { clientCount: 8, sessionTimeoutMs }),
    faults,
    ensemble: {
      ...scenario.ensemble,
      limits: { ...limits, maxPageBytes: 256, maxPagesOutstanding: 1 },
    },
  }
}

/** Leaders are cut off for as long as they may take themselves for leaders, and are asked (C7). */
function deposedLeaders(scenario: Scenario): Scenario {
  const faults: Fault[] = []
  const target = { role: 'leader', choice: 0 } as const
  const forUs = 3 * scenario.ensemble.timing.silentPeerMs * millisecondUs
  for (let at = 2 * secondUs; at + forUs < scenario.faultyUs; at += forUs + secondUs) {
    faults.push({ at, type: 'isolate', target, direction: 'both', forUs })
  }
  const weights = { ...scenario.workload.weights, set: 20, sync: 20 }
  const busy = { clientCount: 8, thinkUs: 100 * millisecondUs, weights, pipelining: 16 }
  return { ...withWorkload(scenario, busy), faults }
}

/**
 * Sessions are taken from peer to peer all the time, with writes on their way, by small pages on slow
 * disks; and away from peers that crash (S4, S7, R2).
 */
function movingSessions(scenario: Scenario): Scenario {
  const { ensemble } = scenario
  const random = new Random(scenario.seed, 'roaming', 2)
  const sessionTimeoutMs = ensemble.timing.silentPeerMs * random.pick([3, 5])
  const disk = { ...ensemble.disk, syncUs: random.pick([1, 10, 30]) * millisecondUs }
  const limits = { ...ensemble.limits, maxPageTxns: random.pick([1, 2, 5]), maxPagesOutstanding: 1 }
  const busy = { thinkUs: 30 * millisecondUs, pipelining: 16, sessionTimeoutMs, roaming: true }
  const faults: Fault[] = [...scenario.faults]
  for (let at = secondUs; at < scenario.faultyUs; at += 2 * secondUs) {
    const role = random.pick(['leader', 'other'] as const)
    const target = { role, choice: random.integer(0, 255) }
    const downUs = random.integer(1, 3_000) * millisecondUs
    faults.push({ at, type: 'crash', target, parting: 'reset', downUs })
  }
  faults.sort((a, b) => a.at - b.at)
  return { ...withWorkload(scenario, busy), faults, ensemble: { ...ensemble, disk, limits } }
}

/** Epochs run out of zxids all the time (Z16). */
function shortEpochs(scenario: Scenario): Scenario {
  const { ensemble } = scenario
  const limits = { ...ensemble.limits, maxCounter: 16 }
  return { ...scenario, ensemble: { ...ensemble, limits } }
}

/** Applications create ephemerals, close their sessions at once, and ask for others, on slow disks (S3). */
function shortSessions(scenario: Scenario): Scenario {
  const { ensemble, workload } = scenario
  const weights = { ...workload.weights, create: 20, close: 6 }
  const disk = { ...ensemble.disk, syncUs: 30 * millisecondUs }
  const busy = { weights, thinkUs: 20 * millisecondUs, pipelining: 16 }
  return { ...withWorkload(scenario, busy), ensemble: { ...ensemble, disk } }
}

/** Clients make quotas of what they write to, change them and take them away, and reach them (D5). */
function narrowQuotas(scenario: Scenario): Scenario {
  const busy = withWorkload(scenario, { thinkUs: 100 * millisecondUs, names: 2 })
  const quotas = drawQuotaActivities(busy)
  return { ...busy, activities: [...busy.activities, ...quotas].sort((a, b) => a.at - b.at) }
}

/** The scenario with another workload, and what that comes to; no changes of the members. */
function withWorkload(scenario: Scenario, changes: Partial<WorkloadProfile>): Scenario {
  const workload = { ...scenario.workload, ...changes }
  const activities = drawActivities(scenario.seed, workload, scenario.faultyUs)
  return { ...scenario, workload, activities }
}
