/**
 * The Snapshot port: the replicated state at one page end, kept incrementally.
 * `level-snapshot.ts` keeps it in LevelDB, `memory-snapshot.ts` in memory; `suite.ts` proves both.
 */
import type { Checkpoint, SnapshotRecord, SnapshotSummary } from '@conclave/core/internal'

/** Takes records as they are loaded, then judges the whole. The core's `ReplicaBuilder` is one. */
export interface SnapshotSink<T> {
  add(records: readonly SnapshotRecord[]): void
  /** Throws when digest or counts of what was added are not those of `summary`: damage. */
  finish(summary: SnapshotSummary): T
}

/** A snapshot as it was at one moment, read in chunks while writes go on. */
export interface SnapshotReader {
  readonly summary: SnapshotSummary
  /** The next chunk, at most about 256 KiB; `last` is true of the final one. */
  read(): Promise<{ readonly bytes: Uint8Array; readonly last: boolean }>
  close(): Promise<void>
}

/** A snapshot on its way in, beside the one in use. */
export interface SnapshotInstaller<T> {
  /** Chunks in order. Resolves when the chunk is written, not yet durable. */
  write(bytes: Uint8Array): Promise<void>
  /** Makes all of it durable, reads it back and verifies it. Nothing is switched yet. */
  finish(): Promise<T>
  /** Forgets what was written. Idempotent. */
  discard(): Promise<void>
}

/** An open snapshot store. A rejected write is final: the peer must stop. */
export interface Snapshot<T> {
  /** Loads everything through a sink; `null` when there is no snapshot yet. Throws `DamageError`. */
  load(): Promise<T | null>
  /** Writes one checkpoint in one atomic, synced batch. Never two at once. */
  write(checkpoint: Checkpoint): Promise<void>
  openReader(): Promise<SnapshotReader>
  /** Begins a new snapshot; only one at a time. */
  beginInstall(): Promise<SnapshotInstaller<T>>
  close(): Promise<void>
}

/** What was read back is not what was written. The store is set aside, never repaired in place. */
export class DamageError extends Error {
  override readonly name = 'DamageError'
}
