/**
 * Every message between peers: who sends it, when, and what it promises. docs/PROTOCOL.md has the
 * same as a table, with the paper's names.
 *
 * Two lanes: `liveness` carries what must not queue behind bulk (votes, heartbeats, quorum rounds,
 * proofs of life), `data` carries the conversation of a learner with its leader, in order. Both
 * belong to one link and live and die with it.
 */
import type { Configuration } from '../ensemble/configuration.ts'
import type { EnsembleId, PeerId, SessionId } from '../ids.ts'
import type { ForwardedRequest, SessionMove, SessionRequest } from '../server/request.ts'
import type { Zxid } from '../zxid.ts'
import type { Page, PageEnd } from './page.ts'

/** What a peer is, as it tells others. */
export type Role = 'looking' | 'leader' | 'follower' | 'observer'

/** A candidate for leadership, ordered by (epoch, last, leader). */
export interface Vote {
  readonly leader: PeerId
  /** The candidate's currentEpoch. */
  readonly epoch: number
  /** The end of the candidate's durable history. */
  readonly last: Zxid
}

export type LivenessMessage =
  /**
   * Fast leader election, both ways. A looking peer tells its vote; any other tells whom it follows,
   * so that late ones can join.
   */
  | {
      readonly type: 'notification'
      readonly role: Role
      readonly round: number
      readonly vote: Vote
      /** True of a leader whose NEWLEADER quorum is complete, and of its synced learners. */
      readonly established: boolean
      /** The epoch in which `vote.leader` leads, when `role` is not looking; otherwise 0. */
      readonly leadingEpoch: number
      /** True when the sender holds no page and lost none: it may vote only to found an ensemble. */
      readonly empty: boolean
      /** False of a peer that may not vote at all: damaged, or not yet synced. */
      readonly votes: boolean
      /** Asks for an answer at once: the sender has just begun to look or met the receiver. */
      readonly asks: boolean
      /** The last configuration that the sender knows to be committed; `null` of one that knows none. */
      readonly configuration: Configuration | null
    }
  /**
   * Leader to learner, every heartbeat, and at once when a quorum round is wanted. `round` rises;
   * a confirmation of it is one of every round before it.
   */
  | {
      readonly type: 'ping'
      readonly epoch: number
      readonly round: number
      /** The last `proofs.number` of this learner that a quorum round has since confirmed; 0: none. */
      readonly proofsAcknowledged: number
      /**
       * The end of what the leader has proposed. A session past its local deadline is only taken to
       * live again once this is applied, since its close may be among it (S8).
       */
      readonly proposed: Zxid
      /** Rises whenever a quorum made progress; learners judge the leader's worth by it. */
      readonly progress: number
    }
  /**
   * Learner to leader: the answer to a ping. A synced learner confirms the round, which it does only
   * while its acceptedEpoch is `epoch`; one that is not yet synced sends round 0, and the count of
   * what it has done so far.
   */
  | {
      readonly type: 'pong'
      readonly epoch: number
      readonly round: number
      readonly proofs: ProofsOfLife | null
      readonly progress: number
    }
  /** Hosting peer to leader: a linearizable read or `sync` wants a quorum round. */
  | { readonly type: 'sync-request'; readonly epoch: number; readonly sync: number }
  /** Leader to hosting peer: everything up to `upTo` was committed when round and leader were one. */
  | {
      readonly type: 'sync-reply'
      readonly epoch: number
      readonly sync: number
      readonly upTo: Zxid
    }

/** Which of a peer's sessions were alive, and how long before this was sent. */
export interface ProofsOfLife {
  /** Rises by one with every list that the peer sends; acknowledged by `ping`. */
  readonly number: number
  readonly sessions: readonly (readonly [session: SessionId, ageMs: number])[]
}

export type DataMessage =
  /** Learner to would-be leader: opens the conversation (paper: CEPOCH). */
  | {
      readonly type: 'follower-info'
      readonly acceptedEpoch: number
      /** To whom acceptedEpoch is promised, or 0. */
      readonly acceptedLeader: PeerId
      /** False of an empty and of a damaged peer: it counts nowhere before UPTODATE. */
      readonly counts: boolean
      readonly ensembleId: EnsembleId
    }
  /** Leader to learner: the new epoch, durable at the leader (paper: NEWEPOCH). */
  | {
      readonly type: 'leader-info'
      readonly epoch: number
      readonly configuration: Configuration
    }
  /** Learner to leader: the epoch is durable here, and this is my history (paper: ACK-E). */
  | {
      readonly type: 'ack-epoch'
      readonly epoch: number
      readonly currentEpoch: number
      /** The end of the durable history. */
      readonly end: PageEnd
      /** The last page of each epoch in the log, newest first: where histories may part. */
      readonly epochEnds: readonly PageEnd[]
    }
  /** Leader to learner: your history up to `after` is mine; the pages after it follow. */
  | { readonly type: 'diff'; readonly after: PageEnd }
  /** Leader to learner: cut your history behind `to`; the pages after it follow. */
  | { readonly type: 'trunc'; readonly to: PageEnd }
  /** Leader to learner: our histories have nothing in common; a whole snapshot follows. */
  | { readonly type: 'snap'; readonly at: PageEnd }
  /** Leader to learner: part of the snapshot; numbered from 0. */
  | {
      readonly type: 'snap-chunk'
      readonly number: number
      readonly bytes: Uint8Array
      readonly last: boolean
    }
  /** Learner to leader: chunks up to `number` are written. Opens the window for more. */
  | { readonly type: 'snap-ack'; readonly number: number }
  /**
   * Learner to leader, before ACK-LD: the snapshot is installed, or the pages are durable, up to
   * `upTo`. Paces the leader; counts for nothing.
   */
  | { readonly type: 'diff-ack'; readonly upTo: Zxid }
  /** Leader to learner: the history ends here; be of my epoch (paper: NEWLEADER). */
  | { readonly type: 'new-leader'; readonly epoch: number; readonly end: Zxid }
  /** Learner to leader: history and epoch are durable here. An ack up to `upTo` as well. */
  | { readonly type: 'ack-new-leader'; readonly epoch: number; readonly upTo: Zxid }
  /** Leader to learner: all up to `committed` is committed; serve (paper: COMMIT-LD). */
  | { readonly type: 'up-to-date'; readonly committed: Zxid }
  /** Leader to learner: append this page behind the one it names. */
  | { readonly type: 'proposal'; readonly page: Page }
  /** Follower to leader: my log is durable up to `upTo`; speaks for all before it. */
  | { readonly type: 'ack'; readonly upTo: Zxid }
  /**
   * Leader to learner: all up to `upTo` is committed. `digest` is of the leader's state there, or
   * empty: the leader sends it once a heartbeat.
   */
  | { readonly type: 'commit'; readonly upTo: Zxid; readonly digest: string }
  /** Hosting peer to leader: writes, in the order of their request ids. */
  | { readonly type: 'requests'; readonly requests: readonly ForwardedRequest[] }
  /** Hosting peer to leader: sessions to create. */
  | { readonly type: 'session-requests'; readonly requests: readonly SessionRequest[] }
  /** Hosting peer to leader: sessions to move to it. */
  | { readonly type: 'session-moves'; readonly requests: readonly SessionMove[] }
  /** Leader to learner: I end my epoch, everything is committed on you; elect at once. */
  | { readonly type: 'goodbye' }

export type Message = LivenessMessage | DataMessage

const livenessTypes: ReadonlySet<Message['type']> = new Set([
  'notification',
  'ping',
  'pong',
  'sync-request',
  'sync-reply',
])

/** The connection that a message travels on. */
export function laneOf(message: Message): 'liveness' | 'data' {
  return livenessTypes.has(message.type) ? 'liveness' : 'data'
}
