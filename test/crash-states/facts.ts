/**
 * What a store under test tells of itself while it lives, one line a fact, in between its system
 * calls: what it was asked for, and what it has acknowledged. The judge knows nothing else.
 */
import type { Configuration, PageEnd, SnapshotSummary } from '@conclave/core/internal'

/** What a log comes to, by the telling of whoever appended to it. */
export interface LogFact {
  readonly acceptedEpoch: number
  readonly acceptedLeader: number
  readonly currentEpoch: number
  readonly configuration: Configuration | null
  readonly start: PageEnd
  readonly ends: readonly PageEnd[]
  readonly damaged: string | null
}

export type Fact =
  /** The store is open, and holds this. */
  | { readonly type: 'opened'; readonly log: LogFact; readonly summary: SnapshotSummary }
  /** An append was handed over; this is what the log comes to with it. */
  | { readonly type: 'append'; readonly seq: number; readonly log: LogFact }
  /** The snapshot that an append installs. */
  | { readonly type: 'install'; readonly seq: number; readonly summary: SnapshotSummary }
  | { readonly type: 'synced'; readonly seq: number }
  /** The log failed: nothing may be acknowledged any more. */
  | { readonly type: 'failed' }
  | { readonly type: 'checkpoint'; readonly summary: SnapshotSummary }
  | { readonly type: 'checkpointed' }
  /** Pages up to here may be let go. */
  | { readonly type: 'purge'; readonly upTo: number }
  /** What the store does now, for the report. */
  | { readonly type: 'chapter'; readonly name: string }
  | { readonly type: 'closed' }

/** What a directory was found to hold when it was opened by a fresh process. */
export type Found =
  | {
      readonly type: 'opened'
      readonly log: LogFact
      readonly summary: SnapshotSummary
      /** The ends of all pages that could be read back, whole. */
      readonly read: readonly PageEnd[]
    }
  | { readonly type: 'refused'; readonly code: string; readonly message: string }
  | { readonly type: 'broken'; readonly message: string }
