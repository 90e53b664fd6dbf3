/**
 * The Snapshot port on LevelDB: one database for the snapshot in use, and for a while a second one
 * beside it, for a snapshot that is being received.
 *
 * A checkpoint is one atomic, synced batch, filled in slices between which the event loop gets its
 * turn. The first write that is rejected is the last: LevelDB would take the next one, and lose it.
 *
 * Not here: which database is the one in use. The log says so, and store.ts listens to it.
 *
 * Invariants: D2 what is loaded is what was written, or damage; Z17 a checkpoint and the summary
 * that says where it stands are one batch.
 */
import { rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { assert, type Checkpoint, type Configuration, type PageEnd } from '@conclave/core/internal'
import { Database, type DatabaseBatch } from './database.ts'
import { makeDirectory, pooledFiles, removeDirectory, syncDirectory, syncFiles } from './files.ts'
import { formatChange, recordChange, summaryChange } from './keyspace.ts'
import { LevelInstaller, putChange } from './level-installer.ts'
import { loadSnapshot } from './level-loading.ts'
import { LevelReader } from './level-reader.ts'
import type { Snapshot, SnapshotInstaller, SnapshotReader, SnapshotSink } from './snapshot.ts'

/**
 * What of a checkpoint is taken before the event loop gets its turn, at most but for one record. Little,
 * since checkpoints are rare, and code that is rarely run is slow.
 */
const sliceRecords = 128
const sliceBytes = 256 * 1024

export interface LevelSnapshotOptions<T> {
  /** Holds the databases, each in a directory whose name is a number. */
  readonly directory: string
  /** The one in use. */
  readonly name: string
  readonly createSink: () => SnapshotSink<T>
}

/** The name of the database that a new snapshot begins with. */
export const firstSnapshotName = '1'

/**
 * Creates the directory of an empty snapshot, durably and at once: a crash leaves all of it or none.
 * From here on its database is expected to be there: one that is missing is damage.
 */
export async function createLevelSnapshot(directory: string): Promise<void> {
  const aside = `${directory}.new`
  await removeDirectory(aside)
  await makeDirectory(aside)
  const database = await Database.open(join(aside, firstSnapshotName), true)
  try {
    const batch = database.batch()
    putChange(batch, formatChange())
    await batch.write(true)
  } finally {
    await database.close()
  }
  await syncFiles(join(aside, firstSnapshotName))
  await rename(aside, directory)
  await syncDirectory(dirname(directory))
}

/** Removes the databases that are not in use: of transfers that came to nothing, or replaced ones. */
export async function removeOtherSnapshots(directory: string, name: string): Promise<void> {
  for (const other of await pooledFiles.list(directory)) {
    if (other !== name && snapshotNumber(other) !== null) {
      await removeDirectory(join(directory, other))
    }
  }
}

/** The number that names a database, or `null` for anything else's name. */
function snapshotNumber(name: string): number | null {
  return /^[1-9]\d{0,14}$/.test(name) ? Number(name) : null
}

/** Puts the next slice of a checkpoint into the batch; false when that was the last one. */
function fillSlice(batch: DatabaseBatch, checkpoint: Checkpoint): boolean {
  let bytes = 0
  for (let count = 0; count < sliceRecords && bytes < sliceBytes; count += 1) {
    const [record] = checkpoint.take(1)
    if (record === undefined) return false
    const change = recordChange(record)
    putChange(batch, change)
    bytes += change.key.length + (change.value?.length ?? 0)
  }
  return true
}

export class LevelSnapshot<T> implements Snapshot<T> {
  readonly #options: LevelSnapshotOptions<T>
  #database: Database
  #installer: LevelInstaller<T> | null = null
  #isBeginning = false
  #writing: Promise<void> | null = null
  /** Why the store takes no more writes. */
  #failure: unknown = null
  /** The end of a database that was replaced. */
  #retiring: Promise<void> = Promise.resolve()
  #closed: Promise<void> | null = null

  /** For `open`. */
  constructor(options: LevelSnapshotOptions<T>, database: Database) {
    this.#options = options
    this.#database = database
  }

  /** Opens the snapshot in use, which must exist. Rejects with a `DamageError` when it was damaged. */
  static async open<T>(options: LevelSnapshotOptions<T>): Promise<LevelSnapshot<T>> {
    const database = await Database.open(join(options.directory, options.name), false)
    return new LevelSnapshot(options, database)
  }

  load(): Promise<T | null> {
    return loadSnapshot(this.#database, this.#options.createSink())
  }

  async write(checkpoint: Checkpoint): Promise<void> {
    assert(this.#writing === null, 'one checkpoint is written at a time')
    if (this.#failure !== null) {
      throw new Error('the snapshot takes no more: a write failed before', { cause: this.#failure })
    }
    this.#writing = this.#write(checkpoint)
    try {
      await this.#writing
    } catch (error) {
      this.#failure = error
      throw error
    } finally {
      this.#writing = null
    }
  }

  async #write(checkpoint: Checkpoint): Promise<void> {
    const batch = this.#database.batch()
    try {
      while (fillSlice(batch, checkpoint)) await setImmediate()
      putChange(batch, summaryChange(checkpoint.summary))
      await batch.write(true)
    } catch (error) {
      await batch.discard()
      throw error
    }
  }

  openReader(): Promise<SnapshotReader> {
    return LevelReader.open(this.#database)
  }

  async beginInstall(): Promise<SnapshotInstaller<T>> {
    const isFree = this.#installer === null || this.#installer.isDiscarded
    assert(isFree && !this.#isBeginning, 'one snapshot is received at a time')
    this.#isBeginning = true
    try {
      const { directory, createSink } = this.#options
      const names = await pooledFiles.list(directory)
      const numbers = names.map(snapshotNumber).filter((number) => number !== null)
      const name = String(Math.max(0, ...numbers) + 1)
      this.#installer = await LevelInstaller.begin({ directory, name, createSink })
      return this.#installer
    } finally {
      this.#isBeginning = false
    }
  }

  /**
   * For the store, when the record is appended that makes the received snapshot the one in use: says
   * what the record must name. Nothing discards the snapshot any more.
   */
  sealInstalled(at: PageEnd): {
    readonly directory: string
    readonly configuration: Configuration | null
  } {
    assert(this.#installer !== null, 'only a received snapshot is installed')
    return this.#installer.seal(at)
  }

  /** For the store, when that record is durable: from now on the received snapshot is the one. */
  switchToInstalled(): void {
    const installer = this.#installer
    assert(installer !== null, 'only a received snapshot is installed')
    const replaced = this.#database
    this.#database = installer.release()
    this.#installer = null
    this.#retiring = this.#retire(replaced, this.#writing)
  }

  async #retire(replaced: Database, writing: Promise<void> | null): Promise<void> {
    try {
      await writing
    } catch {
      // Its own caller was told.
    }
    try {
      await replaced.close()
      await removeDirectory(replaced.directory)
    } catch {
      // Nothing refers to it any more, and the next start removes what is left.
    }
  }

  /** Waits for the checkpoint under way, and closes. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    try {
      await this.#writing
    } catch {
      // Its own caller was told.
    }
    await this.#retiring
    await this.#installer?.close()
    await this.#database.close()
  }
}
