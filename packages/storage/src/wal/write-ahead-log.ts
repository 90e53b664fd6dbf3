/**
 * The Log port on segment files. One durable write is in flight at a time; everything appended
 * meanwhile forms the next one (group commit), so that the disk's pace, not the count of appends,
 * decides how long an append waits.
 *
 * A failed write is final, whatever failed and however much of it was written: the log says so once
 * and ignores every later append. It is not known whether what was appended is durable, and a second
 * attempt could succeed without being so.
 *
 * Invariants: Z12 `onSynced` only for what is durable; Z5 nothing is taken that does not follow.
 */
import { join } from 'node:path'
import {
  assert,
  samePageEnd,
  type LogRecord,
  type Page,
  type PageCodec,
  type PageEnd,
  type PeerId,
  type Zxid,
} from '@conclave/core/internal'
import { isMissing, isOfOpening, pooledFiles, type Files } from '../files.ts'
import type { Log, LogListener } from '../log.ts'
import { DamageError } from '../snapshot.ts'
import type { StoreClock } from '../store-clock.ts'
import {
  emptyLogState,
  refusalOf,
  replay,
  type AppendedRecord,
  type LogState,
} from './log-state.ts'
import { PageIndex } from './page-index.ts'
import { readPages } from './page-reader.ts'
import { recoveredOf, type RecoveredWriteAheadLog } from './recovered-log.ts'
import { recoverSegments } from './recovery.ts'
import { SegmentWriter } from './segment-writer.ts'
import type { SegmentRecord } from './record.ts'
import { segmentName } from './segment.ts'

/** The bounds of a log on disk. */
export interface LogLimits {
  /** A segment that has reached this is followed by a new one. Pages are let go by segments. */
  readonly segmentBytes: number
  /** One write takes whole appends up to this, and one at least: a bound of the time it takes. */
  readonly maxWriteBytes: number
  /** An idle log appends a mark after this time, so that its end can be told from a torn one. */
  readonly markAfterMs: number
}

export const defaultLogLimits: LogLimits = {
  segmentBytes: 64 * 1024 * 1024,
  maxWriteBytes: 8 * 1024 * 1024,
  markAfterMs: 1_000,
}

export interface WriteAheadLogOptions {
  /** Holds the segments and nothing else; created if need be. */
  readonly directory: string
  readonly peerId: PeerId
  readonly codec: PageCodec
  readonly listener: LogListener
  readonly clock: Pick<StoreClock, 'after'>
  readonly files?: Files
  readonly limits?: Partial<LogLimits>
  /** What a log that is new here is to state of the snapshot. */
  readonly snapshotDirectory?: string
  /** Takes a log without a single record for damage, not for a new one. */
  readonly mustExist?: boolean
  /** Makes a log that is new here begin with `damage-found`. */
  readonly damaged?: string
}

interface Append {
  /** `null` for a mark, of which nobody is told. */
  readonly seq: number | null
  readonly records: readonly AppendedRecord[]
  readonly bytes: number
  /** The state before it, which a new segment would restate. */
  readonly before: LogState
}

/**
 * Opens the log in a directory, or begins one. What was found is durable when this resolves. Rejects
 * with a `DamageError` for damage, `DIR_FOREIGN` and `DIR_FORMAT` for what is not ours to read, and
 * the system's own error for the rest.
 */
export async function openWriteAheadLog(options: WriteAheadLogOptions): Promise<WriteAheadLog> {
  const files = options.files ?? pooledFiles
  const { directory, peerId, codec } = options
  await files.makeDirectory(directory)
  const found = await recoverSegments({ directory, peerId, codec, files })
  if (found.segments.length === 0 && options.mustExist === true) {
    throw new DamageError(`there is no log in ${directory}, but there was one`)
  }
  if (found.stillborn !== null) {
    await files.remove(join(directory, segmentName(found.stillborn)))
  }
  // Also for names that were found: whoever was here before may not have come to it.
  await files.syncDirectory(directory)
  if (found.segments.length > 0) {
    const writer = await SegmentWriter.resume({ directory, peerId, files }, found)
    return new WriteAheadLog(options, { ...found, writer })
  }

  const { snapshotDirectory = null, damaged } = options
  let state: LogState = { ...emptyLogState, snapshotDirectory }
  const records: AppendedRecord[] =
    damaged === undefined ? [] : [{ type: 'damage-found', reason: damaged }]
  const writer = await SegmentWriter.begin({ directory, peerId, files }, state, records)
  for (const record of records) state = replay(state, record)
  const index = new PageIndex()
  const segments = [writer.segment]
  return new WriteAheadLog(options, { state, index, segments, endsWithMark: false, writer })
}

/** What an opened log goes on with. */
interface Opened {
  readonly state: LogState
  readonly index: PageIndex
  readonly segments: readonly number[]
  readonly endsWithMark: boolean
  readonly writer: SegmentWriter
}

export class WriteAheadLog implements Log {
  readonly recovered: RecoveredWriteAheadLog
  readonly #options: WriteAheadLogOptions
  readonly #files: Files
  readonly #limits: LogLimits
  readonly #writer: SegmentWriter
  /** Of durable pages only. */
  readonly #index: PageIndex
  /** Oldest first; the last one is written to. */
  readonly #segments: number[]
  /** What all appends so far come to, durable or not. */
  #state: LogState
  #queue: Append[] = []
  /** What is being written. */
  #underway: readonly Append[] = []
  #writing: Promise<void> | null = null
  #purging: Promise<void> = Promise.resolve()
  #failed = false
  #closed: Promise<void> | null = null
  #endsWithMark: boolean
  /** Counts writes, so that a timer can tell whether the log was idle all the time. */
  #writeCount = 0
  #cancelTimer: (() => void) | null = null

  /** For `openWriteAheadLog`. */
  constructor(options: WriteAheadLogOptions, opened: Opened) {
    this.#options = options
    this.#files = options.files ?? pooledFiles
    this.#limits = { ...defaultLogLimits, ...options.limits }
    // Offsets are 32 bits wide, and a segment ends only after the write that fills it.
    assert(this.#limits.segmentBytes <= 2 ** 30, 'a segment has at most 1 GiB')
    this.#writer = opened.writer
    this.#index = opened.index
    this.#segments = [...opened.segments]
    this.#state = opened.state
    this.#endsWithMark = opened.endsWithMark
    const { index } = opened
    this.recovered = recoveredOf(opened.state, index.start, index.ends(), index.bytes)
    if (!this.#endsWithMark) this.#awaitIdleness()
  }

  append(seq: number, records: readonly (LogRecord | AppendedRecord)[]): void {
    if (this.#failed || this.#closed !== null) return
    assert(records.length > 0, 'an append has records')
    const before = this.#state
    let state = before
    let bytes = 0
    for (const record of records) {
      const refusal = refusalOf(state, record)
      assert(refusal === null, refusal ?? '')
      const isEnd = record.type !== 'truncate' || this.#endsAt(record.to)
      assert(isEnd, 'Z5: a log is cut where a page ends')
      if (record.type === 'page') bytes += record.page.bytes.length
      state = replay(state, record)
    }
    this.#state = state
    this.#queue.push({ seq, records, bytes, before })
    this.#write()
  }

  read(after: Zxid, maxBytes: number): Promise<readonly Page[]> {
    const { directory, codec } = this.#options
    return readPages({ directory, codec, files: this.#files, index: this.#index }, after, maxBytes)
  }

  purge(upTo: Zxid): void {
    if (this.#failed || this.#closed !== null) return
    this.#purging = this.#purging
      .then(async () => {
        this.#options.listener.onPurged(await this.#purge(upTo))
      })
      .catch((error: unknown) => {
        this.#fail(error)
      })
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  #write(): void {
    this.#writing ??= this.#writeQueue()
  }

  async #writeQueue(): Promise<void> {
    try {
      while (this.#queue.length > 0) await this.#writeGroup()
      this.#writing = null
      this.#awaitIdleness()
    } catch (error) {
      this.#writing = null
      this.#fail(error)
    }
  }

  /** Writes what waits, as one durable write, and tells. */
  async #writeGroup(): Promise<void> {
    const next = this.#queue[0] as Append
    if (this.#writer.end >= this.#limits.segmentBytes) {
      await this.#writer.rotate(next.before)
      this.#segments.push(this.#writer.segment)
    }
    this.#underway = this.#takeGroup()
    const group = this.#underway
    const appends = group.map(({ seq, records }): readonly SegmentRecord[] =>
      seq === null ? [{ type: 'mark' }] : records,
    )
    const places = await this.#writer.write(appends)
    this.#writeCount += 1
    this.#endsWithMark = group.at(-1)?.seq === null

    const records = appends.flat()
    for (const [at, record] of records.entries()) {
      const place = places[at]
      if (place === undefined || record.type === 'mark' || record.type === 'segment') continue
      this.#index.note(record, place)
    }
    this.#underway = []
    const seq = group.findLast((append) => append.seq !== null)?.seq ?? null
    if (seq !== null && !this.#failed) this.#options.listener.onSynced(seq)
  }

  /** True when the log can be cut there: a page ends there, durable or on its way. */
  #endsAt(to: PageEnd): boolean {
    if (to.last < this.#index.start.last || this.#index.holds(to)) return true
    return [...this.#underway, ...this.#queue].some(({ records }) =>
      records.some(
        (record) =>
          (record.type === 'page' && samePageEnd(record.page, to)) ||
          (record.type === 'snapshot-installed' && samePageEnd(record.at, to)),
      ),
    )
  }

  #takeGroup(): Append[] {
    let bytes = 0
    const count = this.#queue.findIndex((append) => {
      bytes += append.bytes
      return bytes > this.#limits.maxWriteBytes && bytes > append.bytes
    })
    return this.#queue.splice(0, count < 0 ? this.#queue.length : count)
  }

  #fail(error: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.#queue = []
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#options.listener.onFailed(error)
  }

  /** Appends a mark once nothing was written for a while; one timer runs, not one a write. */
  #awaitIdleness(): void {
    if (this.#endsWithMark || this.#cancelTimer !== null || this.#closed !== null) return
    const { markAfterMs } = this.#limits
    const writeCount = this.#writeCount
    this.#cancelTimer = this.#options.clock.after(markAfterMs, () => {
      this.#cancelTimer = null
      if (this.#failed || this.#closed !== null) return
      const isIdle = this.#writing === null && writeCount === this.#writeCount
      if (isIdle) this.#appendMark()
      else this.#awaitIdleness()
    })
  }

  #appendMark(): void {
    this.#queue.push({ seq: null, records: [], bytes: 0, before: this.#state })
    this.#write()
  }

  /**
   * Deletes whole segments, oldest first, as long as all pages in them lie up to `upTo`. What the
   * system refuses to delete at the moment, the next purge does: resolves with that failure, or with
   * `null`. A directory that cannot be synced is a fault of the disk.
   */
  async #purge(upTo: Zxid): Promise<unknown> {
    const { directory } = this.#options
    while (!this.#failed) {
      const [oldest, next] = this.#segments
      if (oldest === undefined || next === undefined) return null
      const last = this.#index.lastBefore(next)
      if (last !== null && last.last > upTo) return null
      this.#index.forgetBefore(next)
      try {
        await this.#files.remove(join(directory, segmentName(oldest)))
      } catch (error) {
        if (!isMissing(error)) return error
      }
      // Each on its own: were two deaths in doubt, a crash could leave the older segment alone.
      try {
        await this.#files.syncDirectory(directory)
      } catch (error) {
        if (isOfOpening(error)) return error
        throw error
      }
      this.#segments.shift()
    }
    return null
  }

  async #close(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    await this.#writing
    if (!this.#failed && !this.#endsWithMark) {
      this.#appendMark()
      await this.#writing
    }
    await this.#purging
    try {
      await this.#writer.close()
    } catch (error) {
      this.#fail(error)
    }
  }
}
