/**
 * `npm run crash-states [-- --short]`: whatever moment the power fails at, the store opens and holds
 * all that it has acknowledged. See docs/testing.md.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { rot } from './bit-rot.ts'
import { checkStates, type Report } from './check.ts'
import { failEachCall, failSystemCalls, type ErrorReport } from './injected-errors.ts'
import { models } from './models.ts'
import { findSpoiled, omissions } from './omissions.ts'
import type { Recording } from './operations.ts'
import { Readers } from './readers.ts'
import { record } from './record.ts'

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    /** Where directories are rebuilt: in memory, since it is not the disk that is tested. */
    scratch: { type: 'string', default: process.platform === 'linux' ? '/dev/shm' : tmpdir() },
  },
})
const begun = Date.now()
let failed = 0

function seconds(since: number): string {
  return `${((Date.now() - since) / 1_000).toFixed(1)} s`
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name || 'before'} ${String(count)}`).join(', ')
}

function print(name: string, report: Report, since: number): void {
  console.log(`${name}: ${String(report.stateCount)} states in ${seconds(since)}`)
  console.log(`  under each model: ${listed(report.byModel)}`)
  console.log(`  in each chapter: ${listed(report.byChapter)}`)
  console.log(
    `  called damaged, since LevelDB does not survive: ${listed(report.damaged) || 'none'}`,
  )
  for (const { model, moment, chapter, wrong, files } of report.findings.slice(0, 10)) {
    console.log(`  FAILED, ${model}, operation ${String(moment)}, ${chapter}: ${wrong}`)
    console.log(`    ${files}`)
  }
  console.log(`  wrong: ${String(report.findings.length)}`)
  failed += report.findings.length
}

async function checkLife(name: string, every: number, readers: Readers): Promise<Recording> {
  const since = Date.now()
  const recording = record(name, scratch)
  print(name, await checkStates(recording, { models, every }, readers), since)
  return recording
}

async function checkOmissions(recording: Recording, readers: Readers): Promise<void> {
  for (const omission of omissions) {
    const spoiled = await findSpoiled(recording, omission, readers)
    if (spoiled === null) failed += 1
    const result = spoiled === null ? 'NOT FOUND' : `found: ${spoiled}`
    console.log(`  ${omission.name} (${omission.model}): ${result}`)
  }
}

async function checkRot(every: number, readers: Readers): Promise<void> {
  const recording = record('small', scratch)
  let since = Date.now()
  for await (const { name, count, outcomes, wrong } of rot(recording, readers, every)) {
    console.log(`${name}: ${String(count)} times in ${seconds(since)}: ${listed(outcomes)}`)
    for (const one of wrong.slice(0, 10)) console.log(`  FAILED, ${one}`)
    console.log(`  wrong: ${String(wrong.length)}`)
    failed += wrong.length
    since = Date.now()
  }
}

function printErrors({ name, injected, wrong }: ErrorReport, since: number): void {
  console.log(`${name}: in ${seconds(since)}: ${listed(injected)}`)
  for (const one of wrong.slice(0, 10)) console.log(`  FAILED, ${one}`)
  console.log(`  wrong: ${String(wrong.length)}`)
  failed += wrong.length
}

const scratch = mkdtempSync(join(values.scratch, 'conclave-crash-states-'))
const readers = new Readers(Math.min(4, availableParallelism()), scratch)
try {
  const recording = await checkLife('usual', values.short ? 6 : 1, readers)
  if (!values.short) await checkLife('large', 40, readers)
  await checkRot(values.short ? 41 : 1, readers)
  let since = Date.now()
  printErrors(await failEachCall(scratch, readers, values.short ? 7 : 1), since)
  since = Date.now()
  printErrors(await failSystemCalls(scratch, readers, values.short ? 20 : 3), since)
  since = Date.now()
  console.log('with a sync left out:')
  await checkOmissions(recording, readers)
  console.log(`  ${String(omissions.length)} omissions in ${seconds(since)}`)
} finally {
  readers.close()
  rmSync(scratch, { recursive: true, force: true })
}
console.log(
  `crash-states: ${failed === 0 ? 'passed' : `${String(failed)} FAILED`} in ${seconds(begun)}`,
)
process.exitCode = failed === 0 ? 0 : 1
