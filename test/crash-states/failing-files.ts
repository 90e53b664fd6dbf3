/** Files of which one call fails, once, and in one of the ways in which disks do. */
import { pooledFiles, type Files, type LogFile } from '@conclave/storage'

export const failures = ['EIO', 'ENOSPC', 'EMFILE', 'done and EIO', 'short'] as const
export type Failure = (typeof failures)[number]

export interface FailingFiles {
  readonly files: Files
  /** How many calls there were. */
  readonly count: () => number
  /** The call that failed, when it has come to it. */
  readonly failed: () => string | null
}

/** The `nth` call fails; those after it succeed, as they do on a disk that has come to itself. */
export function failingFiles(nth: number, failure: Failure): FailingFiles {
  let count = 0
  let failed: string | null = null

  /** Performs a call, or fails it: before it was done, or when it was. */
  async function call<R>(
    name: string,
    work: () => Promise<R>,
    short?: () => Promise<R>,
    isDone = failure === 'done and EIO',
  ): Promise<R> {
    count += 1
    if (count !== nth) return work()
    if (failure === 'short') {
      if (short === undefined) return work()
      failed = name
      return short()
    }
    failed = name
    if (isDone) await work()
    const code = failure === 'done and EIO' ? 'EIO' : failure
    throw Object.assign(new Error(`${code}: ${name}`), { code })
  }

  function open(file: LogFile): LogFile {
    return {
      isDurable: file.isDurable,
      write: (buffers, position) =>
        call(
          'write',
          () => file.write(buffers, position),
          () => file.write([Buffer.concat(buffers).subarray(0, 1)], position),
        ),
      sync: () => call('sync', () => file.sync()),
      truncate: (length) => call('truncate', () => file.truncate(length)),
      // A descriptor is gone even when its `close` fails.
      close: () => call('close', () => file.close(), undefined, true),
    }
  }

  const from = pooledFiles

  /** One that is opened and then fails leaves the file, and no descriptor. */
  async function opening(name: 'createLogFile' | 'openLogFile', path: string): Promise<LogFile> {
    let opened: LogFile | undefined
    try {
      return await call(name, async () => (opened = await from[name](path)))
    } catch (error) {
      await opened?.close()
      throw error
    }
  }

  const files: Files = {
    createLogFile: async (path) => open(await opening('createLogFile', path)),
    openLogFile: async (path) => open(await opening('openLogFile', path)),
    list: (path) => call('list', () => from.list(path)),
    read: (path) => call('read', () => from.read(path)),
    readRange: (path, position, length) =>
      call('readRange', () => from.readRange(path, position, length)),
    makeDirectory: (path) => call('makeDirectory', () => from.makeDirectory(path)),
    remove: (path) => call('remove', () => from.remove(path)),
    syncDirectory: (path) => call('syncDirectory', () => from.syncDirectory(path)),
  }
  return { files, count: () => count, failed: () => failed }
}
