/** Random programs, and of the first that fails what is left when it is made smaller. */
import fc from 'fast-check'
import { describeProgram, type Program } from './program.ts'
import { program } from './programs.ts'
import type { Reached } from './reached.ts'
import { runProgram } from './run-program.ts'

export interface Failure {
  readonly seed: number
  /** Where among the programs of the seed the smallest is that fails. */
  readonly path: string
  readonly program: Program
  readonly error: string
}

/** So long a program may be made smaller, in ms: on a slow machine it stays larger, not for ever. */
const shrinkMs = 30_000

/** Checks so many programs of a seed, or the one at a path; `null` when all agree. */
export function checkPrograms(
  seed: number,
  count: number,
  reached: Reached,
  path?: string,
): Failure | null {
  const property = fc.property(program, (one) => {
    runProgram(one, reached)
  })
  // Biased towards what is small, programs would never fill a tree.
  const how = { seed, numRuns: count, noBias: true, ...(path !== undefined && { path }) }
  const found = fc.check(property, { ...how, endOnFailure: true })
  if (!found.failed) return null
  if (path !== undefined) return failureOf(seed, found)
  const from = found.counterexamplePath ?? ''
  const smaller = { ...how, path: from, interruptAfterTimeLimit: shrinkMs }
  return failureOf(seed, fc.check(property, smaller))
}

function failureOf(seed: number, details: fc.RunDetails<[Program]>): Failure {
  const { counterexample, counterexamplePath, errorInstance: error } = details
  return {
    seed,
    path: counterexamplePath ?? '',
    program: counterexample![0],
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  }
}

/** What somebody needs who is to mend it: the program, the difference, and how to see it again. */
export function describeFailure({ seed, path, program, error }: Failure): string {
  return [
    describeProgram(program),
    error,
    `As it is kept in counter-examples.ts: ${JSON.stringify(program)}`,
    `Again: npm run differential -- --seed ${seed} --replay ${path}`,
  ].join('\n\n')
}
