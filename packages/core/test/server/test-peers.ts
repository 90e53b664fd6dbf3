/**
 * Several servers in one test, with an agreement that does what the test says: it appoints leaders,
 * commits pages and confirms rounds. Messages travel in order and are lost with the leader.
 */
import { expect } from 'vitest'
import {
  defaultLimits,
  makeZxid,
  noPage,
  Replica,
  type CallId,
  type Delivery,
  type Effect,
  type Limits,
  type Message,
  type Page,
  type PageEnd,
  type PeerId,
  type SessionId,
  type WriteRequest,
  zeroZxid,
  type Zxid,
} from '../../src/internal.ts'
import { Outbox } from '../../src/outbox.ts'
import { Server } from '../../src/server/server.ts'
import type { Agreement } from '../../src/server/agreement.ts'
import { KeptPages } from './kept-pages.ts'
import { password } from './requests.ts'

class TestAgreement implements Agreement {
  lastCommitted = 0 as Zxid
  begun = 0
  nextRound(): number {
    return this.begun + 1
  }
  requestRound(): number {
    return this.begun + 1
  }
  hasSyncedQuorum(): boolean {
    return true
  }
}

export class TestPeer {
  readonly id: PeerId
  readonly server: Server
  readonly outbox = new Outbox()
  readonly agreement = new TestAgreement()
  /** What each session was told, in order. */
  readonly told = new Map<SessionId, Delivery[]>()
  /** `open-session` and `fail-session`, in order. */
  readonly sessionEffects: Effect[] = []
  /** How many committed pages are applied. */
  applied = 0

  constructor(id: PeerId, limits: Limits, pages: KeptPages) {
    this.id = id
    const options = { id, codec: pages, limits, agreement: this.agreement }
    this.server = new Server(options, Replica.empty(), this.outbox)
  }

  toldTo(session: SessionId): readonly Delivery[] {
    return this.told.get(session) ?? []
  }

  request(session: SessionId, call: CallId, request: WriteRequest): void {
    this.server.handle({ type: 'request-received', session, call, request })
  }

  /** Wants a session here, as it stands in what is applied here; since when it is replaced. */
  requestMove(session: SessionId, call: CallId): Zxid {
    const replaces = this.server.replica.sessions.get(session)?.hostedSince ?? zeroZxid
    this.server.handle({ type: 'session-move-requested', call, session, replaces })
    return replaces
  }

  /** What a call for a session came to: the session, or why there is none. */
  arrivalOf(call: CallId): string | undefined {
    const words = this.sessionEffects.flatMap((effect) => {
      if (effect.type === 'open-session' && effect.call === call) return [String(effect.session)]
      if (effect.type !== 'fail-session' || effect.call !== call) return []
      return [`${effect.code} ${effect.outcome}`]
    })
    expect(words.length, `call ${String(call)} ends once`).toBeLessThanOrEqual(1)
    return words[0]
  }

  /** Takes the effects of a step; what is to be sent. */
  take(): { readonly to: PeerId; readonly message: Message }[] {
    const sent: { to: PeerId; message: Message }[] = []
    for (const effect of this.outbox.take()) {
      if (effect.type === 'send') {
        for (const message of effect.messages) sent.push({ to: effect.to, message })
      } else if (effect.type === 'deliver') {
        this.told.set(effect.to, [...this.toldTo(effect.to), ...effect.items])
      } else {
        this.sessionEffects.push(effect)
      }
    }
    return sent
  }
}

interface Letter {
  readonly from: PeerId
  readonly to: PeerId
  readonly message: Message
}

export class TestPeers {
  readonly pages = new KeptPages()
  readonly peers: TestPeer[]
  readonly limits: Limits
  /** Every page of the history, committed or not. */
  history: Page[] = []
  committed = 0
  leader: TestPeer | null = null
  epoch = 0
  nowMs = 1_000
  mail: Letter[] = []
  readonly refusals: string[] = []
  #passwords = 0
  #calls = 1_000_000

  constructor(count: number, limits: Partial<Limits> = {}) {
    this.limits = { ...defaultLimits, ...limits }
    const ids = Array.from({ length: count }, (_, index) => index + 1)
    this.peers = ids.map((id) => new TestPeer(id, this.limits, this.pages))
    this.pass(0)
  }

  peer(id: PeerId): TestPeer {
    return this.peers[id - 1]!
  }

  /** A peer is started anew, with nothing but the first page applied. */
  restart(id: PeerId): TestPeer {
    const peer = new TestPeer(id, this.limits, this.pages)
    peer.server.tick(this.nowMs, this.nowMs + 5_000, this.nowMs)
    peer.server.apply(this.history[0]!)
    peer.applied = 1
    this.peers[id - 1] = peer
    return peer
  }

  get end(): PageEnd {
    return this.history.at(-1) ?? noPage
  }

  /** Time passes everywhere, and every application runs on. */
  pass(ms: number): void {
    this.nowMs += ms
    for (const { server } of this.peers) server.tick(this.nowMs, this.nowMs + 5_000, this.nowMs)
  }

  /** Ends a step of one peer: what it has is sent. */
  step(peer: TestPeer): void {
    peer.server.flush()
    this.collect(peer)
  }

  collect(peer: TestPeer): void {
    for (const { to, message } of peer.take()) this.mail.push({ from: peer.id, to, message })
  }

  /** Delivers the oldest letters, all of them unless told how many. */
  deliver(count = Infinity): void {
    for (let i = 0; i < count && this.mail.length > 0; i += 1) {
      const { from, to, message } = this.mail.shift()!
      const { server } = this.peer(to)
      switch (message.type) {
        case 'requests': {
          const refusal = server.onRequests(from, message.requests)
          if (refusal !== null) this.refusals.push(refusal)
          break
        }
        case 'session-requests':
          server.onSessionRequests(from, message.requests)
          break
        case 'session-moves':
          server.onSessionMoves(from, message.requests)
          break
        case 'sync-request':
          server.onSyncRequest(from, message.sync)
          break
        case 'sync-reply':
          server.onSyncReply(message.sync, message.upTo)
          this.collect(this.peer(to))
          break
        default:
          throw new Error(`nobody sends ${message.type} here`)
      }
    }
  }

  /** The leader proposes one page; false when it has none. */
  propose(): boolean {
    const draft = this.leader?.server.nextDraft(this.end) ?? null
    if (draft === null) return false
    this.history.push(this.pages.encode(draft))
    return true
  }

  /** Commits pages, which the leader applies. */
  commit(count = Infinity): void {
    const upTo = Math.min(this.history.length, this.committed + count)
    this.committed = upTo
    for (const { agreement } of this.peers) agreement.lastCommitted = this.committedEnd.last
    if (this.leader !== null) this.apply(this.leader)
  }

  get committedEnd(): PageEnd {
    return this.history[this.committed - 1] ?? noPage
  }

  /** A peer applies what is committed. */
  apply(peer: TestPeer): void {
    while (peer.applied < this.committed) {
      peer.server.apply(this.history[peer.applied]!)
      peer.applied += 1
      this.collect(peer)
    }
  }

  /** The leader begins a round, and a quorum confirms it. */
  confirmRound(): void {
    const { leader } = this
    if (leader === null) return
    leader.agreement.begun += 1
    leader.server.onRoundConfirmed(leader.agreement.begun)
    this.collect(leader)
  }

  /** Nobody leads: what was on its way is lost. */
  lose(): void {
    this.leader = null
    this.mail = []
    for (const peer of this.peers) {
      peer.server.look()
      this.collect(peer)
    }
  }

  /** A new leader, whose history has so many of the pages that are not known to be committed. */
  elect(id: PeerId, kept = Infinity): void {
    this.lose()
    this.history = this.history.slice(0, Math.min(this.history.length, this.committed + kept))
    this.commit()
    this.epoch += 1
    const leader = this.peer(id)
    this.leader = leader
    leader.agreement.begun = 0
    for (const peer of this.peers) {
      this.apply(peer)
      if (peer === leader) peer.server.lead(this.epoch)
      else peer.server.follow(id, this.epoch)
      this.collect(peer)
    }
  }

  /** Everything that can happen without another leader happens. */
  settle(): void {
    for (let quiet = false; !quiet;) {
      const before = [this.history.length, this.committed, this.mail.length].join()
      for (const peer of this.peers) this.step(peer)
      this.deliver()
      while (this.propose());
      this.commit()
      for (const peer of this.peers) this.apply(peer)
      this.confirmRound()
      this.deliver()
      const isIdle = this.mail.length === 0 && this.leader?.server.preparedCount === 0
      quiet = isIdle && before === [this.history.length, this.committed, 0].join()
    }
  }

  /** Creates a session at a peer, and settles. */
  session(at: PeerId, timeoutMs = 10_000): SessionId {
    this.#passwords += 1
    this.#calls += 1
    const call = this.#calls
    const event = { timeoutMs, password: password(this.#passwords) }
    this.peer(at).server.handle({ type: 'session-requested', call, ...event })
    this.settle()
    const opened = this.peer(at).sessionEffects.find(
      (effect) => effect.type === 'open-session' && effect.call === call,
    ) as Extract<Effect, { type: 'open-session' }>
    return opened.session
  }

  /** The zxid at a place in an epoch. */
  at(counter: number, epoch = this.epoch): Zxid {
    return makeZxid(epoch, counter)
  }
}

/** What a session was told, as tests name it. */
export function wordsOf(items: readonly Delivery[]): string[] {
  return items.map((item) => {
    switch (item.type) {
      case 'reply':
        return `${String(item.call)} ${item.result.type}`
      case 'refused':
        return `${String(item.call)} ${item.refusal.code}`
      case 'failed':
        return `${String(item.call)} ${item.code} ${item.outcome}`
      case 'synced':
        return `${String(item.call)} synced`
      case 'watch-event':
        return `watch ${String(item.watch)} ${item.event.type} ${item.event.path}`
      case 'watch-gap':
        return `watch ${String(item.watch)} gap`
      case 'watch-refused':
        return `watch ${String(item.watch)} ${item.limit}`
      case 'wire-event':
        return `wire ${item.event} ${item.path}${item.zxid === null ? ' missed' : ''}`
      case 'wire-gap':
        return 'wire gap'
      case 'wire-watches':
        return `${String(item.call)} wire watches ${String(item.found)}`
      case 'ended':
        return `ended ${item.reason}`
    }
  })
}
