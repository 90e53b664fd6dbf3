/**
 * What a snapshot consists of, and how a checkpoint hands its changes over: the core's side of the
 * incremental snapshot. How records are kept on disk is the storage's business.
 */
import type { Configuration } from '../ensemble/configuration.ts'
import type { PeerId, RequestId, SessionId } from '../ids.ts'
import type { PageEnd } from '../zab/page.ts'
import type { Zxid } from '../zxid.ts'
import type { ZnodeRecord } from './znode.ts'

export interface SessionRecord {
  readonly id: SessionId
  readonly timeoutMs: number
  readonly password: Uint8Array
  /** The peer that hosts the session, and the txn that made it so. */
  readonly host: PeerId
  readonly hostedSince: Zxid
  /** The last request of this session that stands in the log (R2). */
  readonly lastRequestId: RequestId
}

/** One change of the snapshot: a record as it now is, or the word that it is gone. */
export type SnapshotRecord =
  | { readonly type: 'znode'; readonly znode: ZnodeRecord }
  | { readonly type: 'znode-gone'; readonly path: string }
  | { readonly type: 'session'; readonly session: SessionRecord }
  | { readonly type: 'session-gone'; readonly id: SessionId }

/** What the snapshot as a whole is: written with the records, in the same atomic batch. */
export interface SnapshotSummary {
  /** The page end that the snapshot stands at. */
  readonly end: PageEnd
  /** The replicated state's digest there, 16 hexadecimal digits. */
  readonly digest: string
  readonly znodeCount: number
  readonly sessionCount: number
  /** The configuration in force there, or `null` before founding. */
  readonly configuration: Configuration | null
}

/**
 * A frozen set of changes on its way into the snapshot. The tree goes on changing meanwhile: what a
 * checkpoint hands over is as it was at `summary.end`.
 */
export interface Checkpoint {
  readonly summary: SnapshotSummary
  /** Up to `max` records not yet taken; empty when there are no more. */
  take(max: number): readonly SnapshotRecord[]
}
