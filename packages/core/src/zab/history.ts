/**
 * A peer's history as agreement sees it: the end of every page in its log, and the newest pages
 * themselves. What is here was handed to the log; `durable` says how much of it the disk has
 * confirmed. Nothing here is applied: that is the state machine's business.
 *
 * Invariants: Z5, pages follow one another without a gap, each naming the one before it by zxid and
 * CRC; Z17, durable ≤ end. The window always holds every page that is not yet applied.
 */
import { assert } from '../assert.ts'
import { epochOf, formatZxid, makeZxid, maxCounter, type Zxid } from '../zxid.ts'
import { noPage, samePageEnd, type Page, type PageEnd } from './page.ts'

/** How many epochs a learner tells about: more than were ever seen to differ. */
const maxEpochEnds = 64

interface Entry extends PageEnd {
  /** Bytes of all pages appended since this object exists, up to and with this one. */
  readonly totalBytes: number
}

export class History {
  /** Where the log's pages begin, first, then the end of each page: never empty, zxids rise. */
  #entries: Entry[]
  /** The newest pages, without gaps, up to `end`. */
  #window: Page[]
  #windowBytes = 0
  #durable: PageEnd
  /** Page ends that wait for a `log-synced`, oldest first. */
  #unsynced: { readonly seq: number; readonly end: PageEnd }[] = []

  /** `pageBytes` is what the pages of the log weigh; it is taken to be spread evenly over them. */
  constructor(
    start: PageEnd,
    pageEnds: readonly PageEnd[],
    pages: readonly Page[],
    pageBytes: number,
  ) {
    this.#entries = [start, ...pageEnds].map(({ last, crc }, index) => {
      const totalBytes = index === 0 ? 0 : (pageBytes * index) / pageEnds.length
      return { last, crc, totalBytes }
    })
    this.#window = [...pages]
    for (const page of pages) this.#windowBytes += page.bytes.length
    this.#durable = this.end
    const newest = pages.at(-1)
    assert(
      newest === undefined || samePageEnd(newest, this.end),
      'Z17: the window ends the history',
    )
  }

  /** The last page end handed to the log. */
  get end(): PageEnd {
    const entry = this.#entries.at(-1)
    assert(entry !== undefined, 'Z17: a history has an end')
    return entry
  }

  /** The last page end that the disk has confirmed, and with it every one before. */
  get durable(): PageEnd {
    return this.#durable
  }

  /** The page end behind which this log has pages. */
  get start(): PageEnd {
    const entry = this.#entries[0]
    assert(entry !== undefined, 'Z17: a history has a start')
    return entry
  }

  /** True when no page was ever logged here, or came with a snapshot. */
  get isEmpty(): boolean {
    return this.end.last === noPage.last
  }

  /** Bytes of the pages that the log was opened with, and of all appended since. */
  get totalBytes(): number {
    return this.#entries.at(-1)?.totalBytes ?? 0
  }

  /** Why `page` cannot be appended, or `null`: remote input is refused, not asserted. */
  refuses(page: Page): string | null {
    const { last, crc } = this.end
    if (page.previousLast === last && page.previousCrc === crc) return null
    return (
      `Z5: page ${formatZxid(page.first)}..${formatZxid(page.last)} follows ` +
      `${formatZxid(page.previousLast)}, but this log ends at ${formatZxid(last)}`
    )
  }

  /** Notes a page that is handed to the log as part of `seq`. */
  append(page: Page, seq: number): void {
    assert(this.refuses(page) === null, 'Z5: a page follows the end of the history')
    const totalBytes = this.totalBytes + page.bytes.length
    this.#entries.push({ last: page.last, crc: page.crc, totalBytes })
    this.#window.push(page)
    this.#windowBytes += page.bytes.length
    this.#unsynced.push({ seq, end: this.end })
  }

  /** Notes that the log cuts every page behind `to`, as part of `seq`. */
  truncate(to: PageEnd, seq: number): void {
    const at = this.#indexOf(to.last)
    assert(at >= 0, 'Z13: a truncate goes to a page end of the history')
    this.#entries.length = at + 1
    while ((this.#window.at(-1)?.last ?? 0) > to.last) {
      this.#windowBytes -= this.#window.pop()?.bytes.length ?? 0
    }
    if (this.#durable.last > to.last) this.#durable = this.end
    this.#unsynced = this.#unsynced.filter((waiting) => waiting.end.last <= to.last)
    this.#unsynced.push({ seq, end: this.end })
  }

  /** Notes that a snapshot at `at` replaces the whole history, as part of `seq`. */
  install(at: PageEnd, seq: number): void {
    this.#entries = [{ ...at, totalBytes: this.totalBytes }]
    this.#window = []
    this.#windowBytes = 0
    this.#durable = noPage
    this.#unsynced = [{ seq, end: this.end }]
  }

  /** The disk has confirmed every append up to and with `seq`. */
  onSynced(seq: number): void {
    let done = 0
    for (const waiting of this.#unsynced) {
      if (waiting.seq > seq) break
      this.#durable = waiting.end
      done += 1
    }
    if (done > 0) this.#unsynced.splice(0, done)
  }

  /** The page end at exactly this zxid, if the log still reaches back to it. */
  find(zxid: Zxid): PageEnd | undefined {
    const at = this.#indexOf(zxid)
    return at < 0 ? undefined : this.#entries[at]
  }

  /** True of a page end of this history, and of whatever lies before the part that is in the log. */
  reaches(zxid: Zxid): boolean {
    return zxid <= this.start.last || this.#indexOf(zxid) >= 0
  }

  /** The last page end of an epoch in this log, if it has one. */
  lastOfEpoch(epoch: number): PageEnd | undefined {
    const entry = this.#entries[this.#upperBound(makeZxid(epoch, maxCounter)) - 1]
    return entry !== undefined && epochOf(entry.last) === epoch ? entry : undefined
  }

  /** The last page end of each epoch, newest first, and where the log begins: for ACKEPOCH. */
  epochEnds(): PageEnd[] {
    const ends: PageEnd[] = []
    let upTo = this.#entries.length
    while (upTo > 0 && ends.length < maxEpochEnds) {
      const entry = this.#entries[upTo - 1]
      if (entry === undefined) break
      ends.push({ last: entry.last, crc: entry.crc })
      upTo = this.#upperBound((makeZxid(epochOf(entry.last), 0) - 1) as Zxid)
    }
    return ends
  }

  /** Every page behind `after`, if they all are in memory. */
  pagesBehind(after: Zxid): readonly Page[] | undefined {
    if (after === this.end.last) return []
    let low = 0
    let high = this.#window.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const page = this.#window[middle]
      if (page !== undefined && page.first <= after) low = middle + 1
      else high = middle
    }
    const first = this.#window[low]
    return first?.previousLast === after ? this.#window.slice(low) : undefined
  }

  /** The page behind `after`, which must not be applied yet. */
  pageBehind(after: Zxid): Page | undefined {
    return this.pagesBehind(after)?.[0]
  }

  /** Lets go of the oldest applied pages in memory, down to `maxBytes`, once it is worth the work. */
  trimWindow(applied: Zxid, maxBytes: number): void {
    if (this.#windowBytes <= maxBytes + maxBytes / 8) return
    let count = 0
    let bytes = this.#windowBytes
    for (const page of this.#window) {
      if (bytes <= maxBytes || page.last > applied) break
      bytes -= page.bytes.length
      count += 1
    }
    if (count === 0) return
    this.#window.splice(0, count)
    this.#windowBytes = bytes
  }

  /**
   * The last page end at or before `limit` that leaves at least `keepBytes` of pages behind it: how
   * far the log may be purged.
   */
  purgeable(limit: Zxid, keepBytes: number): PageEnd {
    const most = this.totalBytes - keepBytes
    const count = Math.min(
      this.#upperBound(limit),
      this.#leading(({ totalBytes }) => totalBytes <= most),
    )
    return this.#entries[count - 1] ?? this.start
  }

  /** Bytes of the pages behind `after`. */
  bytesBehind(after: Zxid): number {
    const at = this.#upperBound(after) - 1
    return this.totalBytes - (this.#entries[Math.max(at, 0)]?.totalBytes ?? 0)
  }

  /** Notes that the log need not reach back behind `upTo` any more. */
  purge(upTo: Zxid): void {
    const at = this.#indexOf(upTo)
    assert(at >= 0, 'Z17: a purge goes to a page end of the history')
    this.#entries.splice(0, at)
  }

  /** How many page ends are at or before `zxid`. */
  #upperBound(zxid: Zxid): number {
    return this.#leading(({ last }) => last <= zxid)
  }

  /** How many entries from the first on are so, of which none is behind one that is not. */
  #leading(isSo: (entry: Entry) => boolean): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isSo(this.#entries[middle] as Entry)) low = middle + 1
      else high = middle
    }
    return low
  }

  #indexOf(zxid: Zxid): number {
    const at = this.#upperBound(zxid) - 1
    return this.#entries[at]?.last === zxid ? at : -1
  }
}
