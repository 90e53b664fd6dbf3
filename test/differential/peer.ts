/**
 * A standalone peer, the real core, whose disk confirms an append when it is told to: until then what
 * was asked for is proposed and outstanding.
 */
import {
  defaultLimits,
  defaultTiming,
  digestOf,
  noPage,
  PeerCore,
  Replica,
  ReplicaBuilder,
  type Configuration,
  type Delivery,
  type Effect,
  type Event,
  type Page,
  type RecoveredState,
  type SessionId,
  type SessionRecord,
  type Txn,
  type Zxid,
  type ZnodeRecord,
} from '@conclave/core/internal'
import { pageCodec } from '@conclave/storage'
import { wornSession, wornTimeMs, wornZnodes, wornZxid } from './worn.ts'

/** Small, so that programs reach them. */
export const limits = {
  ...defaultLimits,
  maxDataBytes: 25,
  maxPathLength: 40,
  maxOperations: 4,
  maxSessionEphemerals: 2,
  maxSessionRequests: 12,
  maxSessionWatches: 4,
  maxChildren: 6,
  maxZnodes: 16,
  maxTreeBytes: 300,
  maxPageTxns: 3,
  reapMs: 1_000,
  // Not here: what a checkpoint holds, and what a disk that stands still means, others ask.
  checkpointMs: Infinity,
}
const timing = { ...defaultTiming, diskStallMs: Infinity }

const members = [{ id: 1, role: 'voter' as const }]
export const configuration: Configuration = { ensembleId: 7, version: 1, members }

/** The replica of a worn peer, as its snapshot has it. */
function wornReplica(): Replica {
  const system = [...Replica.empty().tree.znodes()]
  const made = wornZnodes.map(({ isEphemeral, ...znode }): ZnodeRecord => ({
    ...znode,
    ...{ data: null, reap: 0, acl: null },
    ...{ czxid: wornZxid as Zxid, mzxid: wornZxid as Zxid, pzxid: wornZxid as Zxid },
    ...{ ctime: wornTimeMs, mtime: wornTimeMs },
    ephemeralOwner: (isEphemeral ? wornSession.id : 0) as SessionId,
  }))
  const session: SessionRecord = {
    ...wornSession,
    id: wornSession.id as SessionId,
    password: new Uint8Array(16).fill(255),
    host: 1,
    hostedSince: wornSession.id as Zxid,
  }
  const znodes = [...system, ...made]
  const builder = new ReplicaBuilder()
  builder.add(znodes.map((znode) => ({ type: 'znode', znode })))
  builder.add([{ type: 'session', session }])
  return builder.finish({
    end: { last: wornZxid as Zxid, crc: 1 },
    digest: digestOf(znodes, [session]),
    znodeCount: znodes.length,
    sessionCount: 1,
    configuration,
  })
}

function storeOf(kind: 'new' | 'worn'): RecoveredState {
  const isWorn = kind === 'worn'
  const replica = isWorn ? wornReplica() : Replica.empty()
  return {
    acceptedEpoch: isWorn ? 1 : 0,
    acceptedLeader: isWorn ? 1 : 0,
    currentEpoch: isWorn ? 1 : 0,
    ensembleId: isWorn ? configuration.ensembleId : 0,
    configuration: isWorn ? configuration : null,
    replica,
    logStart: isWorn ? replica.end : noPage,
    pageEnds: [],
    pageBytes: 0,
    history: [],
    damaged: null,
  }
}

export class HandDrivenPeer {
  readonly #kind: 'new' | 'worn'
  readonly #core: PeerCore
  /** What each session was told since it was last asked. */
  #told = new Map<SessionId, Delivery[]>()
  #opened: Effect[] = []
  readonly #appends: number[] = []
  readonly #pages: Page[] = []
  #appliedPages = 0
  nowMs = 1_000
  /** How far the wall clock is ahead. */
  aheadMs = 1_000_000

  constructor(kind: 'new' | 'worn', pagesAhead: number) {
    this.#kind = kind
    const ahead = { ...limits, maxPagesOutstanding: pagesAhead }
    const options = { id: 1, members, seed: 1, codec: pageCodec, limits: ahead, timing }
    this.#core = new PeerCore(options, storeOf(kind))
  }

  get replica(): Replica {
    return this.#core.replica
  }

  get wallMs(): number {
    return this.nowMs + this.aheadMs
  }

  /** How many appends the disk owes. */
  get owed(): number {
    return this.#appends.length
  }

  get isReady(): boolean {
    return this.#core.inspect().standing.ready
  }

  step(...events: readonly Event[]): void {
    const { nowMs, wallMs } = this
    const tick = { type: 'tick', nowMs, wallMs, appAliveMs: nowMs } as const
    let mustStep = true
    for (let batch: readonly Event[] = [tick, ...events]; mustStep; batch = [tick]) {
      mustStep = false
      for (const effect of this.#core.step(batch)) {
        if (effect.type === 'step-again') mustStep = true
        else this.#perform(effect)
      }
    }
  }

  /** The disk confirms up to so many appends, each in a step of its own. */
  confirm(count: number): void {
    for (const seq of this.#appends.splice(0, count)) this.step({ type: 'log-synced', seq })
  }

  /** The txns that were applied since this was last asked, with their zxids. */
  takeApplied(): { zxid: Zxid; txn: Txn }[] {
    const applied: { zxid: Zxid; txn: Txn }[] = []
    for (;;) {
      const page = this.#pages[this.#appliedPages]
      if (page === undefined || page.last > this.replica.lastApplied) return applied
      this.#appliedPages += 1
      for (const [index, txn] of pageCodec.decode(page).entries()) {
        applied.push({ zxid: (page.first + index) as Zxid, txn })
      }
    }
  }

  takeTold(): ReadonlyMap<SessionId, readonly Delivery[]> {
    const told = this.#told
    this.#told = new Map()
    return told
  }

  takeOpened(): readonly Effect[] {
    const opened = this.#opened
    this.#opened = []
    return opened
  }

  /** What somebody comes to who reads the log from its beginning. */
  replay(): Replica {
    const replica = this.#kind === 'worn' ? wornReplica() : Replica.empty()
    const unseen = {
      wantsResult: () => false,
      onChanged: () => undefined,
      onApplied: () => undefined,
    }
    for (const page of this.#pages.slice(0, this.#appliedPages)) {
      replica.apply(page, pageCodec.decode(page), unseen)
    }
    return replica
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'append-log':
        this.#appends.push(effect.seq)
        for (const record of effect.records) {
          if (record.type === 'page') this.#pages.push(record.page)
        }
        return
      case 'deliver': {
        const told = this.#told.get(effect.to)
        if (told === undefined) this.#told.set(effect.to, [...effect.items])
        else told.push(...effect.items)
        return
      }
      case 'open-session':
      case 'fail-session':
        this.#opened.push(effect)
        return
      case 'report':
      case 'purge-log':
        return
      default:
        throw new Error(`a standalone peer asks for ${effect.type}: ${JSON.stringify(effect)}`)
    }
  }
}
