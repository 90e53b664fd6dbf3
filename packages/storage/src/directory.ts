/**
 * The directory of one peer: who it belongs to, in which format, and that nobody else uses it.
 *
 *   conclave.json   format version, peer id, ensemble id once it is known
 *   lock/           an empty LevelDB, open as long as the directory is: its lock keeps out other
 *                   processes and threads, and frees itself when we crash
 *   holder.json     who holds the lock, for the error message of whoever does not
 *   log/ snapshot/  what it is all about: see store.ts
 *   damaged-<time>/ what was set aside when it turned out to be damaged
 *
 * Every refusal is a `CoordinationError` that names the directory, what is wrong and the mend.
 */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { CoordinationError, type EnsembleId, type PeerId } from '@conclave/core/internal'
import { Database, DatabaseLockedError } from './database.ts'
import { isMissing, makeDirectory, replaceFile } from './files.ts'
import { DamageError } from './snapshot.ts'
import type { StoreClock } from './store-clock.ts'

/** The format of the directory as a whole: a newer one is refused, never guessed at. */
export const directoryFormatVersion = 1

/** What `conclave.json` says. */
export interface DirectoryIdentity {
  readonly formatVersion: number
  readonly peerId: PeerId
  /** 0 until the peer has learned it. */
  readonly ensembleId: EnsembleId
  /** The store replaces one that was set aside, and no leader has healed it yet. */
  readonly unhealed: boolean
  /** Damage that is being set aside: finished by the next start when this one crashes. */
  readonly settingAside: SettingAside | null
}

export interface SettingAside {
  readonly reason: string
  /**
   * The name of the directory that the damaged content moves to; `null` when it is dropped, since
   * what it was to replace is kept already and has more in it.
   */
  readonly to: string | null
}

export interface DirectoryOptions {
  readonly path: string
  readonly peerId: PeerId
  /** Refuses the directory of another ensemble; 0 matches any. */
  readonly ensembleId?: EnsembleId
  readonly clock: Pick<StoreClock, 'wallMs'>
}

const identityName = 'conclave.json'
const holderName = 'holder.json'
const lockName = 'lock'

export class Directory {
  readonly path: string
  readonly #lock: Database
  #identity: DirectoryIdentity
  #replacing: Promise<void> = Promise.resolve()

  /** For `openDirectory`. */
  constructor(path: string, lock: Database, identity: DirectoryIdentity) {
    this.path = path
    this.#lock = lock
    this.#identity = identity
  }

  get identity(): DirectoryIdentity {
    return this.#identity
  }

  /** Changes what `conclave.json` says, durably and in order. */
  change(change: Partial<DirectoryIdentity>): Promise<void> {
    this.#identity = { ...this.#identity, ...change }
    const content = format(this.#identity)
    this.#replacing = this.#replacing.then(() =>
      replaceFile(join(this.path, identityName), content),
    )
    return this.#replacing
  }

  /** Lets others have it. Idempotent. */
  async close(): Promise<void> {
    await this.#replacing.catch(() => undefined)
    await unlock(this.path, this.#lock)
  }
}

/**
 * Locks the directory and says whose it is; creates it when it is missing or empty. Rejects with
 * `DIR_LOCKED`, `DIR_FOREIGN` or `DIR_FORMAT`, and with the system's own error for the rest.
 */
export async function openDirectory(options: DirectoryOptions): Promise<Directory> {
  const { path } = options
  await makeDirectory(path).catch((error: unknown) => {
    throw isInTheWay(error) ? fileInTheWay(path, error) : error
  })
  await assertOursOrEmpty(path)
  const lock = await takeLock(path)
  try {
    await writeHolder(path, options.clock)
    const found = await readIdentity(path)
    const identity = found ?? {
      formatVersion: directoryFormatVersion,
      peerId: options.peerId,
      ensembleId: 0,
      unhealed: false,
      settingAside: null,
    }
    assertIdentity(identity, options)
    const directory = new Directory(path, lock, identity)
    if (found === null) await directory.change({})
    return directory
  } catch (error) {
    await unlock(path, lock)
    throw error
  }
}

/** True of the errors for a file where a directory is wanted. */
function isInTheWay(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(EEXIST|ENOTDIR)$/.test(String(error.code))
}

function fileInTheWay(path: string, cause: unknown): CoordinationError {
  const message = `${path} is a file, or lies below one: name an empty or a new directory`
  return new CoordinationError('STORAGE_FAILED', message, { path, cause })
}

/**
 * A directory without `conclave.json` must be empty: what lies in it is somebody else's, and some of
 * it may have the names that we would use.
 */
async function assertOursOrEmpty(path: string): Promise<void> {
  const names = await readdir(path)
  if (names.includes(identityName)) return
  const own = [lockName, holderName, `${identityName}.new`]
  const stranger = names.find((name) => !own.includes(name))
  if (stranger === undefined) return
  throw new CoordinationError(
    'DIR_FOREIGN',
    `${path} is not a directory of Conclave: it holds ${stranger}, but no ${identityName}. Name an empty or a new directory`,
    { path },
  )
}

async function takeLock(path: string): Promise<Database> {
  const directory = join(path, lockName)
  try {
    return await Database.open(directory, true)
  } catch (error) {
    if (error instanceof DatabaseLockedError) throw await lockedError(path, error)
    if (!(error instanceof DamageError)) throw error
    // A crash while it was created can leave files that LevelDB does not open. Nothing is lost with
    // them; but the file named LOCK must stay, since somebody may hold it by now.
    for (const name of await readdir(directory)) {
      if (name !== 'LOCK') await rm(join(directory, name), { force: true })
    }
  }
  return Database.open(directory, true).catch(async (error: unknown) => {
    throw error instanceof DatabaseLockedError ? await lockedError(path, error) : error
  })
}

async function unlock(path: string, lock: Database): Promise<void> {
  // While it is ours. One that stays behind misleads nobody: it is read only where the lock is held.
  await rm(join(path, holderName), { force: true }).catch(() => undefined)
  await lock.close()
}

async function lockedError(path: string, cause: Error): Promise<CoordinationError> {
  const holder = await readFile(join(path, holderName), 'utf8').then(describeHolder, () => null)
  return new CoordinationError(
    'DIR_LOCKED',
    `${path} is in use by ${holder ?? 'another peer'}: close that one first, or give this one a directory of its own`,
    { path, cause },
  )
}

function describeHolder(text: string): string | null {
  const holder = parseObject(text)
  if (holder === null) return null
  const { pid, host, startedAt } = holder
  return `process ${String(pid)} on ${String(host)}, since ${String(startedAt)}`
}

async function writeHolder(path: string, clock: Pick<StoreClock, 'wallMs'>): Promise<void> {
  const holder = {
    pid: process.pid,
    host: hostname(),
    startedAt: new Date(clock.wallMs()).toISOString(),
  }
  // Not durable: after a crash nobody holds the lock, whatever is written there.
  await writeFile(join(path, holderName), `${JSON.stringify(holder)}\n`)
}

function format(identity: DirectoryIdentity): string {
  const { formatVersion, peerId, ensembleId, unhealed, settingAside } = identity
  const shown = {
    formatVersion,
    peerId,
    ...(ensembleId === 0 ? {} : { ensembleId }),
    ...(unhealed ? { unhealed } : {}),
    ...(settingAside === null ? {} : { settingAside }),
  }
  return `${JSON.stringify(shown, null, 2)}\n`
}

async function readIdentity(path: string): Promise<DirectoryIdentity | null> {
  let text: string
  try {
    text = await readFile(join(path, identityName), 'utf8')
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
  const found = parseObject(text)
  const { formatVersion, peerId, ensembleId = 0 } = found ?? {}
  const { unhealed = false, settingAside = null } = found ?? {}
  if (Number.isSafeInteger(formatVersion) && formatVersion !== directoryFormatVersion) {
    throw new CoordinationError(
      'DIR_FORMAT',
      `${path} has format ${String(formatVersion)}, this version of Conclave knows ${directoryFormatVersion}: run the version that wrote it, or a newer one`,
      { path },
    )
  }
  const isSound =
    Number.isSafeInteger(formatVersion) &&
    Number.isSafeInteger(peerId) &&
    Number.isSafeInteger(ensembleId) &&
    typeof unhealed === 'boolean' &&
    (settingAside === null || isSettingAside(settingAside))
  if (!isSound) {
    throw new CoordinationError(
      'DIR_FORMAT',
      `${join(path, identityName)} cannot be read: put it back from a copy, or move ${path} away and let this peer begin with an empty directory`,
      { path },
    )
  }
  return {
    formatVersion: formatVersion as number,
    peerId: peerId as number,
    ensembleId: ensembleId as number,
    unhealed: unhealed,
    settingAside: settingAside as SettingAside | null,
  }
}

function isSettingAside(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { reason, to } = value as Record<string, unknown>
  const isName = typeof to === 'string' && /^damaged-[\w.-]+$/.test(to)
  return typeof reason === 'string' && (to === null || isName)
}

function assertIdentity(identity: DirectoryIdentity, options: DirectoryOptions): void {
  const { path, peerId, ensembleId = 0 } = options
  if (identity.peerId !== peerId) {
    throw new CoordinationError(
      'DIR_FOREIGN',
      `${path} belongs to peer ${identity.peerId}, not to peer ${peerId}: each peer has a directory of its own`,
      { path },
    )
  }
  assertEnsemble(path, identity.ensembleId, ensembleId)
}

/** Throws `DIR_FOREIGN` unless the ids are of one ensemble, or one of them is not known yet. */
export function assertEnsemble(path: string, found: EnsembleId, expected: EnsembleId): void {
  if (found === expected || found === 0 || expected === 0) return
  throw new CoordinationError(
    'DIR_FOREIGN',
    `${path} belongs to the ensemble ${found}, not to ${expected}: name the directory of this ensemble's peer, or an empty one`,
    { path },
  )
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
