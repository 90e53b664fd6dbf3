/**
 * The history of an ensemble under test: what its sessions asked and what they were told, as the
 * checkers read it. Times are those of virtual time, and no two are the same: what was answered before
 * something was called is so in the history too.
 */
import { CoordinationError } from '@conclave/core'
import type { Change, WatchOptions } from '@conclave/core'
import type { CallEntry, CallResult, HistoryEntry, HistoryOperation } from '@conclave/sim'
import type { VirtualTime } from './virtual-time.ts'

/** What an answer tells of a call. */
export interface Told {
  readonly result: CallResult | null
  readonly zxid?: number | undefined
}

/** Calls that are refused like this were never begun. */
const misuse = new Set<string>(['BAD_ARGUMENT', 'BAD_OPTION'])
/** What times differ by at least, in µs. */
const instantUs = 0.001

export class Recorder {
  readonly #time: VirtualTime
  /** By their numbers, which rise: an entry is replaced when its call is answered. */
  readonly #entries = new Map<number, HistoryEntry>()
  #lastNumber = 0
  #lastUs = 0

  constructor(time: VirtualTime) {
    this.#time = time
  }

  get entries(): readonly HistoryEntry[] {
    return [...this.#entries.values()]
  }

  /** Records a call that is being made, and its answer when there is one. */
  async call<T>(
    session: string,
    operation: HistoryOperation,
    answered: Promise<T>,
    tell: (answer: T) => Told,
  ): Promise<T> {
    const id = this.#nextNumber()
    const called: CallEntry = {
      type: 'call',
      session,
      id,
      operation,
      calledAt: this.#nowUs(),
      returnedAt: null,
      outcome: 'unknown',
    }
    this.#entries.set(id, called)
    try {
      const answer = await answered
      const returnedAt = this.#nowUs()
      this.#entries.set(id, { ...called, returnedAt, outcome: 'ok', ...tell(answer) })
      return answer
    } catch (error) {
      if (error instanceof CoordinationError) {
        const { code, outcome } = error
        if (misuse.has(code)) this.#entries.delete(id)
        else this.#entries.set(id, { ...called, returnedAt: this.#nowUs(), outcome, error: code })
      }
      throw error
    }
  }

  /** Records what a watch told; what it began with was no change. */
  change(session: string, watch: number, path: string, options: WatchOptions, told: Change): void {
    if (told.type === 'snapshot') return
    this.#entries.set(this.#nextNumber(), {
      type: 'event',
      session,
      watch,
      watched: path,
      depth: options.depth ?? 'node',
      at: this.#nowUs(),
      change: told.type,
      ...(told.type === 'gap' ? {} : { path: told.path, zxid: told.zxid }),
    })
  }

  #nextNumber(): number {
    this.#lastNumber += 1
    return this.#lastNumber
  }

  #nowUs(): number {
    this.#lastUs = Math.max(this.#time.nowMs * 1_000, this.#lastUs + instantUs)
    return this.#lastUs
  }
}
