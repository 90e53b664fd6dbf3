/**
 * What a sufficient set of voters is, and how far a sufficient set has come. The only place that
 * counts peers.
 *
 * Any two quorums of one configuration have a voter in common, which is what Z9 and Z11 rest on: two
 * majorities have; and where voters have weights and groups, two majorities of the groups have a group
 * in common, and in that one two majorities of its weight a voter.
 */
import type { PeerId } from '../ids.ts'
import { countAlike, votersOf, type Member } from './configuration.ts'

export interface Quorum {
  /** All that can count. */
  readonly voters: ReadonlySet<PeerId>
  /** True when the voters among `peers` suffice; peers that do not vote do not count. */
  includes(peers: Iterable<PeerId>): boolean
  /**
   * The greatest position that a sufficient set of voters has reached or passed. Voters that are
   * not in `positions` are taken to be at 0.
   */
  reachedBy(positions: ReadonlyMap<PeerId, number>): number
}

/** What suffices of these members: a majority, where voters have neither weights nor groups. */
export function quorumOf(members: readonly Member[]): Quorum {
  return countAlike(members) ? new MajorityQuorum(votersOf(members)) : new WeightedQuorum(members)
}

/** More than half of the voters. */
export class MajorityQuorum implements Quorum {
  readonly voters: ReadonlySet<PeerId>
  /** How many voters suffice. */
  readonly size: number

  constructor(voters: Iterable<PeerId>) {
    this.voters = new Set(voters)
    this.size = Math.floor(this.voters.size / 2) + 1
  }

  includes(peers: Iterable<PeerId>): boolean {
    let count = 0
    for (const peer of new Set(peers)) if (this.voters.has(peer)) count += 1
    return count >= this.size
  }

  reachedBy(positions: ReadonlyMap<PeerId, number>): number {
    const sorted = [...this.voters].map((voter) => positions.get(voter) ?? 0)
    sorted.sort((a, b) => b - a)
    return sorted[this.size - 1] ?? 0
  }
}

/** More than half of the weight in each of more than half of the groups; all are one where none is given. */
export class WeightedQuorum implements Quorum {
  readonly voters: ReadonlySet<PeerId>
  readonly #groups: readonly (readonly Weighed[])[]

  constructor(members: readonly Member[]) {
    this.voters = new Set(votersOf(members))
    const groups = new Map<number, Weighed[]>()
    for (const { id, role, weight = 1, group = 0 } of members) {
      if (role !== 'voter') continue
      const others = groups.get(group) ?? []
      groups.set(group, [...others, { id, weight }])
    }
    this.#groups = [...groups.values()]
  }

  includes(peers: Iterable<PeerId>): boolean {
    return this.reachedBy(new Map([...peers].map((peer) => [peer, 1]))) === 1
  }

  reachedBy(positions: ReadonlyMap<PeerId, number>): number {
    const ofGroups = this.#groups.map((voters) => ({
      weight: 1,
      position: reachedByMost(
        voters.map(({ id, weight }) => ({ weight, position: positions.get(id) ?? 0 })),
      ),
    }))
    return reachedByMost(ofGroups)
  }
}

interface Weighed {
  readonly id: PeerId
  readonly weight: number
}

/** The greatest position that more than half of the weight has reached or passed. */
function reachedByMost(
  parts: readonly { readonly weight: number; readonly position: number }[],
): number {
  const half = parts.reduce((sum, { weight }) => sum + weight, 0) / 2
  let weightThere = 0
  for (const { weight, position } of parts.toSorted((a, b) => b.position - a.position)) {
    weightThere += weight
    if (weightThere > half) return position
  }
  return 0
}

/** A quorum of each of two: what decides while a change of the voters is not known to be committed. */
export class JointQuorum implements Quorum {
  readonly voters: ReadonlySet<PeerId>
  readonly #before: Quorum
  readonly #after: Quorum

  constructor(before: Quorum, after: Quorum) {
    this.#before = before
    this.#after = after
    this.voters = new Set([...before.voters, ...after.voters])
  }

  includes(peers: Iterable<PeerId>): boolean {
    const all = [...peers]
    return this.#before.includes(all) && this.#after.includes(all)
  }

  reachedBy(positions: ReadonlyMap<PeerId, number>): number {
    return Math.min(this.#before.reachedBy(positions), this.#after.reachedBy(positions))
  }
}
