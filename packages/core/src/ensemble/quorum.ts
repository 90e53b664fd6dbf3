/**
 * What a sufficient set of voters is, and how far a sufficient set has come. The only place that
 * counts peers.
 */
import type { PeerId } from '../ids.ts'

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
