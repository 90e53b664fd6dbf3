/**
 * What a session may ask of the ensemble, and what it is told.
 *
 * Writes travel to the leader, which judges them against the tree as it will be and turns each into
 * exactly one txn: the change, or a refusal. Reads never travel: see read.ts.
 */
import type { Configuration, Member } from '../ensemble/configuration.ts'
import type { AclEntry, Identity } from '../access/acl.ts'
import type { ErrorCode } from '../errors.ts'
import type { RequestId, SessionId } from '../ids.ts'
import type { Limits } from '../limits.ts'
import type { Stat } from '../tree/znode.ts'
import type { Zxid } from '../zxid.ts'

/**
 * How long a znode lives: until it is deleted; at most as long as its session; until it has lost its
 * last child; until it has no children and nobody has set it for so long.
 */
export type CreateMode = 'persistent' | 'ephemeral' | 'container' | { readonly ttlMs: number }

/** The version that matches any: the operation is unconditional. */
export const anyVersion = -1

export interface CreateOperation {
  readonly type: 'create'
  readonly path: string
  /** `null` is stored as absent data, which is not the same as zero bytes. */
  readonly data: Uint8Array | null
  readonly mode: CreateMode
  /** Adds ten digits, the parent's count of creates, to the path. */
  readonly sequential: boolean
  /** Who may do what with it; `null`: everybody everything. */
  readonly acl: readonly AclEntry[] | null
}
export interface SetOperation {
  readonly type: 'set'
  readonly path: string
  readonly data: Uint8Array | null
  readonly version: number
}
export interface DeleteOperation {
  readonly type: 'delete'
  readonly path: string
  readonly version: number
}
/** `version` is the ACL's own: the stat's `aversion`. */
export interface SetAclOperation {
  readonly type: 'set-acl'
  readonly path: string
  readonly acl: readonly AclEntry[]
  readonly version: number
}
export interface CheckOperation {
  readonly type: 'check'
  readonly path: string
  readonly version: number
}

/** One step of a transaction; all but `check` are also requests of their own. */
export type Operation = CreateOperation | SetOperation | DeleteOperation | CheckOperation

/** A write of the tree, or the end of a session. */
export type TreeRequest =
  /** `parents` also creates the ancestors that are missing, as persistent znodes without data. */
  | (CreateOperation & { readonly parents: boolean })
  | SetOperation
  | SetAclOperation
  /** `recursive` deletes the whole subtree, in one txn; `version` guards its root. */
  | (DeleteOperation & { readonly recursive: boolean })
  /** All operations or none, later ones seeing the effect of earlier ones. */
  | { readonly type: 'transaction'; readonly operations: readonly Operation[] }
  | { readonly type: 'close-session' }

/** These are the members from now on. `version` is that of the configuration it is to replace. */
export interface Reconfiguration {
  readonly type: 'reconfigure'
  readonly members: readonly Member[]
  readonly version: number
}

/** A write, as the hosting peer forwards it to the leader. */
export type WriteRequest = TreeRequest | Reconfiguration

/** What one operation of a committed write came to. */
export type OperationResult =
  | { readonly type: 'create'; readonly path: string; readonly stat: Stat }
  | { readonly type: 'set' | 'set-acl'; readonly stat: Stat }
  | { readonly type: 'delete' }
  | { readonly type: 'check' }

/** What a committed write came to. */
export type WriteResult =
  | OperationResult
  | { readonly type: 'transaction'; readonly results: readonly OperationResult[] }
  | { readonly type: 'close-session' }
  | { readonly type: 'reconfigure'; readonly configuration: Configuration }

/** Why a write was refused, as its txn records it. */
export interface Refusal {
  readonly code: ErrorCode
  /** The path that the refusal is about: in a transaction, the one of the failing operation. */
  readonly path: string
  /** In a transaction, the index of the failing operation; otherwise 0. */
  readonly operation: number
  /** The bound that was reached, when the code is `LIMIT_EXCEEDED`; otherwise `null`. */
  readonly limit: keyof Limits | null
}

/** A write on its way from the peer that hosts its session to the leader. */
export interface ForwardedRequest {
  readonly session: SessionId
  readonly requestId: RequestId
  /** The zxid of the create or move that made the sender the session's host (S7). */
  readonly hostedSince: Zxid
  /** What the session had proved to be when it asked. */
  readonly identities: readonly Identity[]
  readonly request: WriteRequest
}

/** A session on its way into being. Its password also tells a repeated request from a second one. */
export interface SessionRequest {
  readonly timeoutMs: number
  /** 16 random bytes, drawn by the hosting peer's driver. */
  readonly password: Uint8Array
}

/** A session on its way to the peer that asks; granted only if nobody has had it since. */
export interface SessionMove {
  readonly session: SessionId
  /** The zxid of the create or move that made another its host, as the peer that asks has applied it. */
  readonly replaces: Zxid
}
