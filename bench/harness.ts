/**
 * What every bench shares: the words in which a result is printed and written, and the machine that
 * it holds for. A bench measures and returns figures; nothing here judges them.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

/** One line of a result: what was measured under which conditions, and its figures by unit. */
export interface Figures {
  readonly name: string
  readonly conditions: string
  readonly figures: Readonly<Record<string, number>>
}

export interface BenchOptions {
  /** Seconds that one measurement lasts. */
  readonly seconds: number
  /** Whole repetitions, of which the median counts. */
  readonly runs: number
}

export interface Bench {
  readonly name: string
  /** A sketch of what the disk and the network should allow, and how it is measured. */
  readonly about: string
  run(options: BenchOptions): Promise<readonly Figures[]>
}

/** The middle of an odd count of values, the upper middle of an even one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** The medians, figure by figure, of several runs of the same measurements in the same order. */
export function medianRun(runs: readonly (readonly Figures[])[]): Figures[] {
  const [first = []] = runs
  return first.map(({ name, conditions, figures }, index) => {
    const keys = Object.keys(figures)
    const middle = keys.map((key) => {
      const values = runs.map((run) => run[index]?.figures[key] ?? Number.NaN)
      return [key, median(values)] as const
    })
    return { name, conditions, figures: Object.fromEntries(middle) }
  })
}

export function printFigures(results: readonly Figures[]): void {
  for (const { name, conditions, figures } of results) {
    const shown = Object.entries(figures).map(([unit, value]) => `${format(value)} ${unit}`)
    console.log(`  ${name.padEnd(34)} ${conditions.padEnd(44)} ${shown.join('   ')}`)
  }
}

function format(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(value >= 10 ? 1 : 3)
}

/** Where peers of a bench keep their data: a real disk, unless the system's is none. */
export function benchDirectory(): string {
  const directory = process.env['BENCH_DIR'] ?? join(tmpdir(), `conclave-bench-${process.pid}`)
  mkdirSync(directory, { recursive: true })
  return directory
}

const fileSystems: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x01021994: 'tmpfs',
  0x794c7630: 'overlayfs',
}

/** The machine and the conditions that all figures of a run share. */
export function environment(): Record<string, string> {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const [cpu] = cpus()
  const type = statfsSync(benchDirectory()).type
  return {
    commit,
    node: process.version,
    cpu: `${cpus().length} × ${cpu?.model ?? 'unknown'}`,
    fileSystem: fileSystems[type] ?? `0x${type.toString(16)}`,
    fsync: 'on: every acknowledged write is durable',
    date: new Date().toISOString(),
  }
}

export function writeResults(
  file: string,
  results: Readonly<Record<string, readonly Figures[]>>,
): void {
  writeFileSync(file, `${JSON.stringify({ environment: environment(), results }, null, 2)}\n`)
}

/** `npm run bench -- [names] [--seconds n] [--runs n] [--json file]` */
export function benchArguments(): BenchOptions & {
  names: readonly string[]
  json: string | undefined
} {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '3' },
      runs: { type: 'string', default: '3' },
      json: { type: 'string' },
    },
  })
  const seconds = Number(values.seconds)
  const runs = Number(values.runs)
  if (!(seconds > 0) || !(Number.isInteger(runs) && runs > 0)) {
    throw new Error('--seconds takes a number above 0, --runs a whole number above 0')
  }
  return { seconds, runs, names: positionals, json: values.json }
}
