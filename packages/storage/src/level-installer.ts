/**
 * The SnapshotInstaller port: receives a snapshot into a database of its own. Whether it is ever
 * used is decided by the log: from the moment in which the record that names it is appended, it is
 * sealed, and nobody but a later start of this peer may throw it away.
 */
import { join } from 'node:path'
import {
  assert,
  samePageEnd,
  type Configuration,
  type PageEnd,
  type SnapshotSummary,
} from '@conclave/core/internal'
import { Database, type DatabaseBatch } from './database.ts'
import { makeDirectory, removeDirectory, syncFiles } from './files.ts'
import {
  formatChange,
  isRecordKey,
  readEntry,
  summaryChange,
  type KeyspaceChange,
} from './keyspace.ts'
import { loadSnapshot } from './level-loading.ts'
import type { SnapshotInstaller, SnapshotSink } from './snapshot.ts'
import { ChunkUnpacker, TransferError } from './snapshot-transfer.ts'

export interface LevelInstallerOptions<T> {
  readonly directory: string
  readonly name: string
  readonly createSink: () => SnapshotSink<T>
}

type Phase = 'receiving' | 'finished' | 'sealed' | 'released' | 'discarded'

/** Puts a change into a batch. */
export function putChange(batch: DatabaseBatch, { key, value }: KeyspaceChange): void {
  if (value === null) batch.delete(key)
  else batch.put(key, value)
}

export class LevelInstaller<T> implements SnapshotInstaller<T> {
  readonly name: string
  readonly #options: LevelInstallerOptions<T>
  readonly #path: string
  readonly #unpacker = new ChunkUnpacker()
  #database: Database
  #summary: SnapshotSummary | null = null
  #phase: Phase = 'receiving'
  #busy: Promise<unknown> = Promise.resolve()

  /** For `begin`. */
  constructor(options: LevelInstallerOptions<T>, database: Database) {
    this.name = options.name
    this.#options = options
    this.#path = database.directory
    this.#database = database
  }

  /** Begins in a new directory. */
  static async begin<T>(options: LevelInstallerOptions<T>): Promise<LevelInstaller<T>> {
    const path = join(options.directory, options.name)
    await removeDirectory(path)
    await makeDirectory(options.directory)
    const database = await Database.open(path, true)
    return new LevelInstaller(options, database)
  }

  /** Rejects with a `TransferError` for a chunk that is not the next one, or not whole. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#oneAtATime(() => this.#write(bytes))
  }

  async #write(bytes: Uint8Array): Promise<void> {
    assert(this.#phase === 'receiving', 'chunks come before the end of a transfer')
    const batch = this.#database.batch()
    try {
      for (const [key, value] of this.#unpacker.take(bytes)) {
        // Records are looked at once, when all is read back.
        if (isRecordKey(key)) batch.put(key, value)
        else this.#summary = orTransferError(() => readSummary(key, value))
      }
      await batch.write(false)
    } catch (error) {
      await batch.discard()
      throw error
    }
  }

  finish(): Promise<T> {
    return this.#oneAtATime(() => this.#finish())
  }

  async #finish(): Promise<T> {
    assert(this.#phase === 'receiving', 'a transfer is finished once')
    const summary = this.#summary
    if (!this.#unpacker.isComplete) throw new TransferError('the last chunk has not come')
    if (summary === null) throw new TransferError('a snapshot without a summary')
    const batch = this.#database.batch()
    putChange(batch, formatChange())
    putChange(batch, summaryChange(summary))
    await batch.write(true)

    // Closed, synced and opened again, so that what is verified is what the next start will find:
    // that sync alone leaves open whether files from before it are durable.
    await this.#database.close()
    await syncFiles(this.#path)
    this.#database = await Database.open(this.#path, false)
    const loaded = await loadSnapshot(this.#database, this.#options.createSink()).catch(
      (error: unknown) => {
        throw new TransferError(`what was received is no snapshot: ${String(error)}`, {
          cause: error,
        })
      },
    )
    if (loaded === null) throw new TransferError('what was received is empty')
    this.#phase = 'finished'
    return loaded
  }

  /** Throws away what was received, unless the log names it by now. */
  async discard(): Promise<void> {
    await this.#busy.catch(() => undefined)
    if (this.#phase !== 'receiving' && this.#phase !== 'finished') return
    this.#phase = 'discarded'
    await this.#database.close()
    await removeDirectory(this.#path)
  }

  get isDiscarded(): boolean {
    return this.#phase === 'discarded'
  }

  /** Notes that a record that names it is on its way to the log; says what the record is to say. */
  seal(at: PageEnd): { readonly directory: string; readonly configuration: Configuration | null } {
    const summary = this.#summary
    assert(this.#phase === 'finished' && summary !== null, 'only a finished snapshot is installed')
    assert(samePageEnd(summary.end, at), 'a snapshot is installed at the page end it stands at')
    this.#phase = 'sealed'
    return { directory: this.name, configuration: summary.configuration }
  }

  /** Hands the database over: the record is durable, it is the snapshot now. */
  release(): Database {
    assert(this.#phase === 'sealed', 'the log names a snapshot before it is used')
    this.#phase = 'released'
    return this.#database
  }

  /** Closes the database of a sealed snapshot and leaves it where it is. */
  async close(): Promise<void> {
    await this.discard()
    if (this.#phase === 'sealed') await this.#database.close()
  }

  async #oneAtATime<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#busy.then(work)
    this.#busy = result
    return result
  }
}

/** The summary comes first but is written last: a database that has it is whole. */
function readSummary(key: Uint8Array, value: Uint8Array): SnapshotSummary {
  const entry = readEntry(key, value)
  if (entry.type !== 'summary') throw new Error(`a snapshot's ${entry.type} in a transfer`)
  return entry.summary
}

function orTransferError<R>(read: () => R): R {
  try {
    return read()
  } catch (error) {
    throw new TransferError(`a record of the snapshot: ${String(error)}`, { cause: error })
  }
}
