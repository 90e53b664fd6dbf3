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

/** How a record goes bad by itself: the first two show in its checksum, the others in the whole. */
export const snapshotRots = ['flipped', 'misdirected', 'missing', 'stale'] as const
export type SnapshotRot = (typeof snapshotRots)[number]

export class StoredSnapshot {
  readonly #records = new Map<string, SnapshotRecord>()
  /** What records that changed were before. */
  readonly #former = new Map<string, SnapshotRecord>()
  readonly #rotten = new Map<string, SnapshotRot>()
  #summary: SnapshotSummary | null = null

  /** `null` before the first checkpoint. */
  get summary(): SnapshotSummary | null {
    return this.#summary
  }

  get end(): PageEnd {
    return this.#summary?.end ?? noPage
  }

  /** True when some record is not what was written last. */
  get isRotten(): boolean {
    return this.#rotten.size > 0
  }

  /** True when some record does not bear its own checksum. */
  get isUnreadable(): boolean {
    return [...this.#rotten.values()].some((rot) => rot === 'flipped' || rot === 'misdirected')
  }

  /**
   * Has one record go bad that has not yet: a second time, it could come right again. Which one, or
   * `null` when none can go bad in this way.
   */
  rot(kind: SnapshotRot, choice: number): string | null {
    const all =
      kind === 'stale' ? [...this.#former.keys()].filter((one) => this.#changed(one)) : this.#keys
    const keys = all.filter((one) => !this.#rotten.has(one))
    const key = keys[choice % keys.length]
    if (key === undefined) return null
    const former = this.#former.get(key)
    if (kind === 'missing') this.#records.delete(key)
    if (kind === 'stale' && former !== undefined) this.#records.set(key, former)
    this.#rotten.set(key, kind)
    return key
  }

  get #keys(): readonly string[] {
    return [...this.#records.keys()]
  }

  #changed(key: string): boolean {
    return JSON.stringify(this.#former.get(key)) !== JSON.stringify(this.#records.get(key))
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
      const key = keyOf(record)
      const former = this.#records.get(key)
      if (former !== undefined) this.#former.set(key, former)
      // What is written anew is good again.
      this.#rotten.delete(key)
      if (gone) this.#records.delete(key)
      else this.#records.set(key, record)
    }
  }
}

/** Part of a snapshot on its way to another peer. */
export interface Chunk {
  readonly number: number
  readonly last: boolean
  readonly records: readonly SnapshotRecord[]
  readonly summary: SnapshotSummary
  /** True of a snapshot that had gone bad when it was read. */
  readonly rotten: boolean
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
