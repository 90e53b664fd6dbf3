/**
 * The parts of the write path that cost CPU, and the two that cost disk, one at a time, by
 * benchmark.js. Its ± speaks of one run; whole runs differ by more, so the median of several counts.
 */
import { join } from 'node:path'
import { mkdtempSync, rmSync } from 'node:fs'
import Benchmark from 'benchmark'
import {
  makeZxid,
  noPage,
  noSession,
  Replica,
  type Page,
  type PageEnd,
  type Txn,
} from '@conclave/core/internal'
import { pageCodec } from '@conclave/storage'
import { openBenchStore } from './bench-store.ts'
import { benchDirectory, medianRun, type Bench, type Figures } from './harness.ts'

const txnsPerPage = 500
const znodes = 1_000
const value = new Uint8Array(100).fill(0x61)
const path = (index: number): string => `/bench/${String(index % znodes).padStart(4, '0')}`
const conditions = `pages of ${String(txnsPerPage)} sets of 100 B`

/** Sets of the same znodes over and over; versions rise as the tree wants them. */
class SetPages {
  #count = 0
  #previous: PageEnd = noPage
  #counter = 0

  next(): { readonly page: Page; readonly txns: readonly Txn[] } {
    const txns: Txn[] = []
    for (let index = 0; index < txnsPerPage; index += 1) txns.push(this.#set())
    return this.#page(txns)
  }

  /** The znodes themselves, in one page. */
  creates(): { readonly page: Page; readonly txns: readonly Txn[] } {
    const header = {
      timeMs: 1,
      session: noSession,
      requestId: 0,
      data: null,
      ephemeralOwner: noSession,
      reap: 0,
    }
    const txns: Txn[] = [
      { ...header, type: 'create', path: '/bench', parentCreateCount: 1, acl: null },
    ]
    for (let index = 0; index < znodes; index += 1) {
      txns.push({
        ...header,
        type: 'create',
        path: path(index),
        parentCreateCount: index + 1,
        acl: null,
      })
    }
    return this.#page(txns)
  }

  #set(): Txn {
    const index = this.#count
    this.#count += 1
    const version = Math.floor(index / znodes) + 1
    const header = { timeMs: 1, session: noSession, requestId: 0 }
    return { ...header, type: 'set', path: path(index), data: value, version }
  }

  #page(txns: readonly Txn[]): { readonly page: Page; readonly txns: readonly Txn[] } {
    const first = makeZxid(1, this.#counter + 1)
    this.#counter += txns.length
    const page = pageCodec.encode({ first, previous: this.#previous, reconfigures: false, txns })
    this.#previous = page
    return { page, txns }
  }
}

const silent = {
  wantsResult: () => false,
  onChanged: () => undefined,
  onApplied: () => undefined,
}

/** Runs one case to its end and says how often it ran in a second. */
function perSecond(name: string, run: () => void, seconds: number): number {
  const suite = new Benchmark(name, run, { maxTime: seconds })
  suite.run()
  return suite.hz
}

function perSecondDeferred(
  name: string,
  run: (done: () => void) => void,
  seconds: number,
): Promise<number> {
  return new Promise((resolve) => {
    const suite = new Benchmark(name, {
      defer: true,
      maxTime: seconds,
      fn: (deferred: { resolve(): void }) => {
        run(() => {
          deferred.resolve()
        })
      },
      onComplete: () => {
        resolve(suite.hz)
      },
    })
    suite.run({ async: true })
  })
}

function micro(
  name: string,
  about: string,
  measure: (seconds: number) => Promise<readonly Figures[]>,
): Bench {
  return {
    name,
    about,
    async run({ seconds, runs }) {
      const results: (readonly Figures[])[] = []
      for (let index = 0; index < runs; index += 1) results.push(await measure(seconds))
      return medianRun(results)
    },
  }
}

const pageCodecBench = micro('page-codec', 'txns to bytes and back', (seconds) => {
  const { page, txns } = new SetPages().next()
  const draft = { first: page.first, previous: noPage, reconfigures: false, txns }
  const encodes = perSecond('encode', () => pageCodec.encode(draft), seconds)
  const parses = perSecond('parse', () => pageCodec.parse(page.bytes), seconds)
  const decodes = perSecond('decode', () => pageCodec.decode(page), seconds)
  return Promise.resolve([
    { name: 'encode', conditions, figures: { 'txn/s': encodes * txnsPerPage } },
    { name: 'parse', conditions, figures: { 'txn/s': parses * txnsPerPage } },
    { name: 'decode', conditions, figures: { 'txn/s': decodes * txnsPerPage } },
  ])
})

const treeApplyBench = micro('tree-apply', 'committed pages into tree and digest', (seconds) => {
  const pages = new SetPages()
  const replica = Replica.empty()
  const creates = pages.creates()
  replica.apply(creates.page, creates.txns, silent)
  let spentMs = 0
  let txnCount = 0
  while (spentMs < seconds * 1_000) {
    const { page, txns } = pages.next()
    const begun = performance.now()
    replica.apply(page, txns, silent)
    spentMs += performance.now() - begun
    txnCount += txns.length
  }
  const figures = { 'txn/s': (txnCount / spentMs) * 1_000 }
  return Promise.resolve([{ name: 'apply', conditions: `${conditions}, 1,000 znodes`, figures }])
})

const logAppendBench = micro(
  'log-append',
  'durable appends, one at a time: what one fsync costs here',
  async (seconds) => {
    const directory = mkdtempSync(join(benchDirectory(), 'log-'))
    const synced: (() => void)[] = []
    const store = await openBenchStore(directory, 1, () => synced.shift()?.())
    const pages = new SetPages()
    let seq = 0
    const appends = await perSecondDeferred(
      'append',
      (done) => {
        synced.push(done)
        seq += 1
        store.log.append(seq, [{ type: 'page', page: pages.next().page }])
      },
      seconds,
    )
    await store.close()
    rmSync(directory, { recursive: true })
    const figures = { 'append/s': appends, 'txn/s': appends * txnsPerPage }
    return [{ name: 'append, 1 outstanding', conditions, figures }]
  },
)

const checkpointBench = micro(
  'checkpoint',
  '1,000 dirty znodes into the snapshot, synced',
  async (seconds) => {
    const directory = mkdtempSync(join(benchDirectory(), 'snapshot-'))
    const store = await openBenchStore(directory, 1, () => undefined)
    const pages = new SetPages()
    const replica = Replica.empty()
    const creates = pages.creates()
    replica.apply(creates.page, creates.txns, silent)
    const tookMs: number[] = []
    const end = performance.now() + seconds * 1_000
    while (performance.now() < end) {
      for (let count = 0; count < znodes / txnsPerPage; count += 1) {
        const { page, txns } = pages.next()
        replica.apply(page, txns, silent)
      }
      const begun = performance.now()
      await store.snapshot.write(replica.freeze())
      tookMs.push(performance.now() - begun)
    }
    await store.close()
    rmSync(directory, { recursive: true })
    tookMs.sort((a, b) => a - b)
    const figures = {
      'ms p50': tookMs[Math.floor(tookMs.length / 2)] ?? Number.NaN,
      'ms p99': tookMs[Math.floor(tookMs.length * 0.99)] ?? Number.NaN,
    }
    return [{ name: 'checkpoint', conditions: '1,000 records of 100 B', figures }]
  },
)

export const microBenches: readonly Bench[] = [
  pageCodecBench,
  treeApplyBench,
  logAppendBench,
  checkpointBench,
]
