/**
 * The limit: the log and the links of Conclave, moving the same pages between three processes as the
 * ensemble bench does, with nothing above them. "Within a factor of it" is how the whole is judged.
 */
import { join } from 'node:path'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import type { BareQuestion } from './bare-peer.ts'
import { benchDirectory, medianRun, type Bench, type Figures } from './harness.ts'
import { callerCounts, warmUpSeconds, writeFigures, type LoadResult } from './load.ts'
import { BenchProcess, freePorts } from './processes.ts'

const ids = [1, 2, 3]

async function measure(seconds: number): Promise<readonly Figures[]> {
  const directory = mkdtempSync(join(benchDirectory(), 'bare-'))
  const ports = await freePorts(ids.length)
  const peers = ids.map((id, index) => ({ id, host: '127.0.0.1', port: ports[index] ?? 0 }))
  const processes = ids.map(() => new BenchProcess('./bare-peer.ts', []))
  const ask = <Answer>(child: BenchProcess, question: BareQuestion): Promise<Answer> =>
    child.ask<Answer>(question)
  try {
    await Promise.all(
      processes.map((child, index) => {
        const id = ids[index] ?? 0
        const dir = join(directory, String(id))
        mkdirSync(dir)
        return ask(child, { type: 'open', id, dir, peers })
      }),
    )
    const leader = processes.at(-1)
    if (leader === undefined) throw new Error('there are three')
    const results: Figures[] = []
    for (const callers of callerCounts) {
      await ask(leader, { type: 'writes', callers, seconds: warmUpSeconds })
      const result = await ask<LoadResult & { syncs: number }>(leader, {
        type: 'writes',
        callers,
        seconds,
      })
      results.push({
        name: `bare, ${callers.toLocaleString('en')} outstanding`,
        conditions: '100 B, 3 processes, log and links only',
        figures: writeFigures(result),
      })
    }
    return results
  } finally {
    await Promise.all(processes.map((child) => child.end()))
    rmSync(directory, { recursive: true, force: true })
  }
}

export const bareBench: Bench = {
  name: 'bare-pipeline',
  about: 'the log and the links alone: the limit for the ensemble',
  async run({ seconds, runs }) {
    const results: (readonly Figures[])[] = []
    for (let index = 0; index < runs; index += 1) results.push(await measure(seconds))
    return medianRun(results)
  },
}
