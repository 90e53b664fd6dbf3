/**
 * Pages of a log that have gone bad by themselves, on one disk. A log finds such a page when it reads
 * it: at the next start, or for a learner that lags.
 *
 * It can tell a bad page from one that was never wholly written as long as something behind it vouches
 * for it: a later record's `syncedTo`, or a mark. The last append before its mark is undecidable, as the
 * design says, and so is never hit here.
 */
import type { Zxid } from '@conclave/core/internal'
import type { LogImage } from './log-image.ts'
import { secondUs, type Microseconds } from './scheduler.ts'

export const logRots = ['flipped', 'misdirected', 'hole', 'tail'] as const
export type LogRot = (typeof logRots)[number]

/** How long a log is idle before it marks its end. */
const idleUs = secondUs

export class LogRotKeeper {
  readonly #bad = new Map<Zxid, LogRot>()
  #vouchedUpTo = 0 as Zxid
  #idleSince: Microseconds = 0

  /** Why the log is damaged, or `null`. */
  get damage(): string | null {
    const [first] = this.#bad
    return first === undefined ? null : `a record of the log is ${first[1]}`
  }

  isBad(last: Zxid): boolean {
    return this.#bad.has(last)
  }

  /** A record became durable that was written when all up to `upTo` was. */
  vouch(upTo: Zxid, now: Microseconds): void {
    if (upTo > this.#vouchedUpTo) this.#vouchedUpTo = upTo
    this.#idleSince = now
  }

  /** The log is closed, or has been idle until now: its end is marked if that was long enough. */
  mark(end: Zxid, now: Microseconds, closes: boolean): void {
    if (closes || now - this.#idleSince >= idleUs) this.#vouchedUpTo = end
  }

  /** Has one page go bad; which one, or `null` when there is none that anything vouches for. */
  rot(kind: LogRot, log: LogImage, choice: number): Zxid | null {
    const pages = log.pages.filter((page) => page.last <= this.#vouchedUpTo)
    const page = kind === 'tail' ? pages.at(-1) : pages[choice % pages.length]
    if (page === undefined) return null
    this.#bad.set(page.last, kind)
    return page.last
  }

  /** The segments with these pages are gone. */
  purge(upTo: Zxid): void {
    for (const last of this.#bad.keys()) if (last <= upTo) this.#bad.delete(last)
  }

  /** The log is gone. */
  clear(): void {
    this.#bad.clear()
    this.#vouchedUpTo = 0 as Zxid
  }
}
