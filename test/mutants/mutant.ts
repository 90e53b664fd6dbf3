/**
 * A mutant: one bug, planted on purpose in a copy of the sources, that a test must find. It is a value
 * that reads as a diff; the sources themselves know nothing of it.
 */

/** Replaces `from`, which stands in the file exactly once, by `to`. */
export interface Edit {
  /** From the root of the repository. */
  readonly file: string
  readonly from: string
  readonly to: string
}

/** The ensemble simulator finds it, in one of the seeds `first`, `first + 1`… */
export interface InSimulation {
  readonly type: 'simulation'
  /** `swarm`, or one of packages/sim/src/named-scenarios.ts. */
  readonly scenario: string
  /** How long faults may come, in virtual time. */
  readonly seconds: number
  readonly first: number
  /** So many seeds suffice: those that the fixed run tries. */
  readonly seeds: number
}

/** A test of the repository fails. */
export interface InTests {
  readonly type: 'tests'
  readonly file: string
  /** Part of its full name. */
  readonly test: string
}

export interface Mutant {
  /** Its row in docs/mutants.md: M and CM, or X for what is ours alone; a letter where a row has several. */
  readonly id: string
  /** What is planted. */
  readonly bug: string
  /** Where it was seen before. */
  readonly origin: string
  /** Who may find it; anything else that breaks is reported, and is no kill. */
  readonly expects: readonly string[]
  readonly edits: readonly Edit[]
  readonly found: InSimulation | InTests
  /** For a pair: which defence was taken away too, so that the bug shows. */
  readonly mask?: string
}

/** Seeds of the swarm, from the first on. */
export function swarm(seeds: number, seconds = 15, first = 1): InSimulation {
  return { type: 'simulation', scenario: 'swarm', seconds, first, seeds }
}

/** Seeds of a named scenario. */
export function scenario(name: string, seeds: number, seconds = 30, first = 1): InSimulation {
  return { type: 'simulation', scenario: name, seconds, first, seeds }
}

/** A test by its file and a part of its name. */
export function failing(file: string, test: string): InTests {
  return { type: 'tests', file, test }
}
