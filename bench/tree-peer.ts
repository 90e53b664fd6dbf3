/** One process of the large-tree bench: a service that embeds a peer, and looks at its own loop. */
import { subscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { open, type Peer, type Session } from 'conclave'
import { watchTurns, type LongestTurns } from './loop-watch.ts'
import { answerQuestions } from './processes.ts'

const childrenPerParent = 1_000
const value = new Uint8Array(100).fill(0x61)
const parentOf = (index: number): string => `/tree/${String(Math.floor(index / childrenPerParent))}`
const pathOf = (index: number): string => `${parentOf(index)}/${String(index % childrenPerParent)}`

export type TreeQuestion =
  /** Opens the peer, and waits until it is ready. Answers with how long that took, in ms. */
  | {
      readonly type: 'open'
      readonly options: Parameters<typeof open>[0]
      readonly readyWithinMs: number
    }
  | { readonly type: 'role' }
  /** Creates so many znodes of 100 B. */
  | { readonly type: 'grow'; readonly znodes: number }
  /** Answers with the memory that the process has resident, after a garbage collection. */
  | { readonly type: 'memory' }
  /** Sets so many znodes, and answers with what the checkpoint of them took, and did to the loop. */
  | { readonly type: 'checkpoint'; readonly dirty: number; readonly znodes: number }
  /** Sets at a rate, until `stop`. */
  | { readonly type: 'load'; readonly perSecond: number; readonly znodes: number }
  | { readonly type: 'stop' }
  | { readonly type: 'close' }

export interface MemoryFigures {
  readonly residentBytes: number
  /** Of these, pages of files: of LevelDB's tables, above all. 0 where the system does not tell. */
  readonly fileBytes: number
}

export interface CheckpointFigures extends LongestTurns {
  readonly tookMs: number
}

export interface LoadFigures extends LongestTurns {
  readonly writes: number
  /** Writes that failed: more were waiting than may, since the machine did not keep up. */
  readonly refused: number
  readonly seconds: number
  readonly p99Ms: number
  readonly worstMs: number
}

let peer: Peer | undefined
let session: Session | undefined
let stopLoad: (() => Promise<LoadFigures>) | undefined
const checkpoints: number[] = []
let onCheckpoint: () => void = () => undefined
subscribe('conclave:store', (message) => {
  const { type, tookMs } = message as { type: string; tookMs: number }
  if (type !== 'checkpoint') return
  checkpoints.push(tookMs)
  onCheckpoint()
})

answerQuestions(async (question: TreeQuestion): Promise<unknown> => {
  switch (question.type) {
    case 'open': {
      const begun = performance.now()
      peer = await open(question.options)
      await peer.ready({ timeoutMs: question.readyWithinMs })
      return performance.now() - begun
    }
    case 'role':
      return peer?.status().role
    case 'grow':
      await grow(question.znodes)
      return 'grown'
    case 'memory':
      for (let round = 0; round < 3; round += 1) {
        globalThis.gc?.()
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      return { residentBytes: process.memoryUsage.rss(), fileBytes: residentFileBytes() }
    case 'checkpoint':
      return await checkpoint(question.dirty, question.znodes)
    case 'load':
      stopLoad = beginLoad(await opened(), question.perSecond, question.znodes)
      return 'begun'
    case 'stop':
      return await stopLoad?.()
    case 'close':
      await peer?.close()
      return 'closed'
  }
})

async function opened(): Promise<Session> {
  session ??= await peer?.session()
  if (session === undefined) throw new Error('open comes first')
  return session
}

/** Parents in their turn, then children in transactions of a hundred. */
async function grow(znodes: number): Promise<void> {
  const writer = await opened()
  await writer.create('/tree')
  for (let index = 0; index < znodes; index += childrenPerParent)
    await writer.create(parentOf(index))
  const perTxn = 100
  let next = 0
  const grower = async (): Promise<void> => {
    while (next < znodes) {
      const txn = writer.txn()
      const end = Math.min(next + perTxn, znodes)
      for (; next < end; next += 1) txn.create(pathOf(next), value)
      await txn.commit()
    }
  }
  await Promise.all(Array.from({ length: 16 }, grower))
}

/** Turns of the loop are timed from the first set until the checkpoint is durable. */
async function checkpoint(dirty: number, znodes: number): Promise<CheckpointFigures> {
  const writer = await opened()
  const step = Math.floor(znodes / dirty)
  const watch = watchTurns()
  const written = new Promise<void>((resolve) => (onCheckpoint = resolve))
  for (let index = 0; index < dirty; index += 1) {
    await writer.set(pathOf(index * step), value)
  }
  await written
  return { tookMs: checkpoints.at(-1) ?? Number.NaN, ...watch() }
}

function residentFileBytes(): number {
  try {
    const [, kib = '0'] =
      /^RssFile:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    return Number(kib) * 1_024
  } catch {
    return 0
  }
}

function beginLoad(writer: Session, perSecond: number, znodes: number): () => Promise<LoadFigures> {
  const begun = performance.now()
  const tookMs: number[] = []
  const underway = new Set<Promise<unknown>>()
  const watch = watchTurns()
  let sent = 0
  let refused = 0
  const timer = setInterval(() => {
    const due = ((performance.now() - begun) * perSecond) / 1_000
    for (; sent < due; sent += 1) {
      const at = performance.now()
      const write = writer.set(pathOf((sent * 7_919) % znodes), value).then(
        () => void tookMs.push(performance.now() - at),
        () => void (refused += 1),
      )
      underway.add(write)
      void write.then(() => underway.delete(write))
    }
  }, 1)
  return async () => {
    clearInterval(timer)
    await Promise.all(underway)
    const seconds = (performance.now() - begun) / 1_000
    tookMs.sort((one, other) => one - other)
    return {
      writes: tookMs.length,
      refused,
      seconds,
      p99Ms: tookMs[Math.floor(tookMs.length * 0.99)] ?? Number.NaN,
      worstMs: tookMs.at(-1) ?? Number.NaN,
      ...watch(),
    }
  }
}
