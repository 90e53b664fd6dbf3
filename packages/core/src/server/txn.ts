/**
 * The txn: one deterministic, idempotent and complete change of the replicated state. Nothing is
 * left to be decided when it is applied: its time, the resolved sequential name, the new version
 * and the ephemerals that a session's end removes are all in it.
 *
 * A txn's zxid is its place in its page: the page's first zxid plus its index.
 *
 * A refused write is a txn too, so that its refusal was judged against state that is really
 * committed, and so that every request id stands in the log exactly once (R2).
 */
import type { Acl } from '../access/acl.ts'
import type { Configuration } from '../ensemble/configuration.ts'
import type { PeerId, RequestId, SessionId } from '../ids.ts'
import type { Reap } from '../tree/reapables.ts'
import type { Refusal } from './request.ts'

/** A change of the tree. Fields are what `Tree.apply` needs, already resolved. */
export type TreeTxn =
  | {
      readonly type: 'create'
      readonly path: string
      readonly data: Uint8Array | null
      /** The session whose end deletes the znode, or 0. */
      readonly ephemeralOwner: SessionId
      /** When it goes by itself. */
      readonly reap: Reap
      /** The parent's count of creates after this one: the next sequential suffix. */
      readonly parentCreateCount: number
      readonly acl: Acl
    }
  | {
      readonly type: 'set'
      readonly path: string
      readonly data: Uint8Array | null
      /** The znode's version after this one. */
      readonly version: number
    }
  | { readonly type: 'delete'; readonly path: string }
  /** `aversion` is the znode's after this one. */
  | {
      readonly type: 'set-acl'
      readonly path: string
      readonly acl: Acl
      readonly aversion: number
    }
  /** Changes nothing; holds the place of a `check` among a transaction's results. */
  | { readonly type: 'check'; readonly path: string }

interface TxnHeader {
  /** The leader's wall clock, ms since 1970: the only use of wall clocks. */
  readonly timeMs: number
  /** The session that asked, or 0 for what the ensemble does on its own account. */
  readonly session: SessionId
  /** The request that caused it, or 0. */
  readonly requestId: RequestId
}

export type Txn = TxnHeader &
  (
    | TreeTxn
    /** All or nothing, in order, at one zxid. */
    | { readonly type: 'transaction'; readonly txns: readonly TreeTxn[] }
    /** Missing ancestors, then the znode that was asked for: answered like a plain create. */
    | { readonly type: 'create-with-parents'; readonly txns: readonly TreeTxn[] }
    /** A subtree, leaves first: answered like a plain delete. */
    | { readonly type: 'delete-subtree'; readonly txns: readonly TreeTxn[] }
    /** The session's id is this txn's zxid. `host` is the peer that asked for it. */
    | {
        readonly type: 'create-session'
        readonly timeoutMs: number
        readonly password: Uint8Array
        readonly host: PeerId
      }
    /** From here on `host` owns the session; requests of the former owner are dropped. */
    | { readonly type: 'move-session'; readonly moved: SessionId; readonly host: PeerId }
    /** Ends a session and deletes the ephemerals it owned, leaves first, at one zxid (S3). */
    | {
        readonly type: 'close-session'
        readonly closed: SessionId
        readonly reason: 'closed' | 'expired'
        readonly paths: readonly string[]
      }
    | { readonly type: 'configure'; readonly configuration: Configuration }
    | ({ readonly type: 'refuse' } & Refusal)
  )
