/**
 * Every bound, in one place, each with its reason. Reaching one is an error that names it; nothing
 * grows without one.
 */

/** What an ensemble must agree on, and what a peer allows itself. */
export interface Limits {
  /** A znode's data. ZooKeeper's own order of magnitude; larger values belong elsewhere. */
  readonly maxDataBytes: number
  /** A path, in UTF-16 units: bounds the snapshot's keys. */
  readonly maxPathLength: number
  /** Children of one znode: all of them fit into the one list that `children` answers with. */
  readonly maxChildren: number
  /** Znodes of the whole tree, and their paths and data: every peer holds all of it in memory. */
  readonly maxZnodes: number
  readonly maxTreeBytes: number
  /** One txn, estimated before it is packed: a transaction, a subtree, a session's ephemerals. */
  readonly maxTxnBytes: number
  /** Operations of one transaction. */
  readonly maxOperations: number
  /** A page closes at either; a single larger txn makes a page of its own. */
  readonly maxPageTxns: number
  readonly maxPageBytes: number
  /** Pages proposed and not yet committed. */
  readonly maxPagesOutstanding: number
  /** Writes, and syncs, that one session may have unanswered. Beyond it, a call is `BUSY`. */
  readonly maxSessionRequests: number
  /** Reads of one session that wait for its writes, for the ensemble or for a zxid; else `BUSY`. */
  readonly maxSessionReads: number
  /** Sessions that one peer hosts or has asked for. */
  readonly maxHostedSessions: number
  /** Sessions that one peer may have asked for and not yet got. Beyond it, a call is `BUSY`. */
  readonly maxSessionsRequested: number
  /** What one session may have proved to be, and how long a proof may be: they go along with writes. */
  readonly maxSessionIdentities: number
  readonly maxProofBytes: number
  /** Watches of one session, and of all sessions of one peer. */
  readonly maxSessionWatches: number
  readonly maxHostedWatches: number
  /** Data that waits in one watch to be taken. What does not fit becomes a `gap`. */
  readonly maxWatchBytes: number
  /** The changes that a peer keeps in memory for watches that go on behind a zxid, and their data. */
  readonly maxRecentChanges: number
  readonly maxRecentBytes: number
  /** Writes that a peer has forwarded to the leader and that are unanswered, in bytes. */
  readonly maxForwardedBytes: number
  /** Writes that wait at a peer until it may forward them, in bytes. Beyond it, a call is `BUSY`. */
  readonly maxWaitingBytes: number
  /** Ephemeral znodes of one session, so that its end always fits one txn. */
  readonly maxSessionEphemerals: number
  /** How often the leader looks for containers and znodes with a TTL whose time has come, in ms. */
  readonly reapMs: number
  /** How many of them it deletes each time: 10,000 a minute by default, as in ZooKeeper. */
  readonly maxReaped: number
  /** What all scans keep of what has changed since they began. Beyond it, the oldest scan ends. */
  readonly maxScanBytes: number
  /** Pages applied in one step, but for the last of them: a long history must not block the loop. */
  readonly maxAppliedBytes: number
  /** Pages kept in memory for learners that lag a little. */
  readonly maxWindowBytes: number
  /** Pages the log keeps behind the snapshot, so that learners and lost answers find them. */
  readonly maxRetainedBytes: number
  /** Pages the log keeps for one learner that is being synchronized; a slower one is dropped. */
  readonly maxPinnedBytes: number
  /** Pages that a learner's disk may owe. It leaves its leader then, until the disk has caught up. */
  readonly maxUnsyncedBytes: number
  /** What one read of the log brings into memory. */
  readonly maxLogReadBytes: number
  /** Chunks of a snapshot on their way to a learner. */
  readonly maxSnapshotChunks: number
  /** A checkpoint begins at the first of these three. */
  readonly checkpointZnodes: number
  readonly checkpointLogBytes: number
  readonly checkpointMs: number
  /** The last counter of an epoch; lowered by tests that want to see it end (Z16). */
  readonly maxCounter: number
}

const kib = 1024
const mib = 1024 * kib
const gib = 1024 * mib

export const defaultLimits: Limits = {
  maxDataBytes: mib,
  maxPathLength: 4 * kib,
  maxChildren: 1_000_000,
  maxZnodes: 10_000_000,
  maxTreeBytes: 4 * gib,
  maxTxnBytes: 4 * mib,
  maxOperations: 10_000,
  maxPageTxns: 1_000,
  maxPageBytes: mib,
  maxPagesOutstanding: 4,
  maxSessionRequests: 16_384,
  maxSessionReads: 65_536,
  maxHostedSessions: 100_000,
  maxSessionsRequested: 10_000,
  maxSessionIdentities: 64,
  maxProofBytes: 4 * kib,
  maxSessionWatches: 100_000,
  maxHostedWatches: 1_000_000,
  maxWatchBytes: 16 * mib,
  maxRecentChanges: 16_384,
  maxRecentBytes: 16 * mib,
  maxForwardedBytes: 4 * mib,
  maxWaitingBytes: 32 * mib,
  maxSessionEphemerals: 20_000,
  reapMs: 6_000,
  maxReaped: 1_000,
  maxScanBytes: 32 * mib,
  maxAppliedBytes: 256 * kib,
  maxWindowBytes: 16 * mib,
  maxRetainedBytes: 64 * mib,
  maxPinnedBytes: 512 * mib,
  maxUnsyncedBytes: 64 * mib,
  maxLogReadBytes: 2 * mib,
  maxSnapshotChunks: 16,
  checkpointZnodes: 4_096,
  checkpointLogBytes: 64 * mib,
  checkpointMs: 30_000,
  maxCounter: 2 ** 32 - 1,
}

/** Time bounds, in ms. An ensemble's peers should have the same. */
export interface Timing {
  /** Between heartbeats of a leader. */
  readonly heartbeatMs: number
  /** Silence after which a peer is taken to be gone; a leader without a heard quorum steps down. */
  readonly silentPeerMs: number
  /** An append outstanding for this long makes a leader stop beating and step down. */
  readonly diskStallMs: number
  /** How long a looking peer waits for a better vote when not all connected voters agree. */
  readonly electionSettleMs: number
}

export const defaultTiming: Timing = {
  heartbeatMs: 100,
  silentPeerMs: 1_000,
  diskStallMs: 2_000,
  electionSettleMs: 50,
}
