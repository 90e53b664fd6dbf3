/**
 * `npm run sim`: runs seeds, many in two processes or one in this, and says what came of them.
 *
 *   npm run sim -- --seeds 20000 --first 1    20,000 seeds from 1 on, 20 virtual seconds of faults each
 *   npm run sim -- --seeds 500 --seconds 60   so many seconds of faults instead
 *   npm run sim -- --seeds 200 --twice        each seed twice, which must take the same course
 *   npm run sim -- --seed 42 --trace          one seed, every line of its trace
 *   npm run sim -- --seed 42 --shrink         one seed, and what it takes to fail as it does
 *   npm run sim -- --tape FILE --trace        a run that was written down
 *   npm run sim -- --scenario returning-sessions --seeds 50 --seconds 40
 *
 * A run that fails leaves its tape in sim-failures/; the first of each invariant is shrunk as well.
 *
 * Clocks, chance and timers are out of reach meanwhile (tripwire.ts). Exits with 1 when an invariant is
 * violated, when a run does not come to rest after its faults, when it takes another course the second
 * time, or when so many seeds never reach something that they should.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  drawNamedScenario,
  parseTape,
  realMachine,
  simulate,
  type Failure,
  type Outcome,
  type Scenario,
  type SimulationOptions,
} from '@conclave/sim'
import { pageCodec } from '@conclave/storage'
import { startShares, workAsShare } from '../processes/shares.ts'
import { replayTape, shrinkToFiles, writeTape } from './failure-files.ts'
import { Report } from './report.ts'
import { withoutNondeterminism } from './tripwire.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    first: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '20' },
    seed: { type: 'string' },
    scenario: { type: 'string', default: 'swarm' },
    tape: { type: 'string' },
    shrink: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
    hashes: { type: 'boolean', default: false },
    workers: { type: 'string', default: '2' },
    /** Set for the processes that this one starts: every so many seeds, one is theirs. */
    step: { type: 'string' },
  },
})

function numberOf(name: 'seeds' | 'first' | 'seconds' | 'seed' | 'workers' | 'step'): number {
  const number = Number(values[name])
  const least = name === 'seed' || name === 'first' ? 0 : 1
  if (Number.isSafeInteger(number) && number >= least) return number
  const given = String(values[name])
  throw new Error(`--${name} wants a whole number from ${least} on, and was given "${given}"`)
}

const seconds = numberOf('seconds')
const machine = realMachine(pageCodec)
/** So many failures are shrunk, at most. */
const mostShrunk = 3

function scenarioOf(seed: number): Scenario {
  return drawNamedScenario(values.scenario, seed, seconds)
}

function run(scenario: Scenario, options: Omit<SimulationOptions, 'machine'> = {}): Outcome {
  const outcome = withoutNondeterminism(() => simulate(scenario, { machine, ...options }))
  if (!values.twice || outcome.failure !== null) return outcome
  const { hash } = withoutNondeterminism(() => simulate(scenario, { machine }))
  return hash === outcome.hash ? outcome : { ...outcome, failure: otherCourse(outcome, hash) }
}

function otherCourse({ seed, hash, simulatedUs }: Outcome, second: string): Failure {
  return {
    invariant: 'DETERMINISM',
    detail: `the trace's hash was ${hash}, and ${second} the second time`,
    at: simulatedUs,
    lines: [],
    replay: `npm run sim -- --seed ${seed} --seconds ${seconds} --twice`,
    cause: null,
    chart: [],
    peers: [],
  }
}

/** One run, here; where it was read from a tape, `path` is where. */
function runOne(scenario: Scenario, path?: string): number {
  const lines: string[] = []
  const report = new Report(1, true, !values.trace)
  const outcome = run(scenario, {
    ...(values.trace && { print: (line: string) => lines.push(line) }),
    ...(path !== undefined && { replay: replayTape(path) }),
  })
  // Afterwards, since printing needs what a run may not have.
  if (values.trace) console.log(lines.join('\n'))
  report.add(outcome)
  if (outcome.failure !== null) {
    if (path === undefined) writeTape(scenario, outcome.failure)
    if (values.shrink) shrinkToFiles(scenario, outcome.failure, machine)
  }
  return report.finish()
}

/** Writes the tape of each run that failed, and shrinks the first of each invariant. */
function keepFailures(report: Report): void {
  const seen = new Set<string>()
  for (const { seed, failure } of report.failed) {
    const scenario = scenarioOf(seed)
    writeTape(scenario, failure)
    if (seen.size < mostShrunk && !seen.has(failure.invariant)) {
      seen.add(failure.invariant)
      shrinkToFiles(scenario, failure, machine)
    }
  }
}

/** A share of the seeds. */
function* runShare(first: number, end: number, step: number): Generator<Outcome> {
  for (let seed = first; seed < end; seed += step) yield run(scenarioOf(seed))
}

/** All seeds, in processes of their own. */
async function runAll(first: number, count: number, workers: number): Promise<number> {
  // Only the swarm is meant to reach everything.
  const report = new Report(count, values.hashes, true, values.scenario === 'swarm')
  const shares = Array.from({ length: Math.min(workers, count) }, (_, index) => {
    const share = ['--first', String(first + index), '--seeds', String(count - index)]
    const kind = ['--seconds', String(seconds), '--scenario', values.scenario]
    const twice = values.twice ? ['--twice'] : []
    return [...share, ...kind, ...twice, '--step', String(workers)]
  })
  const { ended } = startShares(import.meta.url, shares, (told) => report.add(told as Outcome))
  const code = await ended
  if (code !== 0) console.error('a simulating process broke off: see above')
  keepFailures(report)
  return code === 0 ? report.finish() : code
}

const first = numberOf('first')
const count = numberOf('seeds')
if (values.step !== undefined) {
  await workAsShare(runShare(first, first + count, numberOf('step')))
} else if (values.tape !== undefined) {
  const { story, scenario } = parseTape(readFileSync(values.tape, 'utf8'))
  console.log(story)
  process.exitCode = runOne(scenario, values.tape)
} else if (values.seed !== undefined) process.exitCode = runOne(scenarioOf(numberOf('seed')))
else process.exitCode = await runAll(first, count, numberOf('workers'))
