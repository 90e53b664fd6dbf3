/**
 * One watch of a session, as an async iterator. It is bounded: when changes come faster than they
 * are taken, the ones that do not fit become one `gap`, and what comes after the gap was taken
 * follows it. So a change is never lost without a word.
 *
 * Invariant W4: a change is queued here before anything that shows it can be read.
 */
import type { Change, CoordinationError, Watch } from '@conclave/core'
import { zeroZxid, type WatchEvent, type Zxid } from '@conclave/core/internal'
import { publicChange } from './session-results.ts'

type Result = IteratorResult<Change, undefined>

interface Taker {
  readonly resolve: (result: Result) => void
  readonly reject: (error: CoordinationError) => void
}

/** What may wait to be taken. */
export interface WatchBounds {
  readonly changes: number
  /** Of data. */
  readonly bytes: number
}

const over: Result = { done: true, value: undefined }
const overflow: Change = { type: 'gap', reason: 'overflow' }
const skipped: Change & { readonly type: 'gap' } = { type: 'gap', reason: 'snapshot' }

export class SessionWatch implements Watch {
  readonly #bounds: WatchBounds
  readonly #onEnd: () => void
  /** What came up to it was told by another watch. */
  readonly #since: Zxid
  /** What the watch began with; taken first, and not counted. */
  #initial: Iterator<Change> | undefined
  /** Changes not yet taken, from `#head` on. */
  #queue: (WatchEvent | typeof skipped)[] = []
  #head = 0
  /** Their data. */
  #bytes = 0
  /** Changes were dropped behind the queue, and nobody was told yet. */
  #overflowed = false
  #takers: Taker[] = []
  #ended = false
  /** What the last `next` rejects with, once. */
  #error: CoordinationError | undefined

  /** `onEnd` is called once, when the watch ends for whatever reason. */
  constructor(
    bounds: WatchBounds,
    initial: Iterator<Change> | undefined,
    onEnd: () => void,
    since: Zxid = zeroZxid,
  ) {
    this.#bounds = bounds
    this.#since = since
    this.#initial = initial
    this.#onEnd = onEnd
  }

  /** Takes a change of the host. */
  push(event: WatchEvent): void {
    // A peer that lags applies again what was told elsewhere.
    if (event.zxid > this.#since) this.#push(event)
  }

  /** Takes the host's word that changes were skipped which this watch may have waited for. */
  pushGap(): void {
    this.#push(skipped)
  }

  #push(event: WatchEvent | typeof skipped): void {
    if (this.#ended) return
    const taker = this.#takers.shift()
    if (taker !== undefined) {
      taker.resolve({ done: false, value: told(event) })
    } else if (this.#overflowed || !this.#fits(event)) {
      this.#overflowed = true
    } else {
      this.#queue.push(event)
      this.#bytes += bytesOf(event)
    }
  }

  /** One change always does. */
  #fits(event: WatchEvent | typeof skipped): boolean {
    const waiting = this.#queue.length - this.#head
    if (waiting === 0) return true
    const { changes, bytes } = this.#bounds
    return waiting < changes && this.#bytes + bytesOf(event) <= bytes
  }

  /** Ends the watch behind what is queued: quietly, or with an error for whoever takes next. */
  end(error?: CoordinationError): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    this.#onEnd()
    const takers = this.#takers
    this.#takers = []
    for (const taker of takers) this.#settleEnded(taker)
  }

  next(): Promise<Result> {
    const change = this.#take()
    if (change !== undefined) return Promise.resolve({ done: false, value: change })
    return new Promise((resolve, reject) => {
      const taker = { resolve, reject }
      if (this.#ended) this.#settleEnded(taker)
      else this.#takers.push(taker)
    })
  }

  /** Ends the watch and forgets what was not taken. */
  return(): Promise<Result> {
    this.#initial = undefined
    this.#queue = []
    this.#head = 0
    this.#bytes = 0
    this.#overflowed = false
    this.end()
    this.#error = undefined
    return Promise.resolve(over)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  /** The next change that is here already. */
  #take(): Change | undefined {
    const first = this.#initial?.next()
    if (first?.done === false) return first.value
    this.#initial = undefined
    const event = this.#queue[this.#head]
    if (event === undefined) {
      if (!this.#overflowed) return undefined
      this.#overflowed = false
      return overflow
    }
    this.#head += 1
    this.#bytes -= bytesOf(event)
    // Given up in large pieces: a shift a change would move the whole queue each time.
    if (this.#head === this.#queue.length) {
      this.#queue = []
      this.#head = 0
    } else if (this.#head >= 1_024) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    return told(event)
  }

  #settleEnded(taker: Taker): void {
    const error = this.#error
    this.#error = undefined
    if (error === undefined) taker.resolve(over)
    else taker.reject(error)
  }
}

function bytesOf(event: WatchEvent | typeof skipped): number {
  return event.type === 'gap' ? 0 : (event.data?.byteLength ?? 0)
}

function told(event: WatchEvent | typeof skipped): Change {
  return event.type === 'gap' ? event : publicChange(event)
}
