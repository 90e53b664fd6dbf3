/** For the suites: pages that follow each other, as a leader makes them, and a log's listener. */
import {
  advanceZxid,
  epochOf,
  makeZxid,
  noPage,
  type Page,
  type PageEnd,
  type SessionId,
  type Txn,
} from '@conclave/core/internal'
import type { LogListener } from './log.ts'
import { pageCodec } from './page-codec.ts'

export class History {
  readonly #epoch: number
  end: PageEnd

  constructor(epoch = 1, end: PageEnd = noPage) {
    this.#epoch = epoch
    this.end = end
  }

  /** The next page, of `count` sets with `bytes` of data each. */
  page(count = 1, bytes = 8): Page {
    const previous = this.end
    const isNew = epochOf(previous.last) !== this.#epoch
    const first = isNew ? makeZxid(this.#epoch, 1) : advanceZxid(previous.last)
    const page = pageCodec.encode({
      first,
      previous: { last: previous.last, crc: previous.crc },
      reconfigures: false,
      txns: Array.from({ length: count }, (_, index) => setTxn(index, bytes)),
    })
    this.end = { last: page.last, crc: page.crc }
    return page
  }

  pages(count: number, bytes = 8): Page[] {
    return Array.from({ length: count }, () => this.page(1, bytes))
  }
}

function setTxn(index: number, bytes: number): Txn {
  const data = new Uint8Array(bytes).fill(index + 1)
  const stamp = { timeMs: 1_700_000_000_000, session: 0 as SessionId, requestId: 0 }
  return { type: 'set', ...stamp, path: `/znode-${index}`, data, version: 1 }
}

/** Notes what a log tells, and lets a test wait for it. */
export class Told implements LogListener {
  readonly synced: number[] = []
  readonly failures: unknown[] = []
  /** What each purge could not delete, and why; `null` of one that deleted all it could. */
  readonly purges: unknown[] = []
  #waiting: { seq: number; resolve: () => void; reject: (error: unknown) => void }[] = []

  onSynced(seq: number): void {
    this.synced.push(seq)
    for (const one of this.#waiting.filter((waiting) => waiting.seq <= seq)) one.resolve()
    this.#waiting = this.#waiting.filter((waiting) => waiting.seq > seq)
  }

  onFailed(error: unknown): void {
    this.failures.push(error)
    for (const one of this.#waiting) one.reject(error)
    this.#waiting = []
  }

  onPurged(failure: unknown): void {
    this.purges.push(failure)
  }

  /** The last `seq` that is durable. */
  get lastSynced(): number {
    return this.synced.at(-1) ?? 0
  }

  /** Resolves when `seq` is durable, rejects when the log fails. */
  until(seq: number): Promise<void> {
    if (this.lastSynced >= seq) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ seq, resolve, reject }))
  }
}
