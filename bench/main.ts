/** Runs the benches that are named, or all: see bench/README.md for how to read what they print. */
import { rmSync } from 'node:fs'
import { bareBench } from './bare-pipeline.bench.ts'
import { ensembleBench } from './ensemble-writes.bench.ts'
import {
  benchArguments,
  benchDirectory,
  environment,
  printFigures,
  writeResults,
  type Figures,
} from './harness.ts'
import { largeTreeBench } from './large-tree.bench.ts'
import { manySessionsBench } from './many-sessions.bench.ts'
import { microBenches } from './micro.bench.ts'
import { testKitBench } from './test-kit.bench.ts'
import { wireBench } from './wire.bench.ts'

const benches = [
  ...microBenches,
  testKitBench,
  bareBench,
  ensembleBench,
  largeTreeBench,
  manySessionsBench,
  wireBench,
]
const { names, json, ...options } = benchArguments()
const known = benches.map(({ name }) => name)
const unknown = names.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`no bench is called ${unknown.join(', ')}; there are ${known.join(', ')}`)
  process.exit(2)
}

for (const [key, value] of Object.entries(environment())) console.log(`${key.padEnd(12)} ${value}`)
const results: Record<string, readonly Figures[]> = {}
for (const bench of benches) {
  if (names.length > 0 && !names.includes(bench.name)) continue
  console.log(`\n${bench.name}: ${bench.about}`)
  const figures = await bench.run(options)
  printFigures(figures)
  results[bench.name] = figures
}
if (json !== undefined) writeResults(json, results)
rmSync(benchDirectory(), { recursive: true, force: true })
