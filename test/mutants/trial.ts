/** Puts one mutant to the test: builds it, runs what must find it, and says what did. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { InSimulation, InTests, Mutant } from './mutant.ts'
import { buildSimulation, root } from './plant.ts'
import type { SeedResult } from './simulate.ts'

/** What broke, and who said so. */
export interface Finding {
  /** The invariant, or the name of the test. */
  readonly name: string
  readonly by: SeedResult['by'] | 'test'
  readonly seed: number | null
  readonly detail: string
}

/** What came of some seeds. */
export interface Sweep {
  /** What was expected to break. */
  readonly kills: readonly Finding[]
  /** What broke and was not expected: no kill. */
  readonly strays: readonly Finding[]
  readonly seeds: number
  /** How many seeds each kill took, the one that killed among them. */
  readonly seedsToKill: readonly number[]
}

/** What came of a mutant. */
export interface Trial {
  readonly mutant: Mutant
  /** Of the fixed seeds, or of the test. */
  readonly fixed: Sweep
  /** Of seeds that nobody has looked at; `null` when none were tried. */
  readonly fresh: Sweep | null
  readonly ms: number
}

export interface TrialOptions {
  /** Where builds go: below the repository's node_modules, so that they find what is installed. */
  readonly directory: string
  /** Fresh seeds: from which on, how many at most, how many kills suffice, how long. */
  readonly fresh: {
    readonly first: number
    readonly seeds: number
    readonly kills: number
    readonly ms: number
  } | null
}

/** The longest that one seed may take: a bug can make a run go on for ever. */
const maxSeedMs = 120_000
const maxTestMs = 180_000

/** A test that failed, and the first error that it failed with: its class and what it says. */
interface FailedTest {
  readonly name: string
  readonly error: string
}

/** What fails where the machine is slow, or an edit made no sense, has found no bug. */
const excuses = /^(SyntaxError|ReferenceError):|^Error: (Test|Hook) timed out/

export async function tryMutant(mutant: Mutant, options: TrialOptions): Promise<Trial> {
  const begun = performance.now()
  const { found, id } = mutant
  if (found.type === 'tests') {
    const fixed = await runTest(mutant, found)
    return { mutant, fixed, fresh: null, ms: performance.now() - begun }
  }
  const build = `${options.directory}/${id}.mjs`
  await buildSimulation(mutant.edits, build)
  const { first, seeds } = found
  const fixed = await sweep(mutant, found, build, { first, seeds, kills: 1, ms: Infinity })
  const { fresh } = options
  const wide = fresh === null ? null : await sweep(mutant, found, build, fresh)
  return { mutant, fixed, fresh: wide, ms: performance.now() - begun }
}

async function sweep(
  { expects }: Mutant,
  { scenario, seconds }: InSimulation,
  build: string,
  range: NonNullable<TrialOptions['fresh']>,
): Promise<Sweep> {
  const kills: Finding[] = []
  const strays: Finding[] = []
  const seedsToKill: number[] = []
  const end = performance.now() + range.ms
  let seeds = 0
  let sinceKill = 0
  const args = [build, scenario, ...[seconds, range.first, range.seeds].map(String)]
  for await (const line of linesOf(args, maxSeedMs)) {
    const { invariant, by, seed, detail } = JSON.parse(line) as SeedResult
    seeds += 1
    sinceKill += 1
    if (invariant !== null) {
      const finding = { name: invariant, by, seed, detail }
      if (expects.includes(invariant)) {
        kills.push(finding)
        seedsToKill.push(sinceKill)
        sinceKill = 0
      } else strays.push(finding)
    }
    if (kills.length >= range.kills || performance.now() > end) break
  }
  return { kills, strays, seeds, seedsToKill }
}

/** Runs one test on the changed sources. */
async function runTest({ id }: Mutant, { file, test }: InTests): Promise<Sweep> {
  const program = fileURLToPath(new URL('run-tests.ts', import.meta.url))
  let failed: readonly FailedTest[] | null = null
  for await (const line of linesOf([...process.execArgv, program, id, file, test], maxTestMs)) {
    if (line.startsWith('{"failed"')) failed = (JSON.parse(line) as { failed: FailedTest[] }).failed
  }
  if (failed === null) throw new Error(`${id}: there is no test "${test}" in ${file}`)
  const findings = failed.map(({ name, error }) => {
    return { name, by: 'test', seed: null, detail: error } as const
  })
  const kills = findings.filter(({ detail }) => !excuses.test(detail))
  const strays = findings.filter(({ detail }) => excuses.test(detail))
  return { kills, strays, seeds: 0, seedsToKill: [] }
}

/** The lines that a program prints. Ends it when nobody wants more, or when a line takes too long. */
async function* linesOf(args: readonly string[], maxLineMs: number): AsyncGenerator<string> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  if (child.pid !== undefined) setPriority(child.pid, 5)
  const giveUp = (): void => {
    child.kill('SIGKILL')
  }
  let timer = setTimeout(giveUp, maxLineMs)
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      clearTimeout(timer)
      timer = setTimeout(giveUp, maxLineMs)
      yield line
    }
    const [code, signal] = (await exited) as [number | null, string | null]
    if (signal !== null) throw new Error(`nothing came for ${maxLineMs} ms: ${args.join(' ')}`)
    if (code !== 0) throw new Error(`it broke off with ${code}: ${args.join(' ')}`)
  } finally {
    clearTimeout(timer)
    child.kill('SIGKILL')
  }
}
