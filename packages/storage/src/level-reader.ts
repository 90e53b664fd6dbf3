/** The SnapshotReader port: sends a snapshot as it was at one moment, while checkpoints go on. */
import { assert, type SnapshotSummary } from '@conclave/core/internal'
import type { Database, DatabaseEntry, DatabaseView } from './database.ts'
import { checkEntry, firstTransferredKey } from './keyspace.ts'
import { checkedEntry, orDamage } from './level-loading.ts'
import type { SnapshotReader } from './snapshot.ts'
import { ChunkPacker } from './snapshot-transfer.ts'

/** Records that are read before the event loop gets its turn: about a chunk of small ones. */
const handful = 1_000

/** Reads one snapshot. Every record is checked on its way out: damage is not to be handed on. */
export class LevelReader implements SnapshotReader {
  readonly summary: SnapshotSummary
  readonly #database: Database
  readonly #view: DatabaseView
  readonly #entries: AsyncGenerator<readonly DatabaseEntry[], void>
  readonly #packer = new ChunkPacker()
  #isEnd = false
  #isReading = false

  /** For `open`. */
  constructor(database: Database, view: DatabaseView, summary: SnapshotSummary) {
    this.summary = summary
    this.#database = database
    this.#view = view
    this.#entries = view.entries(firstTransferredKey, handful)
  }

  /** Rejects when no checkpoint was ever written: a log that reaches back to its start needs none. */
  static async open(database: Database): Promise<LevelReader> {
    const view = database.view()
    try {
      const value = await view.get(firstTransferredKey)
      assert(value !== undefined, 'a snapshot is sent only after its first checkpoint')
      const entry = checkedEntry(database, firstTransferredKey, value)
      assert(entry.type === 'summary', 'the summary is the first of what is sent')
      return new LevelReader(database, view, entry.summary)
    } catch (error) {
      await view.close()
      throw error
    }
  }

  async read(): Promise<{ readonly bytes: Uint8Array; readonly last: boolean }> {
    assert(!this.#isReading, 'one chunk is read at a time')
    this.#isReading = true
    try {
      while (!this.#isEnd && !this.#packer.isFull) await this.#readAhead()
      return this.#packer.take(this.#isEnd)
    } finally {
      this.#isReading = false
    }
  }

  async #readAhead(): Promise<void> {
    const { value: entries, done } = await this.#entries.next()
    if (done === true) {
      this.#isEnd = true
      return
    }
    for (const [key, value] of entries) {
      orDamage(this.#database, () => checkEntry(key, value))
      this.#packer.add([key, value])
    }
  }

  async close(): Promise<void> {
    await this.#entries.return()
    await this.#view.close()
  }
}
