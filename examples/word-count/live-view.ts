/**
 * What the terminal shows: a line for each thing that happens, with the seconds since the start,
 * and how far the work is. A terminal gets that as one line that is renewed in place; a log gets a
 * line of it every so often, and no control characters.
 */
import { sumOf, type Counts } from './counting.ts'

/** Where the lines go: `process.stdout`, or what stands in for it. */
export interface Screen {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): unknown
}

/** How far the work is. */
export interface Progress {
  /** By worker, as the peer that is furthest has applied it. */
  readonly totals: ReadonlyMap<string, Counts>
  readonly fileCount: number
  readonly leader: number | undefined
  readonly epoch: number
}

const renewalMs = { terminal: 100, log: 500 }
/** The rate is that of the last second. */
const rateWindowMs = 1_000
const barLength = 20
/** Back to the line's beginning, and erase it. */
const eraseLine = '\r\x1b[2K'

export class LiveView {
  readonly #screen: Screen
  readonly #isTerminal: boolean
  readonly #nowMs: () => number
  readonly #startedMs: number
  #shownMs = -Infinity
  /** The line that is renewed; empty in a log. */
  #status = ''
  readonly #samples: { readonly atMs: number; readonly files: number }[] = []

  constructor(screen: Screen, nowMs: () => number) {
    this.#screen = screen
    this.#isTerminal = screen.isTTY === true
    this.#nowMs = nowMs
    this.#startedMs = nowMs()
  }

  /** Since the start. */
  get elapsedMs(): number {
    return this.#nowMs() - this.#startedMs
  }

  /** Tells one thing that happened. */
  say(line: string): void {
    const seconds = (this.elapsedMs / 1_000).toFixed(2).padStart(6)
    this.#print(`${seconds} s  ${line}`)
  }

  /** Shows how far the work is, unless that was shown a moment ago. */
  show(progress: Progress): void {
    const nowMs = this.#nowMs()
    const { files } = sumOf(progress.totals.values())
    this.#samples.push({ atMs: nowMs, files })
    while (nowMs - (this.#samples[0]?.atMs ?? nowMs) > rateWindowMs) this.#samples.shift()
    const renewal = this.#isTerminal ? renewalMs.terminal : renewalMs.log
    if (nowMs - this.#shownMs < renewal) return
    this.#shownMs = nowMs
    const line = this.#describe(progress, files)
    if (!this.#isTerminal) return this.say(line)
    // One that is wrapped could not be erased.
    this.#status = line.slice(0, (this.#screen.columns ?? 80) - 1)
    this.#screen.write(eraseLine + this.#status)
  }

  /** Shows no more how far the work is: it is done. */
  hideProgress(): void {
    if (this.#status !== '') this.#screen.write(eraseLine)
    this.#status = ''
  }

  /** Prints the two counts below each other. */
  showTotals(rows: readonly (readonly [name: string, counts: Counts])[]): void {
    const columns = ['files', 'bytes', 'words', 'hashSum'] as const
    const line = (name: string, cells: readonly string[]): string =>
      name.padEnd(16) + cells.map((cell, place) => cell.padStart(place === 0 ? 10 : 22)).join('')
    this.#print('')
    this.#print(line('', ['files', 'bytes', 'words', 'hashes mod 2^53']))
    for (const [name, counts] of rows) {
      this.#print(
        line(
          name,
          columns.map((column) => grouped(counts[column])),
        ),
      )
    }
    this.#print('')
  }

  /** Prints a line without the time. */
  conclude(line: string): void {
    this.hideProgress()
    this.#print(line)
  }

  #print(line: string): void {
    if (!this.#isTerminal) this.#screen.write(`${line}\n`)
    else this.#screen.write(`${eraseLine}${line}\n${this.#status}`)
  }

  #describe({ totals, fileCount, leader, epoch }: Progress, files: number): string {
    const share = fileCount === 0 ? 1 : files / fileCount
    const bar = '#'.repeat(Math.floor(share * barLength)).padEnd(barLength, '.')
    const shares = [...totals].map(([worker, counts]) => `${worker} ${grouped(counts.files)}`)
    const leads = leader === undefined ? 'no leader' : `peer ${leader} leads`
    return [
      `${bar} ${percent(share)}`,
      `${grouped(files)} files, ${grouped(this.#filesPerSecond())}/s`,
      `epoch ${epoch}, ${leads}`,
      shares.join(', '),
    ].join(' | ')
  }

  #filesPerSecond(): number {
    const first = this.#samples.at(0)
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0
    return Math.round(((last.files - first.files) / (last.atMs - first.atMs)) * 1_000)
  }
}

/** 1234567 as 1,234,567. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US')
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** 1234 ms as 1.2 s. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
