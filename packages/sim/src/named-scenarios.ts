/**
 * Scenarios that chance alone composes too seldom: each takes a seed's swarm and sets what it needs.
 * `npm run sim -- --scenario NAME` runs seeds of one.
 */
import { drawActivities } from './activity-plan.ts'
import type { Fault } from './faults.ts'
import { Random } from './prng.ts'
import { drawScenario, type Scenario } from './scenario.ts'
import { millisecondUs, secondUs } from './scheduler.ts'

/** Each with what it is made for. */
const adjustments: Readonly<Record<string, (scenario: Scenario) => Scenario>> = {
  swarm: (scenario) => scenario,
  'lost-leaders': lostLeaders,
  'power-at-promises': powerAtPromises,
  'returning-sessions': returningSessions,
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
  const workload = { ...scenario.workload, clientCount: 8, sessionTimeoutMs }
  return {
    ...scenario,
    faults,
    workload,
    activities: drawActivities(scenario.seed, workload, scenario.faultyUs),
    ensemble: {
      ...scenario.ensemble,
      limits: { ...limits, maxPageBytes: 256, maxPagesOutstanding: 1 },
    },
  }
}
