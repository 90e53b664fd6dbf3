/**
 * What agreement needs of the state machine above it: to be told about leadership, to be given
 * committed pages in order, and to be asked for the next page. `server/server.ts` is the one there
 * is; agreement never looks inside what it proposes.
 */
import type { Configuration } from '../ensemble/configuration.ts'
import type { PeerId } from '../ids.ts'
import type { Replica } from '../server/replica.ts'
import type { ForwardedRequest, SessionMove, SessionRequest } from '../server/request.ts'
import type { Zxid } from '../zxid.ts'
import type { ProofsOfLife } from './messages.ts'
import type { Page, PageDraft, PageEnd } from './page.ts'

export interface StateMachine {
  /** The end of the last page that was applied. */
  readonly end: PageEnd
  /** The digest of the replicated state there. */
  readonly digest: string
  /** Applies one committed page, the next one. */
  apply(page: Page): void

  /** A received snapshot takes the place of everything applied so far. */
  replaceReplica(replica: Replica): void

  /** This peer leads, established, and the history is applied. */
  lead(epoch: number): void
  /** This peer is synced with an established leader, and what it told is applied. */
  follow(leader: PeerId, epoch: number): void
  /** There is no leader. */
  look(): void

  /** The configuration that was applied last, or `null` before founding. */
  readonly configuration: Configuration | null
  /** Leader: puts a configuration into a page, as the last txn of it. */
  configure(configuration: Configuration): void

  /** The next page's txns, or `null`. Its zxids follow `previous`, or begin the epoch. */
  nextDraft(previous: PageEnd): PageDraft | null
  /** Txns that wait for a page. */
  readonly preparedCount: number
  /** True when the epoch has no zxid left for another request. */
  readonly counterExhausted: boolean
  /** Prepare nothing more: this leadership ends. */
  drain(): void

  /** Requests from a synced learner. Why its link must break, or `null`. */
  onRequests(from: PeerId, requests: readonly ForwardedRequest[]): string | null
  onSessionRequests(from: PeerId, requests: readonly SessionRequest[]): void
  onSessionMoves(from: PeerId, requests: readonly SessionMove[]): void
  onSyncRequest(from: PeerId, sync: number): void
  onSyncReply(sync: number, upTo: Zxid): void
  /** Leader: the link to a learner is gone; what it asked and proved does not count any more. */
  onLearnerGone(peer: PeerId): void
  /** Leader: a quorum confirmed this round, so every one before it too. */
  onRoundConfirmed(round: number): void

  /** What the sessions hosted here can prove, for the leader. */
  takeProofs(nowMs: number): ProofsOfLife | null
  onProofs(from: PeerId, proofs: ProofsOfLife, nowMs: number): void
  /** Leader: the last list of this peer's proofs that a later round confirmed; 0 before any. */
  proofsAcknowledged(peer: PeerId): number
  /** Learner: from a ping, with what the leader had proposed when it sent it. */
  onProofsAcknowledged(number: number, proposed: Zxid): void
}
