/** `npm run acceptance -- [--short] [names]`: what an ensemble of real processes must survive. */
import { parseArgs } from 'node:util'
import * as programs from './programs.ts'
import { reconfiguration } from './reconfiguration.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false } },
})
const all: Readonly<Record<string, programs.Program>> = {
  'leader-kills': programs.leaderKills,
  'ensemble-kills': programs.ensembleKills,
  'damaged-log': programs.damagedLog,
  'damaged-snapshot': programs.damagedSnapshot,
  'torn-log': programs.tornLog,
  'emptied-directory': programs.emptiedDirectory,
  'stopped-follower': programs.stoppedFollower,
  reconfiguration,
}
const extent = values.short ? programs.shortExtent : programs.fullExtent
const names = positionals.length > 0 ? positionals : Object.keys(all)
let passed = 0
let failed = 0
for (const name of names) {
  const program = all[name]
  if (program === undefined)
    throw new Error(`no program ${name}; there are ${Object.keys(all).join(', ')}`)
  const begun = Date.now()
  console.log(`${name} …`)
  try {
    await program(extent, (line) => {
      console.log(`  ${line}`)
    })
    passed += 1
    console.log(`  passed in ${((Date.now() - begun) / 1_000).toFixed(1)} s`)
  } catch (error) {
    failed += 1
    console.log(`  FAILED: ${error instanceof Error ? (error.stack ?? '') : String(error)}`)
  }
}
console.log(`acceptance: ${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
