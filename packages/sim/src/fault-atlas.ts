/**
 * Which stores may be destroyed, or have gone bad, at the same time. Where an ensemble must recover, so
 * many that what a quorum held is still held by somebody who counts, and that those who count are a
 * quorum. Beyond that it must halt: nobody leads, nothing is answered, and nothing wrong is said.
 */
import type { CommittedLog } from './committed-log.ts'
import type { Member } from './member.ts'

export type DamageBound = 'recoverable' | 'beyond'

export class FaultAtlas {
  readonly #voters: readonly Member[]
  readonly #quorumSize: number
  readonly #bound: DamageBound
  readonly #committed: CommittedLog

  constructor(
    members: readonly Member[],
    quorumSize: number,
    bound: DamageBound,
    committed: CommittedLog,
  ) {
    this.#voters = members.filter((member) => member.isVoter)
    this.#quorumSize = quorumSize
    this.#bound = bound
    this.#committed = committed
  }

  /**
   * True when this store may be damaged now. Before there is anything to lose, none. Stores that vanish
   * without a trace are never too many: who finds nothing anywhere founds anew, and cannot know better.
   */
  mayDamage(member: Member, how: 'wipe' | 'damage'): boolean {
    if (this.#committed.end.last === 0) return false
    if (!member.isVoter || !isWhole(member)) return true
    if (this.#bound === 'beyond' && how === 'damage') return true
    return this.#voters.length - this.whole.length < this.#voters.length - this.#quorumSize
  }

  /** True when those who still have what they held are a quorum, or there was nothing to hold. */
  get hasQuorum(): boolean {
    return this.#committed.end.last === 0 || this.whole.length >= this.#quorumSize
  }

  /** The voters that still have what they held. */
  get whole(): readonly Member[] {
    return this.#voters.filter(isWhole)
  }
}

/**
 * True of a member that would vote if it started now. One that was away when the ensemble was founded
 * has nothing yet, and one that crashed when it was about to be whole does not know that it is.
 */
function isWhole(member: Member): boolean {
  const { durable, disk, isAmnesiac } = member
  return !isAmnesiac && !durable.isEmpty && durable.damaged === null && !disk.isRotten
}
