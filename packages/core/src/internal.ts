/** What sibling packages may name, beyond what applications may. */
export {
  allPermissions,
  anyone,
  isAllowed,
  maskAcl,
  openAcl,
  permissions,
  settleAcl,
  type Acl,
  type AclEntry,
  type Identity,
  type Permission,
} from './access/acl.ts'
export { addressesMatch, isAddressPattern } from './access/address.ts'
export { assert, InvariantError, unreachable } from './assert.ts'
export type { CallId, Event } from './events.ts'
export type { Delivery, Effect, Standing } from './effects.ts'
export {
  CoordinationError,
  errorCodes,
  type CoordinationErrorDetails,
  type ErrorCode,
  type Outcome,
} from './errors.ts'
export {
  countAlike,
  flawOf,
  formatMembers,
  maxHostLength,
  maxPeerId,
  maxWeight,
  sameMembers,
  votersOf,
  type Configuration,
  type Member,
  type MemberAddress,
  type MemberRole,
  type Membership,
} from './ensemble/configuration.ts'
export { JointQuorum, MajorityQuorum, quorumOf, type Quorum } from './ensemble/quorum.ts'
export {
  formatSessionId,
  isReadOnlySession,
  noSession,
  sessionIdAt,
  type EnsembleId,
  type PeerId,
  type RequestId,
  type SessionId,
} from './ids.ts'
export { defaultLimits, defaultTiming, type Limits, type Timing } from './limits.ts'
export type { LogRecord } from './log-record.ts'
export { PeerCore, type CoreView, type PeerCoreOptions } from './peer-core.ts'
export type { RecoveredState } from './recovered-state.ts'
export { CallQueue } from './server/call-queue.ts'
export { Fifo } from './server/fifo.ts'
export {
  findQuota,
  findStat,
  findZnode,
  getAcl,
  getChildren,
  getZnode,
  mayRead,
  type AclReading,
  type ChildrenReading,
  type ZnodeReading,
} from './server/read.ts'
export { forwardingBounds } from './server/forwarding-bounds.ts'
export { ReplicaBuilder } from './server/replica-builder.ts'
export { Replica, type ApplyObserver } from './server/replica.ts'
export {
  anyVersion,
  type CheckOperation,
  type CreateMode,
  type CreateOperation,
  type DeleteOperation,
  type ForwardedRequest,
  type Operation,
  type OperationResult,
  type Reconfiguration,
  type Refusal,
  type SessionMove,
  type SessionRequest,
  type SetAclOperation,
  type SetOperation,
  type TreeRequest,
  type WriteRequest,
  type WriteResult,
} from './server/request.ts'
export type { TreeTxn, Txn } from './server/txn.ts'
export { SessionTable } from './session/session-table.ts'
export { RecentChanges } from './session/recent-changes.ts'
export {
  WatchTable,
  type Watch,
  type WatchDepth,
  type WatchEvent,
  type WatchLimit,
} from './session/watch-table.ts'
export {
  WireWatches,
  type WatchedZnode,
  type WireWatchEvent,
  type WireWatchMode,
  type WireWatchRestoration,
  type WireWatchType,
} from './session/wire-watches.ts'
export { copyOfData } from './tree/data-copy.ts'
export { digestOf } from './tree/digest.ts'
export {
  ancestorsOf,
  childPath,
  isAncestor,
  nameOf,
  parentOf,
  pathFault,
  sequentialName,
  validatePath,
} from './tree/path.ts'
export {
  limitsText,
  parseQuota,
  usageText,
  type QuotaLimits,
  type QuotaUsage,
} from './tree/quota-text.ts'
export { canHaveQuota, quotaPaths, Quotas, type CountedTree, type Quota } from './tree/quotas.ts'
export { maxTtlMs, neverReaped, reapedWhenEmptied, Reapables, type Reap } from './tree/reapables.ts'
export { TreeScan, type ScanDepth, type ScannedZnode } from './tree/scan.ts'
export type { Checkpoint, SessionRecord, SnapshotRecord, SnapshotSummary } from './tree/snapshot.ts'
export { Tree } from './tree/tree.ts'
export {
  nextCreateCount,
  nextVersion,
  recordOf,
  statOf,
  Znode,
  type Stat,
  type ZnodeRecord,
} from './tree/znode.ts'
export {
  laneOf,
  type DataMessage,
  type LivenessMessage,
  type Message,
  type Role,
} from './zab/messages.ts'
export {
  noPage,
  PageError,
  samePageEnd,
  type Page,
  type PageCodec,
  type PageDraft,
  type PageEnd,
} from './zab/page.ts'
export {
  advanceZxid,
  counterOf,
  epochOf,
  formatZxid,
  isZxid,
  makeZxid,
  maxCounter,
  maxEpoch,
  zeroZxid,
  type Zxid,
} from './zxid.ts'
