/**
 * A checkpoint on its way into a snapshot: taken slice by slice while the peer goes on changing its
 * tree, then written whole.
 */
import type { Checkpoint, SnapshotRecord } from '@conclave/core/internal'
import type { StoredSnapshot } from './stored-snapshot.ts'

export class CheckpointWriter {
  readonly #checkpoint: Checkpoint
  readonly #target: StoredSnapshot
  readonly #records: SnapshotRecord[] = []
  #taken = false

  constructor(checkpoint: Checkpoint, target: StoredSnapshot) {
    this.#checkpoint = checkpoint
    this.#target = target
  }

  /** True when all of it is taken: a crash from here on may find it written, or not. */
  get isSyncing(): boolean {
    return this.#taken
  }

  /** Takes up to `max` records; false when there are no more. */
  takeSlice(max: number): boolean {
    const records = this.#checkpoint.take(max)
    this.#records.push(...records)
    this.#taken = records.length === 0
    return !this.#taken
  }

  /** The batch is durable. */
  complete(): void {
    this.#target.write(this.#records, this.#checkpoint.summary)
  }
}
