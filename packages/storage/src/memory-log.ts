/**
 * The log's twin in memory: the same promises, on a medium that outlives the log and can be told
 * when to be slow, when to fail, and when to lose what was not synced yet.
 */
import {
  assert,
  noPage,
  samePageEnd,
  type LogRecord,
  type Page,
  type PageEnd,
  type Zxid,
} from '@conclave/core/internal'
import type { Log, LogListener } from './log.ts'
import {
  emptyLogState,
  refusalOf,
  replay,
  type AppendedRecord,
  type LogState,
} from './wal/log-state.ts'
import { recoveredOf, type RecoveredWriteAheadLog } from './wal/recovered-log.ts'

/**
 * What a log comes to. Replaced with every record, never changed, but for the array of pages: those
 * of successive contents share one, of which each counts only the first `count`.
 */
interface Content {
  readonly state: LogState
  readonly start: PageEnd
  readonly pages: Page[]
  readonly count: number
}

function pagesOf({ pages, count }: Content): readonly Page[] {
  return pages.slice(0, count)
}

interface Append {
  readonly seq: number
  readonly after: Content
}

/** The medium: holds a log while nobody has it open. */
export class MemoryLog {
  readonly #scheduleSync: (sync: () => void) => void
  #durable: Content
  #waiting: Append[] = []
  #open: OpenMemoryLog | null = null
  #isHeld = false
  #isFailing = false
  #failure: Error | null = null

  /**
   * A new log states this of the snapshot, and of the damage that it replaces. Each append schedules a
   * sync, which makes durable whatever waits by then: soon, but never from within the call.
   */
  constructor(
    state: Partial<Pick<LogState, 'snapshotDirectory' | 'damaged'>> = {},
    scheduleSync: (sync: () => void) => void = queueMicrotask,
  ) {
    this.#scheduleSync = scheduleSync
    this.#durable = { state: { ...emptyLogState, ...state }, start: noPage, pages: [], count: 0 }
  }

  /** Opens it; whoever had it open before hears nothing any more, as after a crash. */
  open(listener: LogListener): OpenMemoryLog {
    this.crash()
    const opened = new OpenMemoryLog(this.#durable, listener, {
      add: (append) => this.#add(opened, append),
      read: () => this.#durable,
      purge: (upTo) => this.#purge(upTo),
      close: () => this.#close(opened),
    })
    this.#open = opened
    return opened
  }

  /** Loses all that was not synced, and whoever has it open. */
  crash(): void {
    this.#open = null
    this.#waiting = []
    this.#isHeld = false
    this.#failure = null
    this.#isFailing = false
  }

  /** From now on nothing becomes durable until it is released. */
  holdSyncs(): void {
    this.#isHeld = true
  }

  /** Makes the next appends durable, as one; without a count, all, and later ones at once again. */
  releaseSyncs(count?: number): void {
    if (count === undefined) this.#isHeld = false
    this.#sync(count ?? this.#waiting.length)
  }

  /** The next append fails, and is not durable. */
  failNext(error: Error): void {
    this.#failure = error
  }

  #add(from: OpenMemoryLog, append: Append): void {
    if (from !== this.#open || this.#isFailing) return
    this.#waiting.push(append)
    if (this.#isHeld) return
    this.#scheduleSync(() => {
      if (from === this.#open && !this.#isHeld) this.#sync(this.#waiting.length)
    })
  }

  #sync(count: number): void {
    const synced = this.#waiting.splice(0, count)
    const last = synced.at(-1)
    if (last === undefined) return
    if (this.#failure !== null) {
      this.#isFailing = true
      this.#waiting = []
      this.#open?.listener.onFailed(this.#failure)
      return
    }
    this.#durable = last.after
    this.#open?.listener.onSynced(last.seq)
  }

  /** The end of the last page that was let go of, or `null`. */
  #purge(upTo: Zxid): PageEnd | null {
    const last = pagesOf(this.#durable).findLast((page) => page.last <= upTo)
    if (last === undefined) return null
    const start = { last: last.last, crc: last.crc }
    this.#durable = without(this.#durable, start)
    // What waits was derived from what was there before.
    this.#waiting = this.#waiting.map(({ seq, after }) => ({ seq, after: without(after, start) }))
    return start
  }

  #close(from: OpenMemoryLog): void {
    if (from !== this.#open) return
    this.#sync(this.#waiting.length)
    this.#open = null
  }
}

function without(content: Content, start: PageEnd): Content {
  if (content.start.last >= start.last) return content
  const pages = pagesOf(content).filter((page) => page.last > start.last)
  return { ...content, start, pages, count: pages.length }
}

/** How an open log reaches its medium. */
interface Medium {
  add(append: Append): void
  read(): Content
  purge(upTo: Zxid): PageEnd | null
  close(): void
}

export class OpenMemoryLog implements Log {
  readonly recovered: RecoveredWriteAheadLog
  readonly listener: LogListener
  readonly #medium: Medium
  #last: Content
  #isClosed = false

  /** For `MemoryLog.open`. */
  constructor(content: Content, listener: LogListener, medium: Medium) {
    this.listener = listener
    this.#medium = medium
    this.#last = content
    const pages = pagesOf(content)
    const ends = pages.map(({ last, crc }) => ({ last, crc }))
    const pageBytes = pages.reduce((sum, { bytes }) => sum + bytes.length, 0)
    this.recovered = recoveredOf(content.state, content.start, ends, pageBytes)
  }

  append(seq: number, records: readonly (LogRecord | AppendedRecord)[]): void {
    if (this.#isClosed) return
    assert(records.length > 0, 'an append has records')
    let content = this.#last
    for (const record of records) {
      const refusal = refusalOf(content.state, record)
      assert(refusal === null, refusal ?? '')
      content = contentBehind(content, record)
    }
    this.#last = content
    this.#medium.add({ seq, after: content })
  }

  async read(after: Zxid, maxBytes: number): Promise<readonly Page[]> {
    const content = this.#medium.read()
    const { start } = content
    const pages = pagesOf(content)
    const first = after === start.last ? 0 : pages.findIndex((page) => page.last === after) + 1
    if (first === 0 && after !== start.last) return []
    let bytes = 0
    const end = pages.findIndex((page, index) => {
      if (index >= first) bytes += page.bytes.length
      return index > first && bytes > maxBytes
    })
    return pages.slice(first, end < 0 ? undefined : end)
  }

  purge(upTo: Zxid): void {
    if (this.#isClosed) return
    const start = this.#medium.purge(upTo)
    if (start !== null) this.#last = without(this.#last, start)
    this.listener.onPurged(null)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#medium.close()
  }
}

function contentBehind(content: Content, record: AppendedRecord): Content {
  const { start, pages, count } = content
  const state = replay(content.state, record)
  switch (record.type) {
    case 'page': {
      // Pages that were cut off or lost may still lie behind ours: they belong to nobody else.
      const own = pages.length === count ? pages : pages.slice(0, count)
      own.push(record.page)
      return { state, start, pages: own, count: count + 1 }
    }
    case 'truncate': {
      const { to } = record
      if (to.last < start.last) return { state, start: state.tail, pages: [], count: 0 }
      const kept = pagesOf(content).findLastIndex((page) => page.last <= to.last) + 1
      const end = kept === 0 ? start : (pages[kept - 1] as Page)
      assert(samePageEnd(end, to), 'Z5: a log is cut where a page ends')
      return { state, start, pages, count: kept }
    }
    case 'snapshot-installed':
      return { state, start: state.tail, pages: [], count: 0 }
    default:
      return { ...content, state }
  }
}
