/**
 * LevelDB, with the types it really has and the care it needs. The only file that names `level`.
 *
 * What it does not do of its own accord: say that it dropped records when it was opened, sync its
 * directory, or stop after a failed write (whoever writes must: see level-snapshot.ts). It is never
 * asked to repair anything: what power failure leaves half done is seen to first (level-manifest.ts).
 *
 * It drops what a power failure tore of the last batch, and what a bad disk changed, and cannot tell
 * the one from the other. Nor need it: what is left is a snapshot, by its digest and by its place in
 * the log, or it is damage (ADR 0011).
 */
import { dirname } from 'node:path'
import { Level } from 'level'
import { syncDirectory } from './files.ts'
import { dropUnfinishedEdit } from './level-manifest.ts'
import { assertTables } from './level-table.ts'
import { DamageError } from './snapshot.ts'

export type DatabaseEntry = readonly [key: Uint8Array, value: Uint8Array]

/** The database is open elsewhere: in another process, or twice in this one. */
export class DatabaseLockedError extends Error {
  override readonly name = 'DatabaseLockedError'
}

type ByteLevel = Level<Uint8Array, Uint8Array>
type LevelSnapshotHandle = ReturnType<ByteLevel['snapshot']>

/** What one call of an iterator brings into memory at most, but for one large value. */
const readAheadBytes = 256 * 1024

/** Changes that are written all or none. Needs `discard` when it is not written. */
export interface DatabaseBatch {
  put(key: Uint8Array, value: Uint8Array): void
  delete(key: Uint8Array): void
  /** Durable when it resolves and `isDurable`; the directory's names are synced too then. */
  write(isDurable: boolean): Promise<void>
  discard(): Promise<void>
}

/** The database as it was at one moment. */
export interface DatabaseView {
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  /** The entries from a key on, in the order of keys, in handfuls of `handful` at most. */
  entries(from: Uint8Array, handful: number): AsyncGenerator<readonly DatabaseEntry[], void>
  close(): Promise<void>
}

export class Database {
  readonly directory: string
  readonly #level: ByteLevel

  /** For `open`. */
  constructor(directory: string, level: ByteLevel) {
    this.directory = directory
    this.#level = level
  }

  /**
   * Opens the database in a directory, which must hold one unless `isNew`. Rejects with a
   * `DamageError` when files are missing or no database, a `DatabaseLockedError` when somebody else
   * has it open.
   */
  static async open(directory: string, isNew: boolean): Promise<Database> {
    if (!isNew) {
      await dropUnfinishedEdit(directory)
      await assertTables(directory)
    }
    const level: ByteLevel = new Level(directory, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      compression: false,
      createIfMissing: isNew,
    })
    try {
      await level.open()
    } catch (error) {
      throw openingError(directory, error)
    }
    const database = new Database(directory, level)
    try {
      await syncDirectory(directory)
      await syncDirectory(dirname(directory))
    } catch (error) {
      await database.close()
      throw error
    }
    return database
  }

  batch(): DatabaseBatch {
    const batch = this.#level.batch()
    return {
      put: (key, value) => void batch.put(key, value),
      delete: (key) => void batch.del(key),
      write: async (isDurable) => {
        // The declared options lack what the database itself is told by them.
        const options: { sync: boolean } = { sync: isDurable }
        await batch.write(options)
        // Its log may have got a new file meanwhile, whose name is nobody else's to sync.
        if (isDurable) await syncDirectory(this.directory)
      },
      discard: () => batch.close(),
    }
  }

  /** The database as it is now, however it changes. To be closed. */
  view(): DatabaseView {
    const level = this.#level
    const snapshot = level.snapshot()
    return {
      get: (key) => getFrom(level, key, snapshot),
      entries: (from, handful) => entriesOf(level, from, handful, snapshot),
      close: () => snapshot.close(),
    }
  }

  /** Closes it, and every view of it. Idempotent. */
  async close(): Promise<void> {
    await this.#level.close()
  }
}

/** `get` as it is: declared to give a value always, it gives `undefined` for a missing key. */
async function getFrom(
  level: ByteLevel,
  key: Uint8Array,
  snapshot: LevelSnapshotHandle,
): Promise<Uint8Array | undefined> {
  try {
    const value: Uint8Array | undefined = await level.get(key, { snapshot })
    return value
  } catch (error) {
    throw readingError(error)
  }
}

async function* entriesOf(
  level: ByteLevel,
  from: Uint8Array,
  handful: number,
  snapshot: LevelSnapshotHandle,
): AsyncGenerator<readonly DatabaseEntry[], void> {
  const iterator = level.iterator({ gte: from, snapshot, highWaterMarkBytes: readAheadBytes })
  try {
    let next = iterator.nextv(handful)
    while (true) {
      const entries = await next
      if (entries.length === 0) return
      // LevelDB reads on while these are looked at. What it fails with is thrown when it is asked for.
      next = iterator.nextv(handful)
      next.catch(() => undefined)
      yield entries
    }
  } catch (error) {
    throw readingError(error)
  } finally {
    await iterator.close()
  }
}

/** Of the little that LevelDB notices by itself, what is damage and not a disk that refuses. */
function readingError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const isLoss = 'code' in error && error.code === 'LEVEL_CORRUPTION'
  return isLoss || isFault(error.message)
    ? new DamageError(`LevelDB: ${error.message}`, { cause: error })
    : error
}

/** True of what the system says when files are gone or places in them are named that cannot be. */
function isFault(message: string): boolean {
  return message.includes('No such file or directory') || message.includes('Invalid argument')
}

/** What an error of `open` means. */
function openingError(directory: string, error: unknown): unknown {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error
  const message = cause instanceof Error ? cause.message : String(cause)
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'LEVEL_LOCKED') return new DatabaseLockedError(message, { cause: error })
  // Files that LevelDB had and misses are damage, as bytes are; a disk that refuses is not.
  const isLoss = code === 'LEVEL_CORRUPTION' || isFault(message)
  if (isLoss) return new DamageError(`LevelDB in ${directory}: ${message}`, { cause: error })
  return cause
}
