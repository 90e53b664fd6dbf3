/**
 * What a sufficient set of voters is, and how far a sufficient set has come. The only place that
 * counts peers.
 */
import type { PeerId } from '../ids.ts'

/** More than half of the voters. */
export class MajorityQuorum {
  readonly voters: ReadonlySet<PeerId>
  /** How many voters suffice. */
  readonly size: number

  constructor(voters: Iterable<PeerId>) {
    this.voters = new Set(voters)
    this.size = Math.floor(this.voters.size / 2) + 1
  }

  /** True when the voters among `peers` suffice; peers that do not vote do not count. */
  includes(peers: Iterable<PeerId>): boolean {
    let count = 0
    for (const peer of new Set(peers)) if (this.voters.has(peer)) count += 1
    return count >= this.size
  }

  /**
   * The greatest position that a sufficient set of voters has reached or passed. Voters that are
   * not in `positions` are taken to be at 0.
   */
  reachedBy(positions: ReadonlyMap<PeerId, number>): number {
    const sorted = [...this.voters].map((voter) => positions.get(voter) ?? 0)
    sorted.sort((a, b) => b - a)
    return sorted[this.size - 1] ?? 0
  }
}
