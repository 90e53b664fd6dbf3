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
const zeroPath = '/bench/0000'
const txn: Txn = {
  timeMs: 1_700_000_000_000,
  session: noSession,
  requestId: 0,
  type: 'set',
  path: zeroPath,
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
function writes(
  callers: number,
  seconds: number,
): Promise<LoadResult & { readonly syncs: number }> {
  const quorum = new MajorityQuorum([1, 2, 3])
  const positions = new Map<number, number>()
  const histogram = createHistogram()
  const underway: { readonly last: Zxid; readonly count: number; readonly sinceMs: number }[] = []
  const syncsBefore = syncs
  const warmMs = performance.now() + seconds * 100
  const endMs = warmMs + seconds * 1_000
  let waiting = callers
  let waitingSinceMs = performance.now()
  let operations = 0
  let scheduled = false
  let finish: (result: LoadResult & { readonly syncs: number }) => void = () => undefined

  const propose = (): void => {
    scheduled = false
    while (waiting > 0 && underway.length < defaultLimits.maxPagesOutstanding) {
      const count = Math.min(waiting, txns.length)
      waiting -= count
      const draft = {
        first: makeZxid(1, counter + 1),
        previous,
        reconfigures: false,
        txns: count === txns.length ? txns : txns.slice(0, count),
      }
      const page = pageCodec.encode(draft)
      counter += count
      previous = page
      seq += 1
      appended.push({ seq, last: page.last })
      underway.push({ last: page.last, count, sinceMs: waitingSinceMs })
      log?.append(seq, [{ type: 'page', page }])
      for (const peer of [1, 2]) transport?.send(peer, [{ type: 'proposal', page }])
    }
  }
  const advance = (peer: number, upTo: Zxid): void => {
    positions.set(peer, upTo)
    const reached = quorum.reachedBy(positions)
    const nowMs = performance.now()
    while ((underway[0]?.last ?? Infinity) <= reached) {
      const page = underway.shift()
      if (page === undefined) break
      for (const follower of [1, 2]) {
        transport?.send(follower, [{ type: 'commit', upTo: page.last, digest: '' }])
      }
      if (page.sinceMs >= warmMs) {
        operations += page.count
        histogram.record(Math.max(1, Math.round((nowMs - page.sinceMs) * 1e6)))
      }
      if (nowMs < endMs) {
        waiting += page.count
        waitingSinceMs = nowMs
      }
    }
    if (waiting > 0 && !scheduled) {
      scheduled = true
      setImmediate(propose)
    } else if (waiting === 0 && underway.length === 0 && nowMs >= endMs) {
      finish({
        operations,
        seconds: (nowMs - warmMs) / 1_000,
        p50Ms: histogram.percentile(50) / 1e6,
        p99Ms: histogram.percentile(99) / 1e6,
        syncs: syncs - syncsBefore,
      })
    }
  }
  onDurable = (upTo) => {
    advance(id, upTo)
  }
  onAck = advance
  return new Promise((resolve) => {
    finish = resolve
    propose()
  })
}
