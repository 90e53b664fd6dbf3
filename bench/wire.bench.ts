/**
 * ZooKeeper's protocol, side by side: the same load against three peers of Conclave and against three
 * servers of Apache ZooKeeper, one after the other, on one machine; and against a stub that answers with
 * constants, which tells what the load itself can do. A line counts where that is at least twice as much.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { benchDirectory, medianRun, type Bench, type Figures } from './harness.ts'
import { warmUpSeconds } from './load.ts'
import { BenchProcess } from './processes.ts'
import type { WireQuestion, WireResult } from './wire-load.ts'
import { startConclave, startZooKeeper, zooKeeperVersion } from './wire-servers.ts'

const shapes = [
  { operation: 'set', connections: 30, outstanding: 100 },
  { operation: 'get', connections: 30, outstanding: 100 },
  { operation: 'set', connections: 1, outstanding: 1 },
  { operation: 'get', connections: 1, outstanding: 1 },
] as const

/** What each shape came to, in their order. */
type Results = readonly WireResult[]

async function measure(seconds: number): Promise<readonly Figures[]> {
  const ofStub = await measureStub(seconds)
  const ofConclave = await measureServers(startConclave, seconds)
  const ofZooKeeper = await measureServers(startZooKeeper, seconds)
  return shapes.map((shape, index) => {
    const [conclave, zooKeeper, stub] = [ofConclave[index], ofZooKeeper[index], ofStub[index]]
    const [ours, theirs, most] = [rateOf(conclave), rateOf(zooKeeper), rateOf(stub)]
    return {
      name: `${shape.operation}Data, ${String(shape.connections)} × ${String(shape.outstanding)}`,
      conditions: '100 B, connections × outstanding, 3 servers',
      figures: {
        'op/s Conclave': ours,
        [`op/s ZooKeeper ${zooKeeperVersion}`]: theirs,
        'times as many': ours / theirs,
        'op/s of a stub': most,
        'ms p50 Conclave': conclave?.p50Ms ?? Number.NaN,
        'ms p50 ZooKeeper': zooKeeper?.p50Ms ?? Number.NaN,
        'of its p50': (conclave?.p50Ms ?? Number.NaN) / (zooKeeper?.p50Ms ?? Number.NaN),
        'ms p99 Conclave': conclave?.p99Ms ?? Number.NaN,
        'ms p99 ZooKeeper': zooKeeper?.p99Ms ?? Number.NaN,
        'times the faster is what the load can': most / Math.max(ours, theirs),
      },
    }
  })
}

function rateOf(result: WireResult | undefined): number {
  return result === undefined ? Number.NaN : result.operations / result.seconds
}

async function measureServers(
  start: (directory: string) => Promise<{ ports: readonly number[]; end(): Promise<void> }>,
  seconds: number,
): Promise<Results> {
  const directory = mkdtempSync(join(benchDirectory(), 'wire-'))
  const servers = await start(directory)
  try {
    return await loadOn(servers.ports, seconds, true)
  } finally {
    await servers.end()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function measureStub(seconds: number): Promise<Results> {
  const stub = new BenchProcess('./wire-stub.ts', [])
  try {
    return await loadOn([await stub.ask<number>({})], seconds, false)
  } finally {
    await stub.end()
  }
}

async function loadOn(
  ports: readonly number[],
  seconds: number,
  prepares: boolean,
): Promise<Results> {
  const load = new BenchProcess('./wire-load.ts', [])
  const ask = <Answer>(question: WireQuestion): Promise<Answer> => load.ask<Answer>(question)
  const results: WireResult[] = []
  try {
    for (const { operation, connections, outstanding } of shapes) {
      await ask({ type: 'connect', ports, connections, prepares })
      await ask({ type: 'run', operation, outstanding, seconds: warmUpSeconds })
      const result = await ask<WireResult>({ type: 'run', operation, outstanding, seconds })
      if (result.errors > 0) throw new Error(`${String(result.errors)} requests failed`)
      results.push(result)
      await ask({ type: 'close' })
    }
    return results
  } finally {
    await load.end()
  }
}

export const wireBench: Bench = {
  name: 'wire',
  about: `ZooKeeper's protocol: Conclave, Apache ZooKeeper ${zooKeeperVersion}, and a stub`,
  async run({ seconds, runs }) {
    const results: (readonly Figures[])[] = []
    for (let index = 0; index < runs; index += 1) results.push(await measure(seconds))
    return medianRun(results)
  },
}
