/**
 * `conclave/testing`: whole ensembles in the process of a test, for the tests of services. All that an
 * application may name of it.
 */
import { resolveEnsembleOptions, type EnsembleOptions } from './testing/ensemble-options.ts'
import { TestEnsemble } from './testing/test-ensemble.ts'

export type { HistoryEntry } from '@conclave/sim'
export { checkHistory, type CheckOptions } from './testing/check-history.ts'
export type { EnsembleOptions, TestEnsemble }

/**
 * An ensemble of real peers in this process, without disk, sockets or clock, and ready: it has a
 * leader, and every peer follows it. What a service does with a `Session` it does here too.
 *
 * Time is virtual. It stands still while the test's own code runs, and flows while a call of the
 * ensemble waits for its answer: awaiting one just works, and takes no real time. `advance` lets more
 * of it pass. All that chance decides comes from the seed: the same test takes the same course again.
 *
 * Rejects with `BAD_OPTION` for options that cannot be.
 */
export async function ensemble(options?: EnsembleOptions): Promise<TestEnsemble> {
  const test = new TestEnsemble(resolveEnsembleOptions(options))
  await test.start()
  return test
}
