/**
 * Changes of an ensemble's members, as plain values: what is drawn says what kind of change is asked
 * for, what it comes to depends on the members at that time. Only peers that still have what they held
 * are asked to be voters: an operator adds what is healthy.
 */
import {
  votersOf,
  type Configuration,
  type Member,
  type PeerId,
  type Reconfiguration,
} from '@conclave/core/internal'
import type { Activity } from './activities.ts'
import { Random } from './prng.ts'
import { millisecondUs, type Microseconds } from './scheduler.ts'
import { voterAmong, weighed } from './weights.ts'

const usualKinds = [
  'add-voter',
  'add-observer',
  'remove',
  'remove-leader',
  'turn',
  'replace',
  'rewrite',
] as const
/** `weigh`, which gives the voters other weights and groups, is drawn in weights.ts. */
export const reconfigurationKinds = [...usualKinds, 'weigh'] as const
export type ReconfigurationKind = (typeof reconfigurationKinds)[number]

/** How often the members of a run are to be changed, on average. */
export interface ReconfigurationMix {
  readonly meanUs: Microseconds
  readonly clientCount: number
}

/** What is asked for at the time, of whom. */
export interface ReconfigurationFacts {
  readonly current: Configuration
  readonly peers: readonly PeerId[]
  /** 0 when nobody leads. */
  readonly leader: PeerId
}

/** The changes of a run, in the order of their times. */
export function drawReconfigurations(
  seed: number,
  { meanUs, clientCount }: ReconfigurationMix,
  until: Microseconds,
): readonly Activity[] {
  const random = new Random(seed, 'reconfiguration')
  const activities: Activity[] = []
  for (let at = random.exponential(meanUs); at < until; at += 1 + random.exponential(meanUs)) {
    activities.push({
      at,
      client: random.integer(0, clientCount - 1),
      choice: random.integer(0, 65_535),
      type: 'reconfigure',
      kind: random.pick(usualKinds),
      isStale: random.chance(0.05),
    })
  }
  return activities
}

/** Mean times between two changes of a swarm's run: from one at all to many. */
export const usualMeansUs: readonly Microseconds[] = [300, 1_000, 4_000].map(
  (ms) => ms * millisecondUs,
)

/** The change as a session asks for it now; `null` when there is nothing of that kind to ask for. */
export function reconfigurationOf(
  { kind, choice, isStale }: Extract<Activity, { type: 'reconfigure' }>,
  facts: ReconfigurationFacts,
): Reconfiguration | null {
  const members = membersAfter(kind, choice, facts)
  if (members === null || votersOf(members).length === 0) return null
  const version = Math.max(1, facts.current.version - (isStale ? 1 : 0))
  return { type: 'reconfigure', members, version }
}

function membersAfter(
  kind: ReconfigurationKind,
  choice: number,
  { current, peers, leader }: ReconfigurationFacts,
): readonly Member[] | null {
  const { members } = current
  const outside = peers.filter((id) => !members.some((member) => member.id === id))
  const added = outside[choice % outside.length]
  const hit = kind === 'remove-leader' ? leader : members[choice % members.length]?.id
  const others = members.filter(({ id }) => id !== hit)
  switch (kind) {
    case 'add-voter':
    case 'add-observer': {
      if (added === undefined) return null
      const isVoter = kind === 'add-voter'
      const member: Member = isVoter ? voterAmong(members, added, choice) : observer(added)
      return inOrder([...members, member])
    }
    case 'remove':
    case 'remove-leader':
      return others.length < members.length ? others : null
    case 'turn':
      return members.map((member) => {
        if (member.id !== hit) return member
        return member.role === 'voter' ? observer(hit) : voterAmong(others, hit, choice)
      })
    case 'replace':
      if (added === undefined) return null
      return inOrder([...others, voterAmong(others, added, choice)])
    case 'rewrite':
      return peers
        .filter((_, index) => (choice >> index) % 2 === 1)
        .map((id) => ({ id, role: 'voter' }))
    case 'weigh':
      return weighed(new Random(choice, 'weights', 3), members)
  }
}

function observer(id: PeerId): Member {
  return { id, role: 'observer' }
}

function inOrder(members: readonly Member[]): readonly Member[] {
  return [...members].sort((a, b) => a.id - b.id)
}
