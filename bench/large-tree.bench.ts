/**
 * A million znodes of 100 B in an ensemble of three: what one takes up in memory, what a checkpoint of
 * a thousand of them does to the loop, how long a peer takes to be back, and to have all of it sent
 * while 5,000 writes a second go on.
 */
import { join } from 'node:path'
import { mkdtempSync, rmSync } from 'node:fs'
import { benchDirectory, medianRun, type Bench, type Figures } from './harness.ts'
import { BenchProcess, freePorts } from './processes.ts'
import type { CheckpointFigures, LoadFigures, MemoryFigures, TreeQuestion } from './tree-peer.ts'

const znodes = 1_000_000
const dirty = 1_000
const writesPerSecond = 5_000
const readyWithinMs = 300_000
const checkpointRounds = 5
const conditions = '1,000,000 znodes of 100 B, 3 peers'

/** Three peers, each in a process that can be ended and begun anew. */
class LargeTree {
  readonly #directory = mkdtempSync(join(benchDirectory(), 'large-tree-'))
  readonly #processes = new Map<number, BenchProcess>()
  readonly #ensemble: readonly {
    readonly id: number
    readonly host: string
    readonly port: number
  }[]

  constructor(ports: readonly number[]) {
    this.#ensemble = ports.map((port, index) => ({ id: index + 1, host: '127.0.0.1', port }))
  }

  /** Begins every peer, and says which one leads. */
  async found(): Promise<number> {
    const ids = this.#ensemble.map(({ id }) => id)
    await Promise.all(ids.map((id) => this.begin(id)))
    const roles = await Promise.all(ids.map((id) => this.ask<string>(id, { type: 'role' })))
    const leader = ids[roles.indexOf('leader')]
    if (leader === undefined) throw new Error(`nobody leads: ${roles.join(', ')}`)
    return leader
  }

  /** Begins a peer on what it had, and says how many seconds later it is ready. */
  async begin(id: number, limits: object = {}): Promise<number> {
    const peer = new BenchProcess('./tree-peer.ts', [], ['--expose-gc'])
    this.#processes.set(id, peer)
    const dir = join(this.#directory, String(id))
    const options = { id, dir, ensemble: this.#ensemble, limits, thread: 'inline' }
    const question = { type: 'open', options, readyWithinMs } as TreeQuestion
    return (await peer.ask<number>(question)) / 1_000
  }

  ask<Answer>(id: number, question: TreeQuestion): Promise<Answer> {
    const peer = this.#processes.get(id)
    if (peer === undefined) throw new Error(`peer ${String(id)} was never begun`)
    return peer.ask<Answer>(question)
  }

  async close(id: number): Promise<void> {
    await this.ask(id, { type: 'close' })
    await this.#processes.get(id)?.end()
  }

  lose(id: number): void {
    rmSync(join(this.#directory, String(id)), { recursive: true })
  }

  async end(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((peer) => peer.end()))
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

async function measure(): Promise<readonly Figures[]> {
  const tree = new LargeTree(await freePorts(3))
  try {
    const leader = await tree.found()
    const empty = await tree.ask<MemoryFigures>(leader, { type: 'memory' })
    await tree.ask(leader, { type: 'grow', znodes })
    const full = await tree.ask<MemoryFigures>(leader, { type: 'memory' })

    const other = (leader % 3) + 1
    await tree.close(other)
    const restartSeconds = await tree.begin(other, { checkpointZnodes: dirty })
    const rounds: CheckpointFigures[] = []
    for (let round = 0; round < checkpointRounds; round += 1) {
      rounds.push(await tree.ask(other, { type: 'checkpoint', dirty, znodes }))
    }
    await tree.close(other)
    tree.lose(other)
    await tree.ask(leader, { type: 'load', perSecond: writesPerSecond, znodes })
    const snapSeconds = await tree.begin(other)
    const load = await tree.ask<LoadFigures>(leader, { type: 'stop' })
    return [
      memoryFigures(empty, full),
      checkpointFigures(rounds),
      { name: 'restart', conditions, figures: { 's until ready': restartSeconds } },
      snapFigures(snapSeconds, load),
    ]
  } finally {
    await tree.end()
  }
}

function memoryFigures(empty: MemoryFigures, full: MemoryFigures): Figures {
  const files = full.fileBytes - empty.fileBytes
  const all = full.residentBytes - empty.residentBytes
  return {
    name: 'resident memory',
    conditions,
    figures: {
      'B/znode': (all - files) / znodes,
      'B/znode of mapped files': files / znodes,
      'MiB in all': full.residentBytes / 2 ** 20,
    },
  }
}

function checkpointFigures(rounds: readonly CheckpointFigures[]): Figures {
  const count = String(rounds.length)
  return {
    name: 'checkpoint',
    conditions: `${dirty.toLocaleString('en')} dirty of them, worst of ${count}`,
    figures: {
      ms: Math.max(...rounds.map(({ tookMs }) => tookMs)),
      'ms longest turn': Math.max(...rounds.map((one) => one.longestMs)),
      'ms longest, but for waits for a core': Math.max(...rounds.map((one) => one.longestOwnMs)),
    },
  }
}

function snapFigures(seconds: number, load: LoadFigures): Figures {
  return {
    name: 'SNAP to an empty peer',
    conditions: `${writesPerSecond.toLocaleString('en')} writes/s asked for meanwhile`,
    figures: {
      's until ready': seconds,
      'write/s': load.writes / load.seconds,
      refused: load.refused,
      'ms p99': load.p99Ms,
      'ms worst': load.worstMs,
      "ms longest turn of the leader's": load.longestMs,
      'ms longest, but for waits for a core': load.longestOwnMs,
    },
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
