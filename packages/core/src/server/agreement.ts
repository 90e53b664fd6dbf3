/**
 * What the server needs of agreement while this peer leads: the quorum rounds behind linearizable
 * reads and behind the acknowledgement of proofs of life, and who is synced with it. `zab/zab.ts`
 * provides it.
 */
import type { Member } from '../ensemble/configuration.ts'
import type { Zxid } from '../zxid.ts'

export interface Agreement {
  /** The end of what is committed; what is applied here can be behind it for a while. */
  readonly lastCommitted: Zxid
  /** The number of the next round to begin: it begins after everything that happened so far. */
  nextRound(): number
  /** Has a round begin at once, or right after the one under way, and says its number. */
  requestRound(): number
  /** True when a quorum of these members, this peer among them if it votes, is synced with it. */
  hasSyncedQuorum(members: readonly Member[]): boolean
}
