/**
 * `npm run faults -- [--smoke] [--soak 15m] [--seed n] [--unprivileged] [scenarios]`: three peers as
 * processes on real disks and sockets, disturbed from outside, and every history judged.
 */
import { parseArgs } from 'node:util'
import { endEnsembles } from './ensemble.ts'
import { lackingFor } from './privileges.ts'
import { Random } from './random.ts'
import { runRound } from './round.ts'
import { isSmoke, scenarios, type Scenario } from './scenarios.ts'
import { drawEnsemble, drawFaults } from './soak.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    smoke: { type: 'boolean', default: false },
    soak: { type: 'string' },
    seed: { type: 'string' },
    unprivileged: { type: 'boolean', default: false },
  },
})
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed)
const maxGapMs = 8_000
let passed = 0
const failed: string[] = []
const leftOut: string[] = []

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void endEnsembles().finally(() => process.exit(1))
  })
}
console.log(`faults: seed ${seed}`)
if (values.soak === undefined) await runScenarios()
else await runSoak(millisecondsOf(values.soak))
for (const one of leftOut) console.log(`left out: ${one}`)
if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`)
console.log(`faults: ${passed} passed, ${failed.length} failed, ${leftOut.length} left out`)
// What was not run has not passed; that it was not may be excused, but not where all has to be.
const isExcused = values.unprivileged && process.env['CI'] === undefined
process.exitCode = failed.length > 0 || (leftOut.length > 0 && !isExcused) ? 1 : 0

async function runScenarios(): Promise<void> {
  const chosen = scenarios.filter((scenario) => {
    if (positionals.length > 0) return positionals.some((name) => scenario.name.includes(name))
    return !values.smoke || isSmoke(scenario)
  })
  if (chosen.length === 0) throw new Error(`no such scenario: ${positionals.join(', ')}`)
  for (const scenario of chosen) {
    const lacking = lackingFor(scenario)
    if (lacking.length > 0) leftOut.push(`${scenario.name}: needs ${lacking.join(', ')}`)
    else await runOne(scenario, seed)
  }
}

async function runSoak(durationMs: number): Promise<void> {
  const end = Date.now() + durationMs
  const needs = { network: 'namespaces', shim: true, diskMib: 1 } as const
  const lacking = lackingFor(needs)
  if (lacking.length > 0) leftOut.push(`namespaces and full disks: need ${lacking.join(', ')}`)
  for (let round = 0; Date.now() < end; round += 1) {
    const roundSeed = seed + round
    const options = drawEnsemble(new Random(roundSeed), lacking.length === 0)
    const name = `round ${round + 1}, seed ${roundSeed}, ${options.network}`
    await runOne({ name, ...options, disturb: drawFaults(options) }, roundSeed)
  }
}

async function runOne({ name, disturb, ...options }: Scenario, seed: number): Promise<void> {
  const begun = Date.now()
  console.log(`${name} …`)
  const random = new Random(seed)
  try {
    await runRound({
      ...options,
      seed,
      maxGapMs,
      say: (line) => console.log(`  ${line}`),
      disturb: (ensemble) => disturb(ensemble, random),
    })
    passed += 1
    console.log(`  passed in ${secondsSince(begun)} s`)
  } catch (error) {
    failed.push(name)
    console.log(
      `  FAILED in ${secondsSince(begun)} s: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
    )
  }
}

function secondsSince(begun: number): string {
  return ((Date.now() - begun) / 1_000).toFixed(1)
}

/** `90s`, `15m`, `1h`. */
function millisecondsOf(text: string): number {
  const [, count, unit] = /^(\d+)([smh])$/.exec(text) ?? []
  if (count === undefined) throw new Error(`--soak ${text}: give a duration like 90s, 15m, 1h`)
  return Number(count) * { s: 1_000, m: 60_000, h: 3_600_000 }[unit as 's' | 'm' | 'h']
}
