/** One learner as its leader sees it: how far the conversation on its present link has come. */
import type { PeerId } from '../ids.ts'
import type { LearnerSync } from './learner-sync.ts'
import type { Message } from './messages.ts'
import type { PageEnd } from './page.ts'

export type Received<T extends Message['type']> = Extract<Message, { type: T }>
export type FollowerInfo = Received<'follower-info'>

export interface Learner {
  readonly peer: PeerId
  readonly info: FollowerInfo
  /** The first round that begins after its handshake: what a peer without memory waits for. */
  readonly joinRound: number
  /**
   * met: FOLLOWERINFO came. informed: LEADERINFO went. promised: ACKEPOCH came. syncing: its history
   * is being made the leader's. acked: ACK-LD came. synced: UPTODATE went.
   */
  stage: 'met' | 'informed' | 'promised' | 'syncing' | 'acked' | 'synced'
  /** False of an observer for ever, of a peer without memory until UPTODATE (Z19). */
  counts: boolean
  /** What it told with ACKEPOCH, until it is synchronized. */
  history: { readonly end: PageEnd; readonly epochEnds: readonly PageEnd[] } | null
  sync: LearnerSync | null
  /** How far its log is durable in this leader's history; 0 before ACK-LD. */
  ackedUpTo: number
  lastHeardMs: number
  lastProgressMs: number
  /** Its own count of what it did, as it last told. */
  progress: number
}

/** A learner that has just introduced itself. */
export function meetLearner(
  info: FollowerInfo,
  facts: { peer: PeerId; joinRound: number; counts: boolean; nowMs: number },
): Learner {
  const { peer, joinRound, counts, nowMs } = facts
  return {
    peer,
    info,
    joinRound,
    stage: 'met',
    counts,
    history: null,
    sync: null,
    ackedUpTo: 0,
    lastHeardMs: nowMs,
    lastProgressMs: nowMs,
    progress: 0,
  }
}

/** Those whose word counts in a quorum, in one of the stages. */
export function countedIn(
  learners: Iterable<Learner>,
  ...stages: readonly Learner['stage'][]
): PeerId[] {
  const counted: PeerId[] = []
  for (const { peer, counts, stage } of learners) {
    if (counts && stages.includes(stage)) counted.push(peer)
  }
  return counted
}
