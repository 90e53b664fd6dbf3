/**
 * The few things that are asked of a file system, and what each promises of durability. The log gets
 * them handed in: so a test can fail any of them, and a thread that does nothing else can perform
 * them on the spot.
 */
import * as fs from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** An open file of the log. */
export interface LogFile {
  /**
   * Writes the buffers at `position`, as one write. Resolves with the count of bytes written, which
   * may be too few. They are durable after `sync`, or at once where the file is `isDurable`.
   */
  write(buffers: readonly Uint8Array[], position: number): Promise<number>
  /** True when what `write` has written needs no `sync`. */
  readonly isDurable: boolean
  sync(): Promise<void>
  /** Cuts the file. Durable after `sync`. */
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

export interface Files {
  /** Creates a file that must not exist; its directory is not synced. */
  createLogFile(path: string): Promise<LogFile>
  openLogFile(path: string): Promise<LogFile>
  /** The names in a directory, in no order; none when it does not exist. */
  list(directory: string): Promise<string[]>
  read(path: string): Promise<Buffer>
  /** Exactly `length` bytes from `position`, or fewer at the end of the file. */
  readRange(path: string, position: number, length: number): Promise<Buffer>
  /** Creates the directory and its parents, durably. */
  makeDirectory(directory: string): Promise<void>
  /** Removes one file; durable after `syncDirectory`. */
  remove(path: string): Promise<void>
  /** Makes births, deaths and names in the directory durable. */
  syncDirectory(directory: string): Promise<void>
}

/**
 * Open flags under which a completed write is durable, or 0 where there are none to be trusted: on
 * macOS only `fdatasync`, as libuv does it, reaches the disk.
 */
const durableFlag =
  process.platform === 'darwin' ? 0 : ((fs.constants.O_DSYNC as number | undefined) ?? 0)

/** Does the work in libuv's pool, which it shares with the host application. */
export const pooledFiles: Files = {
  createLogFile: (path) => openPooled(path, fs.constants.O_CREAT | fs.constants.O_EXCL),
  openLogFile: (path) => openPooled(path, 0),
  async list(directory) {
    try {
      return await fs.promises.readdir(directory)
    } catch (error) {
      if (isMissing(error)) return []
      throw error
    }
  },
  read: (path) => fs.promises.readFile(path),
  async readRange(path, position, length) {
    const file = await fs.promises.open(path, 'r')
    try {
      return await readFully(file, position, length)
    } finally {
      await file.close()
    }
  },
  makeDirectory,
  remove: (path) => fs.promises.unlink(path),
  syncDirectory,
}

/**
 * Writes and syncs the log on the calling thread. For a thread that does nothing else: there nothing
 * that the host application queues in libuv's pool stands in front of an append.
 */
export const blockingFiles: Files = {
  ...pooledFiles,
  createLogFile: (path) => openBlocking(path, fs.constants.O_CREAT | fs.constants.O_EXCL),
  openLogFile: (path) => openBlocking(path, 0),
}

async function openPooled(path: string, flags: number): Promise<LogFile> {
  const file = await fs.promises.open(path, fs.constants.O_RDWR | durableFlag | flags, 0o600)
  return {
    isDurable: durableFlag !== 0,
    // The plain calls, since this is the path of every append: a FileHandle takes half as long again.
    write: (buffers, position) =>
      new Promise((resolve, reject) => {
        fs.writev(file.fd, buffers, position, (error, written) => {
          if (error === null) resolve(written)
          else reject(error)
        })
      }),
    sync: () => file.datasync(),
    truncate: (length) => file.truncate(length),
    close: () => file.close(),
  }
}

async function openBlocking(path: string, flags: number): Promise<LogFile> {
  const fd = fs.openSync(path, fs.constants.O_RDWR | durableFlag | flags, 0o600)
  return {
    isDurable: durableFlag !== 0,
    write: async (buffers, position) => fs.writevSync(fd, buffers, position),
    sync: async () => fs.fdatasyncSync(fd),
    truncate: async (length) => fs.ftruncateSync(fd, length),
    close: async () => fs.closeSync(fd),
  }
}

async function readFully(
  file: fs.promises.FileHandle,
  position: number,
  length: number,
): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

/** Makes births, deaths and names in the directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows has no such thing as a directory that can be synced.
  if (process.platform === 'win32') return
  const file = await fs.promises.open(directory, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * Creates the directory and its parents; says which was the first that was missing. By itself, since
 * Node's own way never ends where the system says that a parent does not exist but makes none (/proc).
 */
async function makeMissing(directory: string): Promise<string | undefined> {
  const parent = dirname(directory)
  try {
    await fs.promises.mkdir(directory, { mode: 0o700 })
    return directory
  } catch (error) {
    if (isMissing(error) && parent !== directory) {
      const first = await makeMissing(parent)
      // Where the parent was there, it is the directory that cannot be.
      if (first === undefined) throw error
      await fs.promises.mkdir(directory, { mode: 0o700 })
      return first
    }
    const isThere = await fs.promises.stat(directory).then(
      (found) => found.isDirectory(),
      () => false,
    )
    if (isThere) return undefined
    throw error
  }
}

/** Creates the directory and its parents, durably. */
export async function makeDirectory(directory: string): Promise<void> {
  let made = resolve(directory)
  const first = await makeMissing(made)
  // Each new directory is an entry of its parent, up to the first that was there; and the last one
  // also when it was there, since whoever created it may not have come to syncing it.
  do {
    made = dirname(made)
    await syncDirectory(made)
  } while (first !== undefined && made.length >= first.length)
}

/** Removes a directory and all that is in it, durably. One that does not exist is removed already. */
export async function removeDirectory(directory: string): Promise<void> {
  await fs.promises.rm(directory, { recursive: true, force: true })
  await syncDirectory(dirname(directory))
}

/** Makes all files in a directory durable, and their names. */
export async function syncFiles(directory: string): Promise<void> {
  for (const name of await pooledFiles.list(directory)) {
    const file = await fs.promises.open(join(directory, name), 'r')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
  }
  await syncDirectory(directory)
}

/** Replaces a file by another content, durably, so that a crash leaves the one or the other. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const aside = `${path}.new`
  const file = await fs.promises.open(aside, 'w', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await fs.promises.rename(aside, path)
  await syncDirectory(dirname(path))
}

/** True of the error for a file or directory that does not exist. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** True of the error of opening something: nothing was done by then (EMFILE). */
export function isOfOpening(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'open'
}
