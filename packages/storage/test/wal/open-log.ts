/** A log on a disk in memory, as most tests want it. */
import type { LogRecord, Page } from '@conclave/core/internal'
import { pageCodec } from '../../src/page-codec.ts'
import { openWriteAheadLog, type WriteAheadLog } from '../../src/wal/write-ahead-log.ts'
import type { WriteAheadLogOptions } from '../../src/wal/write-ahead-log.ts'
import { Told } from '../../src/suite-history.ts'
import { ManualClock } from '../manual-clock.ts'
import type { MemoryFiles } from '../memory-files.ts'

export const directory = '/data/log'

export interface OpenedLog {
  readonly log: WriteAheadLog
  readonly told: Told
  readonly clock: ManualClock
  /** Appends and waits until it is durable. */
  readonly add: (...records: LogRecord[]) => Promise<void>
  readonly addPages: (...pages: Page[]) => Promise<void>
}

/** Opens the log in `directory`. */
export async function openLog(
  files: MemoryFiles,
  options: Partial<WriteAheadLogOptions> = {},
): Promise<OpenedLog> {
  const told = new Told()
  const clock = new ManualClock()
  const log = await openWriteAheadLog({
    directory,
    peerId: 1,
    codec: pageCodec,
    listener: told,
    clock,
    files,
    ...options,
  })
  let seq = 0
  const add = (...records: LogRecord[]): Promise<void> => {
    seq += 1
    log.append(seq, records)
    return told.until(seq)
  }
  const addPages = (...pages: Page[]): Promise<void> =>
    add(...pages.map((page) => ({ type: 'page' as const, page })))
  return { log, told, clock, add, addPages }
}

/** All pages of the log behind `after`, read back. */
export async function readAll(log: WriteAheadLog, maxBytes = 1 << 20): Promise<Page[]> {
  const pages: Page[] = []
  let after = log.recovered.start.last
  for (;;) {
    const more = await log.read(after, maxBytes)
    if (more.length === 0) return pages
    pages.push(...more)
    after = (more.at(-1) as Page).last
  }
}
