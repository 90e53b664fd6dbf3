/** The largest zxid of what was over before a time, and the smallest of what began behind it. */
import type { CallEntry } from './entry.ts'

/** A call with its place in the log, at the time of its call or of its return. */
export interface Mark {
  readonly at: number
  readonly zxid: number
  readonly call: CallEntry
}

/** Takes marks whose times never fall; may be asked for any time. */
export class HighestBefore {
  /** Only those that are higher than all before them. */
  readonly #marks: Mark[] = []

  push(mark: Mark): void {
    if (mark.zxid > (this.#marks.at(-1)?.zxid ?? -1)) this.#marks.push(mark)
  }

  /** The highest of the marks before `at`, not at it. */
  before(at: number): Mark | undefined {
    let low = 0
    let high = this.#marks.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#marks[middle] as Mark).at < at) low = middle + 1
      else high = middle
    }
    return this.#marks[low - 1]
  }
}

/** The smallest zxid of the marks behind any time. */
export class LowestBehind {
  readonly #highest = new HighestBefore()

  constructor(marks: readonly Mark[]) {
    // Time and zxids turned round, it is the same question.
    for (const { at, zxid, call } of [...marks].sort((a, b) => b.at - a.at)) {
      this.#highest.push({ at: -at, zxid: Number.MAX_SAFE_INTEGER - zxid, call })
    }
  }

  behind(at: number): number {
    const mark = this.#highest.before(-at)
    return mark === undefined ? Infinity : Number.MAX_SAFE_INTEGER - mark.zxid
  }
}
