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
  const how = { seed, numRuns: count, noBias: true }
  const details = fc.check(
    property,
    path === undefined ? how : { ...how, path, endOnFailure: true },
  )
  if (!details.failed) return null
  const error = details.errorInstance
  return {
    seed,
    path: details.counterexamplePath ?? '',
    program: (details.counterexample as [Program])[0],
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
