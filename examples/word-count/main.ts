/**
 * The demo: `npm start`, or `npm start -- FOLDER` for the files of another folder than node_modules.
 *
 * Three processes, each with a peer inside and no server beside them, count the words of some
 * thousand files; on the way, the one that leads is killed. Then this process counts them alone, and
 * both counts must be the same. It ends with exit code 0 only if they are.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { countsAreEqual } from './counting.ts'
import { runDemo } from './demo.ts'
import { countPlainly, findChanged, listFiles } from './input.ts'
import { grouped, LiveView, seconds } from './live-view.ts'

const nodeModules = fileURLToPath(new URL('../../node_modules', import.meta.url))
/** It takes some ten seconds; what takes longer than this does not end at all. */
const timeLimitMs = 120_000

async function main(folder: string, view: LiveView, stop: AbortSignal): Promise<boolean> {
  const startedMs = Date.now()
  const files = await listFiles(folder)
  if (files.length === 0) throw new Error(`there are no files in ${folder}: give another folder`)
  view.say(`${grouped(files.length)} files in ${folder}`)
  const scratch = await mkdtemp(join(tmpdir(), 'conclave-word-count-'))
  try {
    const { totals, elapsedMs, failoverMs } = await runDemo(files, scratch, view, stop)
    view.say('counting the same files plainly, in one process, to compare')
    const beganMs = view.elapsedMs
    const plain = await countPlainly(files, stop)
    const plainMs = view.elapsedMs - beganMs
    const isEqual = countsAreEqual(totals, plain)

    view.showTotals([
      ['three peers', totals],
      ['plain count', plain],
    ])
    view.conclude(isEqual ? 'The totals are equal.' : 'THE TOTALS DIFFER.')
    if (!isEqual) {
      const changed = await findChanged(files, startedMs)
      for (const path of changed) view.conclude(`Changed meanwhile: ${relative(folder, path)}`)
    }
    const rate = grouped(Math.round(files.length / (elapsedMs / 1_000)))
    const failover = failoverMs === undefined ? 'not needed' : `${failoverMs.toFixed(0)} ms`
    view.conclude(
      `Three peers: ${seconds(elapsedMs)}, ${rate} files/s, the start, the kill and the restart included; ` +
        `plain count: ${seconds(plainMs)}.`,
    )
    view.conclude(`Failover: ${failover}. All in all: ${seconds(view.elapsedMs)}.`)
    return isEqual
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 })
  }
}

const view = new LiveView(process.stdout, () => performance.now())
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Not `once`: the terminal and npm may both send it, and the second one must not end the cleaning up.
  process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)))
}
const bound = setTimeout(() => {
  stop.abort(new Error(`not finished after ${timeLimitMs / 1_000} s`))
}, timeLimitMs)

try {
  const folder = process.argv[2] === undefined ? nodeModules : resolve(process.argv[2])
  process.exitCode = (await main(folder, view, stop.signal)) ? 0 : 1
} catch (error) {
  view.conclude(`FAILED: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  clearTimeout(bound)
}
