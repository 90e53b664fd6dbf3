/**
 * What a log amounts to when its records are replayed in order: exactly the rules by which a restart
 * reads it (design, "Storage"). A disk keeps two: one of everything appended, one of what is durable.
 *
 * A truncate drops pages and the configurations behind them; an installed snapshot voids every page
 * before it; purging lets go of a beginning, and forgets nothing else, since a segment's header
 * restates the rest.
 */
import {
  formatZxid,
  noPage,
  samePageEnd,
  type Configuration,
  type LogRecord,
  type Page,
  type PageEnd,
  type PeerId,
  type Zxid,
} from '@conclave/core/internal'
import { Violation } from './violation.ts'

/** A configuration, and the page end in the log that it stands behind. */
interface PlacedConfiguration {
  readonly after: Zxid
  readonly configuration: Configuration
}

export class LogImage {
  acceptedEpoch = 0
  acceptedLeader: PeerId = 0
  currentEpoch = 0
  damaged: string | null = null
  #start: PageEnd = noPage
  #pages: Page[] = []
  #byLast = new Map<Zxid, Page>()
  #configurations: PlacedConfiguration[] = []

  /** The page end behind which the pages begin. */
  get start(): PageEnd {
    return this.#start
  }

  /** The end of the last page, or where the pages would begin. */
  get end(): PageEnd {
    return this.#pages.at(-1) ?? this.#start
  }

  get pages(): readonly Page[] {
    return this.#pages
  }

  get configuration(): Configuration | null {
    return this.#configurations.at(-1)?.configuration ?? null
  }

  /** True of a store that never held a page, nor received a snapshot. */
  get isEmpty(): boolean {
    return this.#start.last === 0 && this.#pages.length === 0
  }

  pageAt(last: Zxid): Page | undefined {
    return this.#byLast.get(last)
  }

  /** True when the history up to `end` is in here: as a page, or voided by what stands behind it. */
  holds(end: PageEnd): boolean {
    if (end.last === 0) return true
    if (end.last < this.#start.last) return true
    const found = end.last === this.#start.last ? this.#start : this.#byLast.get(end.last)
    return found !== undefined && samePageEnd(found, end)
  }

  /** Pages behind `after`, up to and with `upTo`, in order. */
  between(after: Zxid, upTo: Zxid): readonly Page[] {
    const from = this.#firstBehind(after)
    const to = this.#firstBehind(upTo)
    return this.#pages.slice(from, to)
  }

  /** Pages behind `after`, up to `maxBytes` but one at least; none when `after` is no page end here. */
  readBehind(after: Zxid, maxBytes: number): readonly Page[] {
    const known = after === this.#start.last || this.#byLast.has(after)
    const pages: Page[] = []
    let bytes = 0
    for (const page of known ? this.between(after, this.end.last) : []) {
      bytes += page.bytes.length
      if (pages.length > 0 && bytes > maxBytes) break
      pages.push(page)
    }
    return pages
  }

  apply(record: LogRecord): void {
    switch (record.type) {
      case 'page':
        this.#append(record.page)
        break
      case 'accepted-epoch':
        this.acceptedEpoch = record.epoch
        this.acceptedLeader = record.leader
        break
      case 'current-epoch':
        this.currentEpoch = record.epoch
        break
      case 'configuration':
        this.#configurations.push({
          after: this.end.last,
          configuration: record.configuration,
        })
        if (this.#configurations.length > 64) this.#configurations.shift()
        break
      case 'truncate':
        this.#truncate(record.to)
        break
      case 'snapshot-installed':
        this.#start = record.at
        this.#pages = []
        this.#byLast.clear()
        break
      case 'damage-found':
        this.damaged = record.reason
        break
      case 'damage-healed':
        this.damaged = null
        break
    }
  }

  /** Lets go of the pages up to and with `upTo`. */
  purge(upTo: Zxid): void {
    const kept = this.#firstBehind(upTo)
    const newest = this.#pages[kept - 1]
    if (newest === undefined) return
    this.#start = { last: newest.last, crc: newest.crc }
    for (const page of this.#pages.slice(0, kept)) this.#byLast.delete(page.last)
    this.#pages = this.#pages.slice(kept)
  }

  /** The same image, to go another way from here. */
  clone(): LogImage {
    const copy = new LogImage()
    copy.acceptedEpoch = this.acceptedEpoch
    copy.acceptedLeader = this.acceptedLeader
    copy.currentEpoch = this.currentEpoch
    copy.damaged = this.damaged
    copy.#start = this.#start
    copy.#pages = [...this.#pages]
    copy.#byLast = new Map(this.#byLast)
    copy.#configurations = [...this.#configurations]
    return copy
  }

  #append(page: Page): void {
    const end = this.end
    if (page.previousLast !== end.last || page.previousCrc !== end.crc) {
      throw new Violation(
        'Z5',
        `page ${formatZxid(page.first)}..${formatZxid(page.last)} names ` +
          `${formatZxid(page.previousLast)} as the one before it, the log ends at ` +
          formatZxid(end.last),
      )
    }
    this.#pages.push(page)
    this.#byLast.set(page.last, page)
  }

  #truncate(to: PageEnd): void {
    if (!samePageEnd(to, this.#start) && !this.holds(to)) {
      throw new Violation('Z13', `truncate to ${formatZxid(to.last)}, which is not in the log`)
    }
    if (to.last < this.#start.last) {
      throw new Violation('Z13', `truncate to ${formatZxid(to.last)}, below the log's beginning`)
    }
    const kept = this.#firstBehind(to.last)
    for (const page of this.#pages.slice(kept)) this.#byLast.delete(page.last)
    this.#pages = this.#pages.slice(0, kept)
    this.#configurations = this.#configurations.filter((one) => one.after <= to.last)
  }

  /** The index of the first page that ends behind `zxid`. */
  #firstBehind(zxid: Zxid): number {
    let low = 0
    let high = this.#pages.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#pages[middle] as Page).last <= zxid) low = middle + 1
      else high = middle
    }
    return low
  }
}
