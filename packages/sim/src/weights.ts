/** Weights and groups of voters: those of a run's ensemble, and changes of them while it runs. */
import type { Member, PeerId } from '@conclave/core/internal'
import type { Activity } from './activities.ts'
import { Random } from './prng.ts'
import type { Scenario } from './scenario.ts'
import type { Microseconds } from './scheduler.ts'

/** The same members, whose voters have other weights, and are in groups or in none. */
export function weighed(random: Random, members: readonly Member[]): readonly Member[] {
  const groupCount = random.pick([0, 0, 2, 3])
  return members.map(({ id, role }) => {
    const weight = random.pick([1, 1, 2, 3])
    const group = random.integer(1, groupCount)
    if (role === 'observer') return { id, role }
    const heavy = weight === 1 ? {} : { weight }
    return groupCount === 0 ? { id, role, ...heavy } : { id, role, ...heavy, group }
  })
}

/** As a voter beside these: in one of their groups, if they are in any. */
export function voterAmong(members: readonly Member[], id: PeerId, choice: number): Member {
  const groups = members.flatMap(({ group }) => group ?? [])
  const group = groups[choice % groups.length]
  return group === undefined ? { id, role: 'voter' } : { id, role: 'voter', group }
}

/** The scenario with weights from the start, and changes of them unless stores are lost for good. */
export function withWeights(scenario: Scenario, meanUs: Microseconds): Scenario {
  const { ensemble, seed, faultyUs, workload } = scenario
  const members = weighed(new Random(seed, 'weights', 1), ensemble.members)
  const weighedScenario = { ...scenario, ensemble: { ...ensemble, members } }
  if (ensemble.damage === 'beyond') return weighedScenario
  const random = new Random(seed, 'weights', 2)
  const changes: Activity[] = []
  for (let at = random.exponential(meanUs); at < faultyUs; at += 1 + random.exponential(meanUs)) {
    const client = random.integer(0, workload.clientCount - 1)
    const choice = random.integer(0, 65_535)
    changes.push({ at, client, choice, type: 'reconfigure', kind: 'weigh', isStale: false })
  }
  const activities = [...scenario.activities, ...changes].sort((a, b) => a.at - b.at)
  return { ...weighedScenario, activities }
}
