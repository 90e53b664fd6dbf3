/**
 * The store of one peer: its log and its snapshot in one locked directory, and what a start finds
 * in them. The log comes first in everything: it names the snapshot's database in use, and a
 * snapshot is believed only where it stands at a page end of the log.
 *
 * Damage is never mended. A store in which any is found is set aside whole, a new and empty one is
 * made whose log begins with the reason, and the peer has everything sent to it again (Z19). What
 * the system refuses (permissions, space, a disk that does not answer) is no damage but
 * `STORAGE_FAILED`: nothing is touched.
 *
 * Invariants: Z2, Z5, Z12 as in the log; Z17 the snapshot never stands behind the end of the log;
 * Z19 what replaces a damaged store says so until it is healed (ZOOKEEPER-2325: a snapshot that is
 * missing is not an empty one).
 */
import { join } from 'node:path'
import {
  CoordinationError,
  InvariantError,
  type EnsembleId,
  type PageCodec,
  type PageEnd,
  type PeerId,
} from '@conclave/core/internal'
import { finishSettingAside, forgetDamage, setAside } from './damage.ts'
import { assertEnsemble, openDirectory, type Directory } from './directory.ts'
import { pooledFiles, type Files } from './files.ts'
import {
  createLevelSnapshot,
  firstSnapshotName,
  LevelSnapshot,
  removeOtherSnapshots,
} from './level-snapshot.ts'
import type { Log, LogListener } from './log.ts'
import { DamageError, type Snapshot, type SnapshotSink } from './snapshot.ts'
import type { StoreClock } from './store-clock.ts'
import { recoverStore, type RecoveredStore } from './recovered-store.ts'
import { StoreLog, type DirectoryNote } from './store-log.ts'
import { openWriteAheadLog, type LogLimits } from './wal/write-ahead-log.ts'

export interface StoreOptions<T> {
  /** Holds everything; created if need be, locked until `close`. */
  readonly dir: string
  readonly peerId: PeerId
  /** Refuses the directory of another ensemble. */
  readonly ensembleId?: EnsembleId
  readonly codec: PageCodec
  /** Takes one load of the snapshot; a new one for each. */
  readonly sinkFactory: () => SnapshotSink<T>
  readonly emptyReplica: () => T
  /** The page end that a replica stands at. */
  readonly endOf: (replica: T) => PageEnd
  readonly listener: LogListener
  readonly clock: StoreClock
  /** How the log's files are written: `pooledFiles` unless told otherwise. */
  readonly files?: Files
  readonly limits?: Partial<LogLimits>
}

export interface Store<T> {
  readonly log: Log
  readonly snapshot: Snapshot<T>
  readonly recovered: RecoveredStore<T>
  /** Makes everything appended durable, marks the end, unlocks the directory. Idempotent. */
  close(): Promise<void>
}

/**
 * Opens the store in a directory, or makes one. All that `recovered` says is durable. Rejects with
 * `DIR_LOCKED`, `DIR_FOREIGN`, `DIR_FORMAT` or `STORAGE_FAILED`; never because of damage.
 */
export async function openStore<T>(options: StoreOptions<T>): Promise<Store<T>> {
  const path = options.dir
  try {
    const { peerId, ensembleId = 0, clock } = options
    const directory = await openDirectory({ path, peerId, ensembleId, clock })
    try {
      return await openLocked(directory, options)
    } catch (error) {
      await directory.close()
      throw error
    }
  } catch (error) {
    throw asCoordinationError(path, error)
  }
}

async function openLocked<T>(directory: Directory, options: StoreOptions<T>): Promise<Store<T>> {
  const { settingAside } = directory.identity
  if (settingAside !== null) {
    await finishSettingAside(directory)
    return openAnew(directory, options, settingAside.reason)
  }
  try {
    return await openParts(directory, options)
  } catch (error) {
    if (!(error instanceof DamageError)) throw error
    await setAside(directory, error.message, options.clock)
    return openAnew(directory, options, error.message)
  }
}

async function openAnew<T>(
  directory: Directory,
  options: StoreOptions<T>,
  damaged: string,
): Promise<Store<T>> {
  const store = await openParts(directory, options, damaged)
  try {
    await forgetDamage(directory)
  } catch (error) {
    await store.close()
    throw error
  }
  return store
}

/** Opens log and snapshot, which are made where there are none yet. Throws `DamageError`. */
async function openParts<T>(
  directory: Directory,
  options: StoreOptions<T>,
  damaged?: string,
): Promise<Store<T>> {
  const logPath = join(directory.path, 'log')
  const snapshotPath = join(directory.path, 'snapshot')
  const isMade = (await pooledFiles.list(directory.path)).includes('snapshot')
  const hasLog = (await pooledFiles.list(logPath)).length > 0
  // The snapshot is made before the log that names it: with a log there must be one.
  if (!isMade && !hasLog) await createLevelSnapshot(snapshotPath)

  const note = (about: DirectoryNote): Promise<void> => noteIn(directory, about)
  const log = await StoreLog.open(options.listener, note, (listener) =>
    openWriteAheadLog({
      directory: logPath,
      peerId: options.peerId,
      codec: options.codec,
      listener,
      clock: options.clock,
      mustExist: damaged === undefined && directory.identity.ensembleId !== 0,
      snapshotDirectory: firstSnapshotName,
      ...(options.files === undefined ? {} : { files: options.files }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...(damaged === undefined ? {} : { damaged }),
    }),
  )
  let snapshot: LevelSnapshot<T> | undefined
  try {
    const found = log.recovered.configuration?.ensembleId ?? 0
    assertEnsemble(directory.path, found, options.ensembleId ?? 0)
    assertEnsemble(directory.path, found, directory.identity.ensembleId)
    await note({
      ensembleId: found,
      ...(log.recovered.damaged === null ? { unhealed: false } : {}),
    })

    const name = log.recovered.snapshotDirectory ?? firstSnapshotName
    const createSink = options.sinkFactory
    snapshot = await LevelSnapshot.open({ directory: snapshotPath, name, createSink })
    const recovered = await recoverStore(log, snapshot, options, directory.identity.ensembleId)
    // Only now that the one in use is known to be sound: what is damaged is kept whole.
    await removeOtherSnapshots(snapshotPath, name)
    log.follow(snapshot)
    return new OpenStore(directory, log, snapshot, recovered)
  } catch (error) {
    await log.close()
    await snapshot?.close()
    throw error
  }
}

/** Writes into the directory's identity what the log has told of it, where that is new. */
async function noteIn(directory: Directory, { ensembleId = 0, unhealed }: DirectoryNote) {
  const { identity } = directory
  const isKnown = ensembleId === 0 || ensembleId === identity.ensembleId
  const isHealed = unhealed === false && identity.unhealed
  if (isKnown && !isHealed) return
  await directory.change({
    ...(isKnown ? {} : { ensembleId }),
    ...(isHealed ? { unhealed: false } : {}),
  })
}

class OpenStore<T> implements Store<T> {
  readonly log: Log
  readonly snapshot: Snapshot<T>
  readonly recovered: RecoveredStore<T>
  readonly #directory: Directory
  #closed: Promise<void> | null = null

  constructor(directory: Directory, log: Log, snapshot: Snapshot<T>, recovered: RecoveredStore<T>) {
    this.#directory = directory
    this.log = log
    this.snapshot = snapshot
    this.recovered = recovered
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    try {
      // The log first: what it is still writing may switch the snapshot.
      await this.log.close()
      await this.snapshot.close()
    } finally {
      await this.#directory.close()
    }
  }
}

function asCoordinationError(path: string, error: unknown): unknown {
  if (error instanceof CoordinationError || error instanceof InvariantError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new CoordinationError(
    'STORAGE_FAILED',
    `the store in ${path} cannot be opened: ${message}. See to permissions, free space and the disk, then start again`,
    { path, cause: error },
  )
}
