/** What `npm run sim` prints: progress, each failure with the line that replays it, and the sums. */
import { marks, type Failure, type Mark, type Outcome } from '@conclave/sim'

/** From so many seeds on, a mark that was never reached is a failure. */
const provingSeeds = 500
/** The share of the groups of znodes that C11 may leave undecided. */
const mostUndecided = 0.01
const progressMs = 5_000
/** Lines of the trace that a failure shows. */
const shownLines = 60

export class Report {
  readonly #expected: number
  readonly #showsHashes: boolean
  readonly #showsLines: boolean
  readonly #proves: boolean
  readonly #startMs = performance.now()
  readonly #counts = new Map<Mark, number>()
  readonly #hashes = new Map<number, string>()
  readonly #failed: { readonly seed: number; readonly failure: Failure }[] = []
  #done = 0
  #events = 0
  #txns = 0
  #simulatedUs = 0
  #groups = 0
  #undecided = 0
  #nextProgressMs = progressMs

  /** For so many seeds; `showsLines` of the trace where one fails, `proves` when all is to be reached. */
  constructor(expected: number, showsHashes: boolean, showsLines: boolean, proves = false) {
    this.#expected = expected
    this.#showsHashes = showsHashes
    this.#showsLines = showsLines
    this.#proves = proves
  }

  /** What failed so far, the first first. */
  get failed(): readonly { readonly seed: number; readonly failure: Failure }[] {
    return this.#failed
  }

  add(outcome: Outcome): void {
    const { seed, hash, events, committedTxns, failure } = outcome
    this.#done += 1
    this.#events += events
    this.#txns += committedTxns
    this.#simulatedUs += outcome.simulatedUs
    this.#groups += outcome.judged.groups
    this.#undecided += outcome.judged.undecided
    this.#hashes.set(seed, hash)
    for (const mark of marks) {
      this.#counts.set(mark, (this.#counts.get(mark) ?? 0) + outcome.marks[mark])
    }
    if (this.#showsHashes)
      console.log(`seed ${seed}: ${hash}, ${events} lines, ${committedTxns} txns`)
    if (failure !== null) this.#addFailure(seed, failure)
    if (performance.now() - this.#startMs > this.#nextProgressMs) {
      this.#nextProgressMs += progressMs
      console.log(`${this.#done}/${this.#expected} seeds, ${this.#rate()}`)
    }
  }

  /** Prints the sums. The exit code: 0 when all is well. */
  finish(): number {
    const many = this.#done > 1
    if (many) {
      const sorted = [...this.#hashes].sort(([a], [b]) => a - b).map(([, hash]) => hash)
      console.log(`${this.#done} seeds, ${this.#rate()}; all traces: ${hashOf(sorted)}`)
      const hours = (this.#simulatedUs / 3_600_000_000).toFixed(1)
      console.log(
        `${hours} ensemble-hours, ${this.#txns} committed txns, ${this.#events} lines of trace`,
      )
      const judged = `${this.#undecided} of ${this.#groups} groups of znodes`
      console.log(`C11: ${judged} were not decided within the budget`)
      for (const mark of marks) console.log(`  ${mark.padEnd(32)}${this.#counts.get(mark) ?? 0}`)
    }
    for (const { seed, failure } of this.#failed) {
      console.log(`seed ${seed} violates ${failure.invariant}: ${failure.replay}`)
    }
    if (this.#failed.length > 0) return 1
    if (this.#done !== this.#expected) {
      console.log(`${this.#expected} seeds were to be run, and ${this.#done} were`)
      return 1
    }
    const missed = marks.filter((mark) => this.#counts.get(mark) === 0)
    if (this.#proves && this.#done >= provingSeeds && missed.length > 0) {
      console.log(`never reached: ${missed.join(', ')}. The scenarios have gone stale.`)
      return 1
    }
    if (this.#proves && this.#undecided > mostUndecided * this.#groups) {
      console.log('C11 is asked too much, and decides too little.')
      return 1
    }
    console.log('no invariant violated')
    return 0
  }

  #addFailure(seed: number, failure: Failure): void {
    this.#failed.push({ seed, failure })
    const { invariant, detail, at, lines, replay, cause } = failure
    // The first one whole, so that many do not bury it.
    if (this.#failed.length === 1 && this.#showsLines) {
      for (const line of lines.slice(-shownLines)) console.log(line)
    }
    console.log(`${invariant}: ${detail}`)
    console.log(`  seed ${seed}, at ${(at / 1_000_000).toFixed(6)} s; again: ${replay} --trace`)
    if (cause !== null) console.log(`  ${cause}`)
  }

  #rate(): string {
    const seconds = (performance.now() - this.#startMs) / 1_000
    return `${(this.#done / seconds).toFixed(1)} seeds/s`
  }
}

/** One hash over many, in their order. */
function hashOf(hashes: readonly string[]): string {
  let hash = 0x811c9dc5
  for (const letter of hashes.join('')) {
    hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193)
  }
  return (hash >>> 0).toString(16).padStart(8, '0')
}
