/**
 * The snapshot as a disk keeps it: one record a znode and a session, and the summary, changed only by
 * whole checkpoints. Chunks on their way to another peer are records behind small handles, since what
 * bytes they become is the storage's business.
 */
import type { PageEnd, SnapshotRecord, SnapshotSummary } from '@conclave/core/internal'
import { noPage } from '@conclave/core/internal'
import { Violation } from './violation.ts'

function keyOf(record: SnapshotRecord): string {
  switch (record.type) {
    case 'znode':
      return `z${record.znode.path}`
    case 'znode-gone':
      return `z${record.path}`
    case 'session':
      return `s${record.session.id}`
    case 'session-gone':
      return `s${record.id}`
  }
}

export class StoredSnapshot {
  readonly #records = new Map<string, SnapshotRecord>()
  #summary: SnapshotSummary | null = null

  /** `null` before the first checkpoint. */
  get summary(): SnapshotSummary | null {
    return this.#summary
  }

  get end(): PageEnd {
    return this.#summary?.end ?? noPage
  }

  /** What stands in it: no record says that something is gone. */
  records(): readonly SnapshotRecord[] {
    return [...this.#records.values()]
  }

  /** One atomic batch. Refuses to go back. */
  write(records: readonly SnapshotRecord[], summary: SnapshotSummary): void {
    if (summary.end.last < this.end.last) {
      throw new Violation('D2', 'a checkpoint stands before the snapshot that it changes')
    }
    this.add(records)
    this.#summary = summary
  }

  /** Records of a transfer; its summary comes at the end, by `write`. */
  add(records: readonly SnapshotRecord[]): void {
    for (const record of records) {
      const gone = record.type === 'znode-gone' || record.type === 'session-gone'
      if (gone) this.#records.delete(keyOf(record))
      else this.#records.set(keyOf(record), record)
    }
  }
}

/** Part of a snapshot on its way to another peer. */
export interface Chunk {
  readonly number: number
  readonly last: boolean
  readonly records: readonly SnapshotRecord[]
  readonly summary: SnapshotSummary
}

/** Chunks by the bytes that stand for them in messages. One for the whole ensemble. */
export class ChunkRegistry {
  readonly #chunks: Chunk[] = []

  /** The bytes to send in the chunk's place. */
  register(chunk: Chunk): Uint8Array {
    const handle = this.#chunks.length
    this.#chunks.push(chunk)
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setUint32(0, handle)
    return bytes
  }

  /** The chunk that the bytes stand for. */
  find(bytes: Uint8Array): Chunk {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const chunk = bytes.length === 4 ? this.#chunks[view.getUint32(0)] : undefined
    if (chunk === undefined) throw new Violation('Z13', 'a snapshot chunk was changed on its way')
    return chunk
  }
}
