/**
 * Several `Zab`s in one test, over links and disks that do what the test says and nothing else. The
 * state machine above is a list of words, so that what agreement promises can be read off it.
 */
import { defaultLimits, defaultTiming, type Limits } from '../../src/limits.ts'
import type { Effect } from '../../src/effects.ts'
import type { PeerId } from '../../src/ids.ts'
import type { LogRecord } from '../../src/log-record.ts'
import { Outbox } from '../../src/outbox.ts'
import type { Replica } from '../../src/server/replica.ts'
import {
  noPage,
  type Page,
  type PageCodec,
  type PageDraft,
  type PageEnd,
} from '../../src/zab/page.ts'
import type { Message, ProofsOfLife } from '../../src/zab/messages.ts'
import type { StateMachine } from '../../src/zab/state-machine.ts'
import { ZabState } from '../../src/zab/state.ts'
import { Zab } from '../../src/zab/zab.ts'
import { advanceZxid, makeZxid, epochOf, formatZxid, type Zxid } from '../../src/zxid.ts'

/** Pages whose payload is words; the CRC is a small hash over all that a page says. */
export const wordCodec: PageCodec = {
  encode({ first, previous, reconfigures, txns }: PageDraft): Page {
    const words = txns as unknown as readonly string[]
    const last = advanceZxid(first, words.length - 1)
    const text = [first, previous.last, previous.crc, ...words].join(' ')
    let crc = 7
    for (const letter of text) crc = (Math.imul(crc, 31) + (letter.codePointAt(0) ?? 0)) >>> 0
    const bytes = new Uint8Array(text.length)
    for (let i = 0; i < text.length; i += 1) bytes[i] = text.codePointAt(i) ?? 0
    const { last: previousLast, crc: previousCrc } = previous
    return { first, last, crc, previousLast, previousCrc, reconfigures, bytes }
  },
  parse: () => {
    throw new Error('not used')
  },
  decode: (page) =>
    String.fromCodePoint(...page.bytes)
      .split(' ')
      .slice(3) as never,
}

export class WordMachine implements StateMachine {
  end: PageEnd = noPage
  readonly applied: string[] = []
  readonly told: string[] = []
  readonly confirmed: number[] = []
  #words: string[] = []
  #epoch = 0
  #draining = false

  get digest(): string {
    return this.applied.join(' ')
  }
  get preparedCount(): number {
    return this.#words.length
  }
  readonly counterExhausted = false
  /** These ensembles put nothing but words into pages. */
  readonly configuration = { ensembleId: 1, version: 1, members: [] }

  propose(...words: string[]): void {
    if (!this.#draining) this.#words.push(...words)
  }
  apply(page: Page): void {
    if (page.previousLast !== this.end.last) throw new Error('a gap')
    this.applied.push(...(wordCodec.decode(page) as unknown as string[]))
    this.end = { last: page.last, crc: page.crc }
  }
  replaceReplica(replica: Replica): void {
    const { words, end } = replica as unknown as { words: string[]; end: PageEnd }
    this.applied.splice(0, Infinity, ...words)
    this.end = end
  }
  lead(epoch: number): void {
    this.#epoch = epoch
    this.#words = []
    this.#draining = false
    this.told.push(`lead ${String(epoch)}`)
  }
  follow(leader: PeerId, epoch: number): void {
    this.told.push(`follow ${String(leader)} ${String(epoch)}`)
  }
  look(): void {
    this.told.push('look')
    this.#words = []
  }
  nextDraft(previous: PageEnd): PageDraft | null {
    const word = this.#words.shift()
    if (word === undefined) return null
    const follows = epochOf(previous.last) === this.#epoch
    const first = follows ? advanceZxid(previous.last) : makeZxid(this.#epoch, 1)
    return { first, previous, reconfigures: false, txns: [word] as never }
  }
  drain(): void {
    this.#draining = true
  }
  onRequests(): null {
    return null
  }
  onSessionRequests(): void {
    this.told.push('session-requests')
  }
  onSyncRequest(): void {
    this.told.push('sync-request')
  }
  onSyncReply(): void {
    this.told.push('sync-reply')
  }
  configure(): void {
    this.told.push('configure')
  }
  onLearnerGone(peer: PeerId): void {
    this.told.push(`gone ${String(peer)}`)
  }
  onRoundConfirmed(round: number): void {
    this.confirmed.push(round)
  }
  takeProofs(): ProofsOfLife | null {
    return null
  }
  onProofs(): void {
    this.told.push('proofs')
  }
  proofsAcknowledged(): number {
    return 0
  }
  onProofsAcknowledged(): void {
    this.told.push('acknowledged')
  }
}

/** One peer: what survives a crash (`disk`), and what does not. */
export class TestPeer {
  readonly id: PeerId
  disk: LogRecord[] = []
  pending: { readonly seq: number; readonly records: readonly LogRecord[] }[] = []
  machine = new WordMachine()
  outbox = new Outbox()
  state!: ZabState
  zab!: Zab
  up = false
  /** While true, appends wait for `sync()`. */
  slowDisk = false
  failures: string[] = []
  snapshot: { words: string[]; end: PageEnd } | null = null
  /** A learner's checkpoints and the leader's: where its log begins. */
  logStart: PageEnd = noPage
  closed = false

  constructor(id: PeerId) {
    this.id = id
  }
}

const isEnd = ({ last }: PageEnd, zxid: Zxid): boolean => last === zxid

export class TestEnsemble {
  readonly peers = new Map<PeerId, TestPeer>()
  readonly trace: string[] = []
  nowMs = 0
  readonly #limits: Limits
  readonly #links = new Set<string>()
  readonly #cut = new Set<string>()
  readonly #queue: (() => void)[] = []

  constructor(size: number, limits: Partial<Limits> = {}) {
    this.#limits = { ...defaultLimits, ...limits }
    for (let id = 1; id <= size; id += 1) this.peers.set(id, new TestPeer(id))
  }

  peer(id: PeerId): TestPeer {
    const peer = this.peers.get(id)
    if (peer === undefined) throw new Error(`no peer ${String(id)}`)
    return peer
  }

  start(...ids: PeerId[]): this {
    for (const id of ids.length === 0 ? this.peers.keys() : ids) {
      const peer = this.peer(id)
      peer.machine = new WordMachine()
      peer.outbox = new Outbox()
      peer.pending = []
      const recovered = this.#recover(peer)
      const members = [...this.peers.keys()].map((member) => ({
        id: member,
        role: 'voter' as const,
      }))
      const options = {
        id,
        members,
        seed: id,
        codec: wordCodec,
        limits: this.#limits,
        timing: defaultTiming,
      }
      peer.state = new ZabState(options, recovered, peer.machine, peer.outbox)
      peer.zab = new Zab(peer.state, 1000 + id)
      peer.up = true
      this.step(peer, () => {
        peer.state.nowMs = this.nowMs
        peer.zab.onTick()
      })
    }
    this.connect()
    return this
  }

  #recover(peer: TestPeer): ConstructorParameters<typeof ZabState>[1] {
    let pages: Page[] = []
    let ends: PageEnd[] = []
    let start = peer.logStart
    let configuration = null
    let acceptedEpoch = 0
    let acceptedLeader = 0
    let currentEpoch = 0
    let damaged: string | null = null
    for (const record of peer.disk) {
      if (record.type === 'page' && record.page.last > start.last) {
        pages.push(record.page)
        ends.push({ last: record.page.last, crc: record.page.crc })
      } else if (record.type === 'truncate') {
        pages = pages.filter(({ last }) => last <= record.to.last)
        ends = ends.filter(({ last }) => last <= record.to.last)
      } else if (record.type === 'snapshot-installed') {
        start = record.at
        pages = []
        ends = []
      } else if (record.type === 'configuration') configuration = record.configuration
      else if (record.type === 'accepted-epoch') {
        acceptedEpoch = record.epoch
        acceptedLeader = record.leader
      } else if (record.type === 'current-epoch') currentEpoch = record.epoch
      else if (record.type === 'damage-found') damaged = record.reason
      else if (record.type === 'damage-healed') damaged = null
    }
    if (peer.snapshot !== null) peer.machine.replaceReplica(peer.snapshot as never)
    const applied = peer.machine.end.last
    return {
      acceptedEpoch,
      acceptedLeader,
      currentEpoch,
      configuration,
      previousConfiguration: null,
      replica: null as never,
      logStart: start,
      pageEnds: ends,
      history: pages.filter(({ last }) => last > applied),
      damaged,
    }
  }

  /** Links every pair of peers that are up and not cut from one another. */
  connect(): void {
    for (const a of this.peers.values()) {
      for (const b of this.peers.values()) {
        const key = linkKey(a.id, b.id)
        if (a.id >= b.id || !a.up || !b.up || this.#links.has(key) || this.#cut.has(key)) continue
        this.#links.add(key)
        this.#linkUp(a, b.id)
        this.#linkUp(b, a.id)
      }
    }
  }

  #linkUp(peer: TestPeer, other: PeerId): void {
    this.#queue.push(() => {
      this.step(peer, () => {
        peer.zab.onLinkUp(other)
      })
    })
  }

  breakLink(a: PeerId, b: PeerId): void {
    const key = linkKey(a, b)
    if (!this.#links.delete(key)) return
    for (const [id, other] of [
      [a, b],
      [b, a],
    ] as const) {
      this.#queue.push(() => {
        const peer = this.peer(id)
        if (peer.up)
          this.step(peer, () => {
            peer.zab.onLinkDown(other, 'broken')
          })
      })
    }
  }

  /** Breaks the link and lets no new one come up. */
  cut(a: PeerId, b: PeerId): this {
    this.#cut.add(linkKey(a, b))
    this.breakLink(a, b)
    return this
  }

  heal(): this {
    this.#cut.clear()
    this.connect()
    return this
  }

  /** Everything in memory is gone, and every append that the disk had not confirmed. */
  crash(...ids: PeerId[]): this {
    for (const id of ids) {
      const peer = this.peer(id)
      peer.up = false
      peer.pending = []
      for (const other of this.peers.keys()) this.breakLink(id, other)
    }
    return this
  }

  step(peer: TestPeer, act: () => void): void {
    if (!peer.up) return
    peer.state.nowMs = this.nowMs
    act()
    peer.zab.endStep()
    for (const effect of peer.outbox.take()) this.#perform(peer, effect)
  }

  /** Has the leader put words into the log. */
  propose(...words: string[]): this {
    const leader = this.leader()
    this.step(leader, () => {
      leader.machine.propose(...words)
    })
    return this.settle()
  }

  leader(): TestPeer {
    const leading = [...this.peers.values()].filter(
      ({ up, zab }) => up && zab.standing.ready && zab.role === 'leader',
    )
    const leader = leading.sort((a, b) => a.zab.standing.epoch - b.zab.standing.epoch).at(-1)
    if (leader === undefined) throw new Error(`nobody leads: ${this.describe()}`)
    return leader
  }

  describe(): string {
    return [...this.peers.values()]
      .map(({ id, up, zab }) => `${String(id)} ${up ? JSON.stringify(zab.standing) : 'down'}`)
      .join('\n')
  }

  /** Delivers everything that is under way, without letting time pass. */
  settle(): this {
    for (let count = 0; this.#queue.length > 0; count += 1) {
      if (count > 100_000) throw new Error('the ensemble does not settle')
      this.#queue.shift()?.()
    }
    return this
  }

  /** Lets time pass in ticks, links being dialled anew, until `done` or the bound. */
  run(ms: number, done: () => boolean = () => false): this {
    const end = this.nowMs + ms
    this.settle()
    while (this.nowMs < end && !done()) {
      this.nowMs += 25
      this.connect()
      for (const peer of this.peers.values()) {
        this.step(peer, () => {
          peer.zab.onTick()
        })
      }
      this.settle()
    }
    return this
  }

  /** Runs until every peer that is up is ready, or says who is not. */
  ready(withinMs = 5_000): this {
    const waiting = (): TestPeer[] =>
      [...this.peers.values()].filter(({ up, zab }) => up && !zab.standing.ready)
    this.run(withinMs, () => waiting().length === 0)
    if (waiting().length > 0) throw new Error(`not ready: ${this.describe()}`)
    return this
  }

  sync(id: PeerId): this {
    const peer = this.peer(id)
    const { pending } = peer
    peer.pending = []
    for (const { records } of pending) peer.disk.push(...records)
    const seq = pending.at(-1)?.seq
    if (seq !== undefined)
      this.step(peer, () => {
        peer.zab.onSynced(seq)
      })
    return this
  }

  #perform(peer: TestPeer, effect: Effect): void {
    const later = (act: () => void): void => {
      this.#queue.push(() => {
        this.step(peer, act)
      })
    }
    switch (effect.type) {
      case 'append-log':
        peer.pending.push(effect)
        if (!peer.slowDisk) this.#queue.push(() => this.sync(peer.id))
        break
      case 'send':
        this.#send(peer.id, effect.to, effect.messages)
        break
      case 'disconnect':
        this.breakLink(peer.id, effect.peer)
        break
      case 'fail':
        peer.failures.push(effect.code)
        this.crash(peer.id)
        break
      case 'finish-close':
        peer.closed = true
        this.crash(peer.id)
        break
      case 'read-log': {
        const pages = peer.disk
          .flatMap((record) => (record.type === 'page' ? [record.page] : []))
          .filter(({ last }) => last > effect.after)
          .slice(0, 2)
        later(() => {
          peer.zab.onLogRead(effect.reader, pages)
        })
        break
      }
      case 'open-snapshot': {
        const { snapshot } = peer
        later(() => {
          if (snapshot === null) peer.zab.onSnapshotFailed(effect.transfer, 'none')
          else peer.zab.onSnapshotOpened(effect.transfer, snapshot.end)
        })
        break
      }
      case 'read-snapshot': {
        const words = peer.snapshot?.words.join(' ') ?? ''
        const end = peer.snapshot?.end ?? noPage
        const text = `${String(end.last)} ${String(end.crc)} ${words}`
        const bytes = Uint8Array.from(text, (letter) => letter.codePointAt(0) ?? 0)
        later(() => {
          peer.zab.onSnapshotRead(effect.transfer, 0, bytes, true)
        })
        break
      }
      case 'write-snapshot': {
        const [last, crc, ...words] = String.fromCodePoint(...effect.bytes).split(' ')
        const end = { last: Number(last) as Zxid, crc: Number(crc) }
        peer.snapshot = { words, end }
        later(() => {
          peer.zab.onSnapshotReceived(effect.transfer, { words, end } as never)
        })
        break
      }
      default:
        break
    }
  }

  #send(from: PeerId, to: PeerId, messages: readonly Message[]): void {
    const key = linkKey(from, to)
    if (!this.#links.has(key)) return
    for (const message of messages) {
      this.trace.push(`${String(from)}->${String(to)} ${describeMessage(message)}`)
      this.#queue.push(() => {
        const peer = this.peer(to)
        if (!this.#links.has(key)) return
        this.step(peer, () => {
          peer.zab.onMessage(from, message)
        })
      })
    }
  }

  /** Has a peer keep only a snapshot of what it applied, and the log behind it. */
  checkpointAndPurge(id: PeerId): this {
    const { machine, state } = this.peer(id)
    this.peer(id).snapshot = { words: [...machine.applied], end: machine.end }
    const end = state.history.find(machine.end.last)
    if (end === undefined || !isEnd(end, machine.end.last)) throw new Error('no such page end')
    this.peer(id).logStart = machine.end
    state.history.purge(machine.end.last)
    state.history.trimWindow(machine.end.last, 0)
    return this
  }
}

function linkKey(a: PeerId, b: PeerId): string {
  return `${String(Math.min(a, b))}-${String(Math.max(a, b))}`
}

export function describeMessage(message: Message): string {
  switch (message.type) {
    case 'proposal':
      return `proposal ${formatZxid(message.page.first)}..${formatZxid(message.page.last)}`
    case 'ack':
    case 'commit':
    case 'diff-ack':
    case 'ack-new-leader':
      return `${message.type} ${formatZxid(message.upTo)}`
    case 'diff':
      return `diff after ${formatZxid(message.after.last)}`
    case 'trunc':
      return `trunc to ${formatZxid(message.to.last)}`
    case 'snap':
      return `snap at ${formatZxid(message.at.last)}`
    case 'up-to-date':
      return `up-to-date ${formatZxid(message.committed)}`
    case 'new-leader':
      return `new-leader ${String(message.epoch)} ends ${formatZxid(message.end)}`
    default:
      return message.type
  }
}
