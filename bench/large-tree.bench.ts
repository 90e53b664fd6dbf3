/**
 * A million znodes of 100 B in an ensemble of three: what one takes up in memory, what a checkpoint of
 * a thousand of them does to the loop, how long a peer takes to be back, and to have all of it sent
 * while 5,000 writes a second go on.
 */
import { join } from 'node:path'
import { mkdtempSync, rmSync } from 'node:fs'
import { benchDirectory, medianRun, type Bench, type Figures } from './harness.ts'
import { BenchProcess, freePorts } from './processes.ts'
import type { CheckpointFigures, LoadFigures, TreeQuestion } from './tree-peer.ts'

const znodes = 1_000_000
const dirty = 1_000
const writesPerSecond = 5_000
const readyWithinMs = 300_000
const checkpointRounds = 5
const conditions = '1,000,000 znodes of 100 B, 3 peers'

async function measure(): Promise<readonly Figures[]> {
  const directory = mkdtempSync(join(benchDirectory(), 'large-tree-'))
  const ids = [1, 2, 3]
  const ports = await freePorts(ids.length)
  const ensemble = ids.map((id, index) => ({ id, host: '127.0.0.1', port: ports[index] ?? 0 }))
  const processes = new Set<BenchProcess>()
  const ask = <Answer>(peer: BenchProcess, question: TreeQuestion): Promise<Answer> =>
    peer.ask<Answer>(question)
  const begin = async (
    id: number,
    limits: object,
  ): Promise<{ readonly peer: BenchProcess; readonly tookMs: number }> => {
    const peer = new BenchProcess('./tree-peer.ts', [], ['--expose-gc'])
    processes.add(peer)
    const options = { id, dir: join(directory, String(id)), ensemble, limits, thread: 'inline' }
    const question = { type: 'open', options, readyWithinMs } as TreeQuestion
    return { peer, tookMs: await ask<number>(peer, question) }
  }
  const leaderOf = async (peers: readonly BenchProcess[]): Promise<BenchProcess> => {
    const roles = await Promise.all(peers.map((peer) => ask<string>(peer, { type: 'role' })))
    const leader = peers[roles.indexOf('leader')]
    if (leader === undefined) throw new Error(`nobody leads: ${roles.join(', ')}`)
    return leader
  }
  try {
    const founders = await Promise.all(ids.map((id) => begin(id, {})))
    const peers = founders.map(({ peer }) => peer)
    const leader = await leaderOf(peers)
    const empty = await ask<number>(leader, { type: 'memory' })
    await ask(leader, { type: 'grow', znodes })
    const full = await ask<number>(leader, { type: 'memory' })

    // A follower comes back, and takes checkpoints as soon as a thousand znodes are dirty.
    const follower = peers.find((peer) => peer !== leader)
    if (follower === undefined) throw new Error('there are three')
    const id = ids[peers.indexOf(follower)] ?? 0
    await ask(follower, { type: 'close' })
    await follower.end()
    const returned = await begin(id, { checkpointZnodes: dirty })
    const rounds: CheckpointFigures[] = []
    for (let round = 0; round < checkpointRounds; round += 1) {
      rounds.push(await ask(returned.peer, { type: 'checkpoint', dirty, znodes }))
    }
    await ask(returned.peer, { type: 'close' })
    await returned.peer.end()

    // It comes back once more, with nothing.
    rmSync(join(directory, String(id)), { recursive: true })
    await ask(leader, { type: 'load', perSecond: writesPerSecond, znodes })
    const emptied = await begin(id, {})
    const load = await ask<LoadFigures>(leader, { type: 'stop' })
    return [
      {
        name: 'resident memory',
        conditions,
        figures: { 'B/znode': (full - empty) / znodes, 'MiB in all': full / 2 ** 20 },
      },
      {
        name: 'checkpoint',
        conditions: `${dirty.toLocaleString('en')} dirty of them, worst of ${String(checkpointRounds)}`,
        figures: {
          ms: Math.max(...rounds.map(({ tookMs }) => tookMs)),
          'ms longest turn of the loop': Math.max(...rounds.map((one) => one.longestTurnMs)),
        },
      },
      { name: 'restart', conditions, figures: { 's until ready': returned.tookMs / 1_000 } },
      {
        name: 'SNAP to an empty peer',
        conditions: `${writesPerSecond.toLocaleString('en')} writes/s asked for meanwhile`,
        figures: {
          's until ready': emptied.tookMs / 1_000,
          'write/s': load.writes / load.seconds,
          'ms p99': load.p99Ms,
          'ms worst': load.worstMs,
        },
      },
    ]
  } finally {
    await Promise.all([...processes].map((peer) => peer.end()))
    rmSync(directory, { recursive: true, force: true })
  }
}

export const largeTreeBench: Bench = {
  name: 'large-tree',
  about: 'a million znodes: memory, checkpoint, restart, SNAP under load',
  async run({ runs }) {
    const results: (readonly Figures[])[] = []
    for (let index = 0; index < runs; index += 1) results.push(await measure())
    return medianRun(results)
  },
}
