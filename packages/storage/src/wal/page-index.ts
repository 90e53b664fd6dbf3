/**
 * Where the durable pages of a log lie: page end → segment and offset. Five numbers a page, in arrays
 * of numbers, since a log of small pages holds hundreds of thousands.
 */
import { noPage, samePageEnd, type PageEnd, type Zxid } from '@conclave/core/internal'
import type { AppendedRecord } from './log-state.ts'

/** Where a record lies; `length` is that of its body, behind the envelope. */
export interface RecordPlace {
  readonly segment: number
  readonly offset: number
  readonly length: number
}

export class PageIndex {
  #start: PageEnd
  readonly #lasts: number[] = []
  readonly #crcs: number[] = []
  readonly #segments: number[] = []
  readonly #offsets: number[] = []
  readonly #lengths: number[] = []

  constructor(start: PageEnd = noPage) {
    this.#start = start
  }

  /** The page end behind which the pages begin. */
  get start(): PageEnd {
    return this.#start
  }

  get size(): number {
    return this.#lasts.length
  }

  /** What all pages weigh together. */
  get bytes(): number {
    return this.#lengths.reduce((sum, length) => sum + length, 0)
  }

  /** The ends of all pages, in order. */
  ends(): PageEnd[] {
    return this.#lasts.map((_, index) => this.endAt(index))
  }

  endAt(index: number): PageEnd {
    return { last: this.#lasts[index] as Zxid, crc: this.#crcs[index] as number }
  }

  placeAt(index: number): RecordPlace {
    return {
      segment: this.#segments[index] as number,
      offset: this.#offsets[index] as number,
      length: this.#lengths[index] as number,
    }
  }

  /** The index of the page behind the one that ends at `after`; -1 when no page here ends there. */
  indexAfter(after: Zxid): number {
    if (after === this.#start.last) return 0
    const index = lowerBound(this.#lasts, after)
    return this.#lasts[index] === after ? index + 1 : -1
  }

  /** True when the pages begin or one of them ends exactly there. */
  holds(end: PageEnd): boolean {
    const index = this.indexAfter(end.last)
    if (index < 0) return false
    return samePageEnd(index === 0 ? this.#start : this.endAt(index - 1), end)
  }

  /** The end of the last page, or the start when there is none. */
  get tail(): PageEnd {
    return this.size === 0 ? this.#start : this.endAt(this.size - 1)
  }

  /** Takes a record that has become durable. */
  note(record: AppendedRecord, place: RecordPlace): void {
    switch (record.type) {
      case 'page':
        this.#lasts.push(record.page.last)
        this.#crcs.push(record.page.crc)
        this.#segments.push(place.segment)
        this.#offsets.push(place.offset)
        this.#lengths.push(place.length)
        break
      case 'truncate':
        this.#truncate(record.to)
        break
      case 'snapshot-installed':
        this.#keep(0)
        this.#start = { last: record.at.last, crc: record.at.crc }
        break
      default:
    }
  }

  #truncate(to: PageEnd): void {
    this.#keep(lowerBound(this.#lasts, to.last + 1))
    // Pages below the start are gone already, so a history cut there begins where it was cut.
    if (to.last < this.#start.last) this.#start = { last: to.last, crc: to.crc }
  }

  #keep(size: number): void {
    for (const column of this.#columns()) column.length = size
  }

  /** The last page that lies in a segment before `segment`; `null` when none does. */
  lastBefore(segment: number): PageEnd | null {
    const count = lowerBound(this.#segments, segment)
    return count === 0 ? null : this.endAt(count - 1)
  }

  /** Forgets the pages that lie in segments before `segment`. */
  forgetBefore(segment: number): void {
    const count = lowerBound(this.#segments, segment)
    if (count === 0) return
    this.#start = this.endAt(count - 1)
    for (const column of this.#columns()) column.splice(0, count)
  }

  #columns(): number[][] {
    return [this.#lasts, this.#crcs, this.#segments, this.#offsets, this.#lengths]
  }
}

/** How many of the rising numbers are less than `bound`. */
function lowerBound(rising: readonly number[], bound: number): number {
  let low = 0
  let high = rising.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rising[middle] as number) < bound) low = middle + 1
    else high = middle
  }
  return low
}
