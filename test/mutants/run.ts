/**
 * `npm run mutants`: plants every bug of the catalogue, one at a time, and shows what finds it.
 *
 *   npm run mutants                   fixed seeds, then fresh ones for the median of seeds to a kill
 *   npm run mutants -- --fixed        fixed seeds and tests only, as CI does
 *   npm run mutants -- M01 M07        only these
 *   npm run mutants -- --write        and writes docs/mutants.md
 *
 * Exits with 1 when a mutant is not found as one of the invariants that it names, when it takes more
 * than five times the seeds that docs/mutants.md has, when an edit does not fit the sources any more, or
 * when the sources as they are break anything in the same scenarios.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { allMutants } from './all-mutants.ts'
import { mediansIn } from './medians.ts'
import type { Mutant } from './mutant.ts'
import { root } from './plant.ts'
import { documentOf, lineOf, summaryOf } from './table.ts'
import { tryMutant, type Trial, type TrialOptions } from './trial.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    fixed: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    /** Fresh seeds: the first, how many at most, how many kills suffice, how long for a mutant. */
    first: { type: 'string', default: '1000001' },
    seeds: { type: 'string', default: '20000' },
    kills: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '60' },
    workers: { type: 'string', default: '2' },
  },
})

/** Nothing planted, in each scenario that finds mutants: nothing may break. */
function controls(): Mutant[] {
  const names = allMutants.map(({ found }) => (found.type === 'tests' ? 'swarm' : found.scenario))
  return [...new Set(names)].map((scenario) => ({
    id: `none-${scenario}`,
    bug: `nothing, in ${scenario}`,
    origin: '',
    expects: [],
    edits: [],
    found: { type: 'simulation', scenario, seconds: 15, first: 1, seeds: 3 },
  }))
}

/** Takes one after the other until none is left. */
async function work(queue: Mutant[], trials: Trial[], faults: string[]): Promise<void> {
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    try {
      const trial = await tryMutant(mutant, options)
      trials.push(trial)
      console.log(lineOf(trial))
    } catch (error) {
      faults.push(`${mutant.id}: ${String(error)}`)
      console.log(faults.at(-1))
    }
  }
}

const [first, seeds, kills, seconds] = [
  values.first,
  values.seeds,
  values.kills,
  values.seconds,
].map(Number) as [number, number, number, number]
const directory = `${root}node_modules/.cache/mutants-${process.pid}`
const options: TrialOptions = {
  directory,
  fresh: values.fixed ? null : { first, seeds, kills, ms: seconds * 1_000 },
}
const wanted =
  positionals.length === 0
    ? [...allMutants, ...controls()]
    : allMutants.filter(({ id }) => positionals.includes(id))
const trials: Trial[] = []
const faults: string[] = []
mkdirSync(directory, { recursive: true })
try {
  const queue = [...wanted]
  const workers = Array.from({ length: Number(values.workers) }, () => work(queue, trials, faults))
  await Promise.all(workers)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
trials.sort((a, b) => wanted.indexOf(a.mutant) - wanted.indexOf(b.mutant))
const document = `${root}docs/mutants.md`
const recorded = mediansIn(readFileSync(document, 'utf8'))
const summary = summaryOf(trials, faults, recorded)
console.log(`\n${summary.text}`)
if (values.write) writeFileSync(document, documentOf(trials, options))
process.exitCode = summary.passed ? 0 : 1
