/**
 * The Log port: an append-only sequence of records with one promise that matters, durability in
 * order. `write-ahead-log.ts` keeps it on disk, `memory-log.ts` in memory; `suite.ts` proves both.
 */
import type { Configuration, LogRecord, Page, PageEnd, PeerId, Zxid } from '@conclave/core/internal'

/** What a log tells whoever opened it. */
export interface LogListener {
  /** Every append up to and with `seq` is durable. Called in order, never before `append` returns. */
  onSynced(seq: number): void
  /** An append failed. It may be durable or not; the log accepts no more and must be reopened. */
  onFailed(error: unknown): void
  /**
   * A purge is done. `failure` is why something still stands that could have gone: the next purge tries
   * again, and the log grows until one succeeds; `null` when there is none.
   */
  onPurged(failure: unknown): void
}

/** What a log held when it was opened. Everything in it is durable. */
export interface RecoveredLog {
  readonly acceptedEpoch: number
  /** To whom acceptedEpoch was promised, or 0. */
  readonly acceptedLeader: PeerId
  readonly currentEpoch: number
  /** The last one that the log says is committed, or the founding one; later ones are in pages. */
  readonly configuration: Configuration | null
  /** Where the snapshot in use stood when it was installed by a transfer; `null` if none was. */
  readonly installed: PageEnd | null
  /** The page end behind which the log's pages begin; `noPage` when it reaches back to the start. */
  readonly start: PageEnd
  /** The end of every page in the log, in order, from the first one behind `start`. */
  readonly pageEnds: readonly PageEnd[]
  /** What all these pages weigh together. */
  readonly pageBytes: number
  /** The reason of a `damage-found` that no `damage-healed` follows. */
  readonly damaged: string | null
}

/** An open log. Nothing in it throws for a fault of the disk: that is `onFailed`. */
export interface Log {
  readonly recovered: RecoveredLog
  /** Takes the records; they become durable in order, and `onSynced(seq)` says so. */
  append(seq: number, records: readonly LogRecord[]): void
  /**
   * Consecutive pages behind the page that ends at `after`: at least one, then as many as fit
   * `maxBytes`. Empty when nothing follows, or when the log no longer reaches back to `after`.
   */
  read(after: Zxid, maxBytes: number): Promise<readonly Page[]>
  /** Lets go of pages up to and with `upTo`, as far as whole segments allow. */
  purge(upTo: Zxid): void
  /** Makes everything appended durable, marks the end, closes. Idempotent. */
  close(): Promise<void>
}
