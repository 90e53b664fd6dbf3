/**
 * What every transport promises, as cases that any test runner can run: FIFO on each lane, links
 * that go up and down in turn, breaking rather than losing, refusals that say why. Each case opens
 * what it needs through a harness, and rejects when a promise does not hold.
 *
 * Nothing here sleeps: a case waits for what it is told, and the runner's own limit ends it.
 */
import { breakingCases } from './suite/breaking.ts'
import type { SuiteCase } from './suite/harness.ts'
import { identityCases } from './suite/identity.ts'
import { linkCases } from './suite/links.ts'

export type { HarnessOptions, SuiteCase, TransportHarness } from './suite/harness.ts'
export { Recorder, type Told } from './suite/recorder.ts'
export {
  parseSamplePage,
  sampleMessages,
  samplePage,
  sampleRequests,
} from './suite/sample-messages.ts'

/** Every promise of the port; a transport has to keep all of them. */
export const transportSuite: readonly SuiteCase[] = [
  ...linkCases,
  ...breakingCases,
  ...identityCases,
]
