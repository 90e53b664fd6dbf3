/** One learner as its leader sees it: how far the conversation on its present link has come. */
import type { PeerId } from '../ids.ts'
import type { LearnerSync } from './learner-sync.ts'
import type { Message } from './messages.ts'
import type { PageEnd } from './page.ts'
import type { ZabState } from './state.ts'

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
  /** False of a peer without memory until UPTODATE (Z19). Where it counts, the quorum says. */
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
  facts: { peer: PeerId; joinRound: number; nowMs: number },
): Learner {
  const { peer, joinRound, nowMs } = facts
  return {
    peer,
    info,
    joinRound,
    stage: 'met',
    counts: info.counts,
    history: null,
    sync: null,
    ackedUpTo: 0,
    lastHeardMs: nowMs,
    lastProgressMs: nowMs,
    progress: 0,
  }
}

/** Those whose word counts where they vote, in one of the stages. */
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

/**
 * Why a learner's link must end, or `null`: it is silent, or the log cannot be kept for it any longer.
 * It comes back.
 */
export function slownessOf({ lastHeardMs, sync }: Learner, state: ZabState): string | null {
  const { nowMs, options, history } = state
  if (nowMs - lastHeardMs > options.timing.silentPeerMs) {
    return 'silent for longer than the silent-peer deadline'
  }
  const pin = sync?.pinned ?? null
  return pin !== null && history.bytesBehind(pin) > options.limits.maxPinnedBytes
    ? 'too slow: the log cannot be kept for it any longer'
    : null
}

/** Those that are synced, whether or not they vote. */
export function syncedAmong(learners: Iterable<Learner>): PeerId[] {
  const synced: PeerId[] = []
  for (const { peer, stage } of learners) if (stage === 'synced') synced.push(peer)
  return synced
}
