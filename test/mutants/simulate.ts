/**
 * The entry of a test build: simulates seeds, one after the other, and prints a line of JSON for each.
 * Whoever started it reads them, and ends it when it has read enough.
 */
import { drawNamedScenario, realMachine, simulate } from '@conclave/sim'
import { pageCodec } from '@conclave/storage'

/** What one seed came to. */
export interface SeedResult {
  readonly seed: number
  /** The broken invariant, or `null`. */
  readonly invariant: string | null
  /** Who said so: an assertion of the core, the core in its own words, or the simulator. */
  readonly by: 'assertion' | 'peer' | 'simulator'
  readonly detail: string
}

const [, , name = 'swarm', seconds = '20', first = '1', count = '1'] = process.argv
const machine = realMachine(pageCodec)

for (let seed = Number(first); seed < Number(first) + Number(count); seed += 1) {
  const scenario = drawNamedScenario(name, seed, Number(seconds))
  const { failure } = simulate(scenario, { machine, keptLines: 1 })
  const thrown = failure?.cause ?? null
  // A peer that stops in words of its own names the rule in them.
  const own = failure?.invariant === 'FAIL' ? /: ([A-Z]\d+): /.exec(failure.detail)?.[1] : undefined
  const result: SeedResult = {
    seed,
    invariant: own ?? failure?.invariant ?? null,
    by: failure?.invariant === 'FAIL' ? 'peer' : thrown === null ? 'simulator' : 'assertion',
    detail: failure?.detail.slice(0, 300) ?? '',
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}
