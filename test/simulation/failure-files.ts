/**
 * What a failure leaves behind, in `sim-failures/`: the tape of the run, and when it has been shrunk
 * the tape of what is left and a page that a person can read.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import {
  defaultShrinkRuns,
  formatTape,
  shrink,
  simulate,
  type Failure,
  type Machine,
  type Scenario,
  type Shrunk,
} from '@conclave/sim'
import { failurePage } from './failure-page.ts'

const folder = 'sim-failures'
/** Shrinking goes on for so long, at most. */
const shrinkMs = 90_000

/** What to type to run a tape again. */
export function replayTape(path: string): string {
  return `npm run sim -- --tape ${path}`
}

/** The run's name among the files. */
function nameOf({ name, seed }: Scenario): string {
  return name === 'swarm' ? String(seed) : `${name}-${seed}`
}

/** Writes the tape of a run that failed, and says what runs it again. */
export function writeTape(scenario: Scenario, failure: Failure): void {
  const text = formatTape({ story: storyOf(failure), scenario })
  const path = write(`${nameOf(scenario)}.json`, text)
  console.log(`written down: ${replayTape(path)}`)
}

/** Shrinks a run that failed, says how it goes, and writes what is left. */
export function shrinkToFiles(
  scenario: Scenario,
  failure: Failure,
  machine: Machine,
  runs: number = defaultShrinkRuns,
): Shrunk {
  const deadline = performance.now() + shrinkMs
  console.log(`shrinking ${failure.invariant} of ${sizeOf(scenario)}`)
  const shrunk = shrink(scenario, failure, (one) => simulate(one, { machine }).failure, {
    maxRuns: runs,
    mayGoOn: () => performance.now() < deadline,
    onProgress: (progress) => {
      console.log(`  ${progress.runs} runs, ${progress.pass}: ${sizeOf(progress.scenario)}`)
    },
  })
  const name = nameOf(scenario)
  const story = storyOf(shrunk.failure)
  const tape = write(`${name}.shrunk.json`, formatTape({ story, scenario: shrunk.scenario }))
  const page = write(
    `${name}.txt`,
    failurePage({ shrunk, from: sizeOf(scenario), replay: replayTape(tape) }),
  )
  console.log(`${shrunk.runs} runs left ${sizeOf(shrunk.scenario)}: see ${page}`)
  console.log(`again: ${replayTape(tape)} --trace`)
  return shrunk
}

function storyOf({ invariant, detail }: Failure): string {
  return `${invariant}: ${detail}`
}

function sizeOf({ faults, activities, ensemble, faultyUs }: Scenario): string {
  const counts = [
    `${faults.length} faults`,
    `${activities.length} activities`,
    `${ensemble.members.length} peers`,
  ]
  return `${counts.join(', ')}, ${(faultyUs / 1_000_000).toFixed(1)} s`
}

function write(name: string, text: string): string {
  mkdirSync(folder, { recursive: true })
  const path = `${folder}/${name}`
  writeFileSync(path, text)
  return path
}
