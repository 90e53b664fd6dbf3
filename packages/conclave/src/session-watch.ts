/**
 * One watch of a session, as an async iterator. It is bounded: when changes come faster than they
 * are taken, the ones that do not fit become one `gap`, and what comes after the gap was taken
 * follows it. So a change is never lost without a word.
 *
 * Invariant W4: a change is queued here before anything that shows it can be read.
 */
import type { Change, CoordinationError, Watch } from '@conclave/core'
import { zeroZxid, type Zxid } from '@conclave/core/internal'

type Result = IteratorResult<Change, undefined>

interface Taker {
  readonly resolve: (result: Result) => void
  readonly reject: (error: CoordinationError) => void
}

/** A change as the watch's owner has it. */
export interface QueuedChange {
  readonly zxid: Zxid
  readonly data?: Uint8Array | null | undefined
}

type GapReason = (Change & { readonly type: 'gap' })['reason']

/** Stands for a gap in the queue. */
class Gap {
  readonly change: Change

  constructor(reason: GapReason) {
    this.change = { type: 'gap', reason }
  }
}

/** What may wait to be taken. */
export interface WatchBounds {
  readonly changes: number
  /** Of data. */
  readonly bytes: number
}

const over: Result = { done: true, value: undefined }
const overflow: Change = { type: 'gap', reason: 'overflow' }

export class SessionWatch<Event extends QueuedChange> implements Watch {
  readonly #bounds: WatchBounds
  readonly #tell: (event: Event) => Change
  readonly #onEnd: () => void
  /** What came up to it was told by another watch. */
  readonly #since: Zxid
  /** What the watch began with; taken first, and not counted. */
  #initial: Iterator<Change> | undefined
  /** Changes not yet taken, from `#head` on. */
  #queue: (Event | Gap)[] = []
  #head = 0
  /** Their data. */
  #bytes = 0
  /** Changes were dropped behind the queue, and nobody was told yet. */
  #overflowed = false
  #takers: Taker[] = []
  #ended = false
  /** What the last `next` rejects with, once. */
  #error: CoordinationError | undefined

  /**
   * `tell` makes a change of what was queued, when it is taken; `onEnd` is called once, when the watch
   * ends for whatever reason.
   */
  constructor(
    bounds: WatchBounds,
    tell: (event: Event) => Change,
    onEnd: () => void,
    since: Zxid = zeroZxid,
  ) {
    this.#bounds = bounds
    this.#tell = tell
    this.#since = since
    this.#onEnd = onEnd
  }

  /** Takes what the watch begins with, before anything is pushed. */
  begin(initial: Iterator<Change>): void {
    if (this.#ended) return
    this.#initial = initial
    while (this.#takers.length > 0) {
      const change = this.#take()
      if (change === undefined) return
      this.#takers.shift()?.resolve({ done: false, value: change })
    }
  }

  /** Takes a change of the host. */
  push(event: Event): void {
    // A peer that lags applies again what was told elsewhere.
    if (event.zxid > this.#since) this.#push(event)
  }

  /** Takes the host's word that changes were skipped which this watch may have waited for. */
  pushGap(reason: GapReason): void {
    this.#push(new Gap(reason))
  }

  #push(event: Event | Gap): void {
    if (this.#ended) return
    const taker = this.#takers.shift()
    if (taker !== undefined) {
      taker.resolve({ done: false, value: this.#told(event) })
    } else if (this.#overflowed || !this.#fits(event)) {
      this.#overflowed = true
    } else {
      this.#queue.push(event)
      this.#bytes += bytesOf(event)
    }
  }

  /** One change always does. */
  #fits(event: Event | Gap): boolean {
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
    return this.#told(event)
  }

  #told(event: Event | Gap): Change {
    return event instanceof Gap ? event.change : this.#tell(event)
  }

  #settleEnded(taker: Taker): void {
    const error = this.#error
    this.#error = undefined
    if (error === undefined) taker.resolve(over)
    else taker.reject(error)
  }
}

function bytesOf(event: QueuedChange | Gap): number {
  return event instanceof Gap ? 0 : (event.data?.byteLength ?? 0)
}
