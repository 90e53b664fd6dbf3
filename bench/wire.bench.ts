/**
 * ZooKeeper's protocol, side by side: the same load on three peers of Conclave, on three servers of Apache
 * ZooKeeper, and on a stub that answers with constants, which tells what the load itself can do. All are
 * started at once, and each shape is measured on one after the other: on a machine that is shared, what
 * lies close together in time can be compared.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { benchDirectory, medianRun, type Bench, type Figures } from './harness.ts'
import { warmUpSeconds } from './load.ts'
import { BenchProcess } from './processes.ts'
import type { WireQuestion, WireResult } from './wire-load.ts'
import {
  startConclave,
  startStub,
  startZooKeeper,
  zooKeeperVersion,
  type WireServers,
} from './wire-servers.ts'

const shapes = [
  { operation: 'set', connections: 30, outstanding: 100 },
  { operation: 'get', connections: 30, outstanding: 100 },
  { operation: 'set', connections: 1, outstanding: 1 },
  { operation: 'get', connections: 1, outstanding: 1 },
] as const

/** What a warm-up answers at least: by then even one request at a time meets compiled code. */
const warmUpAnswers = 5_000

type Shape = (typeof shapes)[number]

/** What a shape came to on one of the three. */
interface Result {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of all servers, an operation; the load's own is not in it. */
  readonly cpuMicros: number
}

async function measure(seconds: number): Promise<readonly Figures[]> {
  const directory = mkdtempSync(join(benchDirectory(), 'wire-'))
  const started: WireServers[] = []
  try {
    for (const start of [startConclave, startZooKeeper, startStub]) {
      started.push(await start(mkdtempSync(join(directory, 'servers-'))))
    }
    const results: Figures[] = []
    for (const shape of shapes) {
      const each: Result[] = []
      for (const servers of started) each.push(await loadOn(servers, shape, seconds))
      results.push(figuresOf(shape, each))
    }
    return results
  } finally {
    await Promise.all(started.map((servers) => servers.end()))
    rmSync(directory, { recursive: true, force: true })
  }
}

function figuresOf(
  { operation, connections, outstanding }: Shape,
  each: readonly Result[],
): Figures {
  const [conclave, zooKeeper, stub] = each
  if (conclave === undefined || zooKeeper === undefined || stub === undefined) {
    throw new Error('a shape is measured on all three')
  }
  return {
    name: `${operation}Data, ${String(connections)} × ${String(outstanding)}`,
    conditions: '100 B, connections × outstanding, 3 servers',
    figures: {
      'op/s Conclave': conclave.perSecond,
      [`op/s ZooKeeper ${zooKeeperVersion}`]: zooKeeper.perSecond,
      'times as many': conclave.perSecond / zooKeeper.perSecond,
      'op/s of a stub': stub.perSecond,
      'ms p50 Conclave': conclave.p50Ms,
      'ms p50 ZooKeeper': zooKeeper.p50Ms,
      'of its p50': conclave.p50Ms / zooKeeper.p50Ms,
      'ms p99 Conclave': conclave.p99Ms,
      'ms p99 ZooKeeper': zooKeeper.p99Ms,
      'µs CPU Conclave': conclave.cpuMicros,
      'µs CPU ZooKeeper': zooKeeper.cpuMicros,
      'times the faster is what the load can':
        stub.perSecond / Math.max(conclave.perSecond, zooKeeper.perSecond),
    },
  }
}

async function loadOn(
  servers: WireServers,
  { operation, connections, outstanding }: Shape,
  seconds: number,
): Promise<Result> {
  const load = new BenchProcess('./wire-load.ts', [])
  const ask = <Answer>(question: WireQuestion): Promise<Answer> => load.ask<Answer>(question)
  try {
    await ask({ type: 'connect', ports: servers.ports, connections })
    const asked = { type: 'run', operation, outstanding } as const
    await ask({ ...asked, seconds: warmUpSeconds, atLeast: warmUpAnswers })
    const before = servers.cpuMicros()
    const result = await ask<WireResult>({ ...asked, seconds, atLeast: 0 })
    const spent = servers.cpuMicros() - before
    if (result.errors > 0) throw new Error(`${String(result.errors)} requests failed`)
    return {
      perSecond: result.operations / result.seconds,
      p50Ms: result.p50Ms,
      p99Ms: result.p99Ms,
      cpuMicros: spent / result.answers,
    }
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
