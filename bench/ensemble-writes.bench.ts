/**
 * The whole of Conclave: three processes, each embedding a peer on a directory of its own, and the
 * callers inside the leader's process. Writes of 100 B over 1,000 znodes, fsync on; local reads.
 */
import { join } from 'node:path'
import { mkdtempSync, rmSync } from 'node:fs'
import type { PeerQuestion } from './ensemble-peer.ts'
import { benchDirectory, medianRun, type Bench, type Figures } from './harness.ts'
import { callerCounts, warmUpSeconds, writeFigures, type LoadResult } from './load.ts'
import { BenchProcess, freePorts } from './processes.ts'

const ids = [1, 2, 3]

async function measure(seconds: number): Promise<readonly Figures[]> {
  const directory = mkdtempSync(join(benchDirectory(), 'ensemble-'))
  const ports = await freePorts(ids.length)
  const ensemble = ids.map((id, index) => ({ id, host: '127.0.0.1', port: ports[index] ?? 0 }))
  const peers = ids.map(() => new BenchProcess('./ensemble-peer.ts', []))
  const ask = <Answer>(peer: BenchProcess, question: PeerQuestion): Promise<Answer> =>
    peer.ask<Answer>(question)
  try {
    await Promise.all(
      peers.map((peer, index) => {
        const id = ids[index] ?? 0
        const options = {
          id,
          dir: join(directory, String(id)),
          ensemble,
          thread: 'inline',
        } as const
        return ask(peer, { type: 'open', options })
      }),
    )
    const roles = await Promise.all(peers.map((peer) => ask<string>(peer, { type: 'role' })))
    const leader = peers[roles.indexOf('leader')]
    if (leader === undefined) throw new Error(`nobody leads: ${roles.join(', ')}`)
    await ask(leader, { type: 'prepare' })
    const results: Figures[] = []
    const cpuMicros = (): Promise<number[]> =>
      Promise.all(peers.map((peer) => ask<number>(peer, { type: 'cpu' })))
    for (const callers of callerCounts) {
      await ask(leader, { type: 'writes', callers, seconds: warmUpSeconds })
      const before = await cpuMicros()
      const result = await ask<LoadResult & { syncs: number }>(leader, {
        type: 'writes',
        callers,
        seconds,
      })
      const spent = (await cpuMicros()).map((micros, index) => micros - (before[index] ?? 0))
      const ofLeader = spent[peers.indexOf(leader)] ?? Number.NaN
      const ofAll = spent.reduce((sum, micros) => sum + micros, 0)
      // The warm-up, a tenth of the time, is in the CPU time and not in the count of operations.
      const operations = result.operations * 1.1
      results.push({
        name: `set, ${callers.toLocaleString('en')} outstanding`,
        conditions: '100 B, 1,000 znodes, 3 peers, callers at the leader',
        figures: {
          ...writeFigures(result),
          'µs CPU, leader': ofLeader / operations,
          'µs CPU, each follower': (ofAll - ofLeader) / 2 / operations,
        },
      })
    }
    const read = await ask<LoadResult>(leader, { type: 'reads', seconds })
    results.push({
      name: 'get, local, 1 outstanding',
      conditions: '100 B, 1,000 znodes, through the Session',
      figures: { 'read/s': read.operations / read.seconds },
    })
    return results
  } finally {
    await Promise.all(peers.map((peer) => peer.end()))
    rmSync(directory, { recursive: true, force: true })
  }
}

export const ensembleBench: Bench = {
  name: 'ensemble',
  about: 'three processes with a peer each, callers inside the leader, fsync on',
  async run({ seconds, runs }) {
    const results: (readonly Figures[])[] = []
    for (let index = 0; index < runs; index += 1) results.push(await measure(seconds))
    return medianRun(results)
  },
}
