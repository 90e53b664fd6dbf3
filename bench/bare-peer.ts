/**
 * One process of the bare pipeline: the log and the links of a peer, moving pages as a leader and its
 * followers do, and nothing else. No prepare, no tree, no sessions, no promise a txn: what is left is
 * the limit that the whole of Conclave is held against.
 */
import {
  defaultLimits,
  MajorityQuorum,
  makeZxid,
  noPage,
  noSession,
  type Message,
  type PageEnd,
  type Txn,
  type Zxid,
} from '@conclave/core/internal'
import { openTcpTransport, type PeerAddress, type Transport } from '@conclave/net'
import { pageCodec, type Log } from '@conclave/storage'
import { createHistogram } from 'node:perf_hooks'
import { openBenchStore } from './bench-store.ts'
import type { LoadResult } from './load.ts'
import { answerQuestions } from './processes.ts'

const leaderId = 3
const followerIds = [1, 2]
const txn: Txn = {
  timeMs: 1_700_000_000_000,
  session: noSession,
  requestId: 0,
  type: 'set',
  path: '/bench/0000',
  data: new Uint8Array(100).fill(0x61),
  version: 1,
}
const txns: readonly Txn[] = Array.from({ length: defaultLimits.maxPageTxns }, () => txn)

export type BareQuestion =
  | {
      readonly type: 'open'
      readonly id: number
      readonly dir: string
      readonly peers: readonly PeerAddress[]
    }
  | { readonly type: 'writes'; readonly callers: number; readonly seconds: number }

let id = 0
let log: Log | undefined
let transport: Transport | undefined
let seq = 0
let syncs = 0
/** Follower: the page end that each append ends with. */
const appended: { readonly seq: number; readonly last: Zxid }[] = []
let onDurable: (upTo: Zxid) => void = () => undefined
let onAck: (from: number, upTo: Zxid) => void = () => undefined
/** Leader: the zxids given so far, and the page that they end with. */
let counter = 0
let previous: PageEnd = noPage
let linked = 0
let onLinked: () => void = () => undefined

answerQuestions(async (question: BareQuestion): Promise<unknown> => {
  if (question.type === 'writes') return await writes(question.callers, question.seconds)
  await open(question)
  return 'open'
})

async function open({
  id: own,
  dir,
  peers,
}: Extract<BareQuestion, { type: 'open' }>): Promise<void> {
  id = own
  const store = await openBenchStore(dir, id, (upTo) => {
    syncs += 1
    let last = 0 as Zxid
    while ((appended[0]?.seq ?? Infinity) <= upTo) last = appended.shift()?.last ?? last
    if (last > 0) onDurable(last)
  })
  log = store.log
  const address = peers.find((peer) => peer.id === id)
  if (address === undefined) throw new Error('a peer is listed')
  transport = await openTcpTransport(
    {
      identity: { id, ensembleId: 1, configuration: null },
      listen: { host: address.host, port: address.port },
      peers: peers.filter((peer) => peer.id !== id),
      parsePage: (bytes) => pageCodec.parse(bytes),
      silentPeerMs: 10_000,
    },
    {
      onLinkUp: () => {
        linked += 1
        onLinked()
      },
      onLinkDown: (_, reason) => {
        throw new Error(`a link broke: ${reason}`)
      },
      onRefused: ({ reason }) => {
        throw new Error(reason)
      },
      onMessages: receive,
    },
  )
  await new Promise<void>((resolve) => {
    onLinked = () => {
      if (linked === peers.length - 1) resolve()
    }
    onLinked()
  })
  if (id === leaderId) return
  onDurable = (upTo) => transport?.send(leaderId, [{ type: 'ack', upTo }])
}

function receive(from: number, messages: readonly Message[]): void {
  for (const message of messages) {
    if (message.type === 'ack') onAck(from, message.upTo)
    if (message.type !== 'proposal') continue
    seq += 1
    appended.push({ seq, last: message.page.last })
    log?.append(seq, [{ type: 'page', page: message.page }])
  }
}

/** The leader: as many writes outstanding as there are callers, in at most four pages. */
class BareLeader {
  readonly #quorum = new MajorityQuorum([1, 2, 3])
  readonly #positions = new Map<number, number>()
  readonly #histogram = createHistogram()
  readonly #underway: { readonly last: Zxid; readonly count: number; readonly sinceMs: number }[] =
    []
  readonly #syncsBefore = syncs
  readonly #warmMs: number
  readonly #endMs: number
  readonly #finish: (result: LoadResult & { readonly syncs: number }) => void
  #waiting: number
  #waitingSinceMs = performance.now()
  #operations = 0
  #isScheduled = false

  constructor(
    callers: number,
    seconds: number,
    finish: (result: LoadResult & { readonly syncs: number }) => void,
  ) {
    this.#waiting = callers
    this.#warmMs = performance.now() + seconds * 100
    this.#endMs = this.#warmMs + seconds * 1_000
    this.#finish = finish
  }

  propose(): void {
    this.#isScheduled = false
    while (this.#waiting > 0 && this.#underway.length < defaultLimits.maxPagesOutstanding) {
      const count = Math.min(this.#waiting, txns.length)
      this.#waiting -= count
      const page = pageCodec.encode({
        first: makeZxid(1, counter + 1),
        previous,
        reconfigures: false,
        txns: count === txns.length ? txns : txns.slice(0, count),
      })
      counter += count
      previous = page
      seq += 1
      appended.push({ seq, last: page.last })
      this.#underway.push({ last: page.last, count, sinceMs: this.#waitingSinceMs })
      log?.append(seq, [{ type: 'page', page }])
      for (const peer of followerIds) transport?.send(peer, [{ type: 'proposal', page }])
    }
  }

  advance(peer: number, upTo: Zxid): void {
    this.#positions.set(peer, upTo)
    const reached = this.#quorum.reachedBy(this.#positions)
    const nowMs = performance.now()
    while ((this.#underway[0]?.last ?? Infinity) <= reached) this.#commit(nowMs)
    if (this.#waiting > 0 && !this.#isScheduled) {
      this.#isScheduled = true
      setImmediate(() => {
        this.propose()
      })
    } else if (this.#waiting === 0 && this.#underway.length === 0 && nowMs >= this.#endMs) {
      this.#finish({
        operations: this.#operations,
        seconds: (nowMs - this.#warmMs) / 1_000,
        p50Ms: this.#histogram.percentile(50) / 1e6,
        p99Ms: this.#histogram.percentile(99) / 1e6,
        syncs: syncs - this.#syncsBefore,
      })
    }
  }

  #commit(nowMs: number): void {
    const page = this.#underway.shift()
    if (page === undefined) return
    for (const follower of followerIds) {
      transport?.send(follower, [{ type: 'commit', upTo: page.last, digest: '' }])
    }
    if (page.sinceMs >= this.#warmMs) {
      this.#operations += page.count
      this.#histogram.record(Math.max(1, Math.round((nowMs - page.sinceMs) * 1e6)))
    }
    if (nowMs >= this.#endMs) return
    this.#waiting += page.count
    this.#waitingSinceMs = nowMs
  }
}

function writes(
  callers: number,
  seconds: number,
): Promise<LoadResult & { readonly syncs: number }> {
  return new Promise((resolve) => {
    const leader = new BareLeader(callers, seconds, resolve)
    onDurable = (upTo) => {
      leader.advance(id, upTo)
    }
    onAck = (from, upTo) => {
      leader.advance(from, upTo)
    }
    leader.propose()
  })
}
