/**
 * The leader's side of the conversation with each learner, and what follows from all of them:
 *
 *   DISCOVERY         a quorum's FOLLOWERINFO → an epoch above all, durable, LEADERINFO
 *                     a quorum's ACKEPOCH, none with a more recent history → its history stands
 *   SYNCHRONIZATION   each learner's history becomes the leader's (learner-sync.ts), NEWLEADER
 *                     a quorum's ACK-LD, its own disk among them → established, UPTODATE
 *   BROADCAST         PROPOSAL to every enrolled learner and to its own log, ACK, COMMIT
 *
 * Learners come and go in every phase. The learner's side is in following.ts.
 *
 * Invariants: Z1, one leader an epoch; Z5, pages leave in zxid order without gaps; Z9, a commit has
 * its quorum of durable logs, and commits leave in the order of their pages; Z11, what any quorum
 * committed is in the history before the leader is established; Z19, peers without memory count
 * nowhere before UPTODATE.
 */
import { assert } from '../assert.ts'
import type { Configuration } from '../ensemble/configuration.ts'
import type { PeerId } from '../ids.ts'
import type { LogRecord } from '../log-record.ts'
import { formatZxid, maxEpoch, type Zxid } from '../zxid.ts'
import { LearnerSync } from './learner-sync.ts'
import type { DataMessage, Message } from './messages.ts'
import type { Page, PageEnd } from './page.ts'
import { Rounds } from './rounds.ts'
import type { ZabState } from './state.ts'

type Received<T extends Message['type']> = Extract<Message, { type: T }>
export type FollowerInfo = Received<'follower-info'>

/** One learner, as far as the conversation on its present link has come. */
interface Learner {
  readonly peer: PeerId
  readonly info: FollowerInfo
  /** The first round that begins after its handshake: what a peer without memory waits for. */
  readonly joinRound: number
  stage: 'met' | 'informed' | 'promised' | 'syncing' | 'acked' | 'synced'
  /** False of an observer for ever, of a peer without memory until UPTODATE. */
  counts: boolean
  /** What it told with ACKEPOCH, until it is synchronized. */
  history: { readonly end: PageEnd; readonly epochEnds: readonly PageEnd[] } | null
  sync: LearnerSync | null
  /** How far its log is durable in this leader's history; 0 before ACK-LD. */
  ackedUpTo: number
  lastHeardMs: number
  lastProgressMs: number
  progress: number
}

export class Leading {
  readonly #state: ZabState
  readonly #rounds = new Rounds()
  readonly #learners = new Map<PeerId, Learner>()
  /** How far each counted voter's log is durable: what commits are judged by (Z9). */
  readonly #positions = new Map<PeerId, number>()
  /** What the election was won with: no ACKEPOCH may show a more recent history. */
  readonly #wonWith: { readonly epoch: number; readonly last: Zxid }
  readonly #ensembleId: number
  #phase: 'discovery' | 'synchronization' | 'broadcast' = 'discovery'
  #epoch = 0
  /** The append that makes the own promise, then the own epoch, durable; 0 when there is none. */
  #promiseSeq = 0
  #epochSeq = 0
  #ownEpochDurable = false
  /** Ends of pages proposed and not committed, oldest first. */
  readonly #outstanding: Zxid[] = []
  #nextBeatMs = 0
  #progress = 0
  #quorumAliveMs: number
  #confirmedRound = 0
  #handOverUntilMs: number | null = null
  #ended: string | null = null
  #saidGoodbye = false

  constructor(state: ZabState, ensembleId: number, infos: ReadonlyMap<PeerId, FollowerInfo>) {
    this.#state = state
    this.#ensembleId = ensembleId
    this.#wonWith = { epoch: state.currentEpoch, last: state.history.end.last }
    this.#quorumAliveMs = state.nowMs
    for (const [peer, info] of infos) this.#meet(peer, info)
    this.#maybeChooseEpoch()
  }

  get phase(): 'discovery' | 'synchronization' | 'broadcast' {
    return this.#phase
  }

  get epoch(): number {
    return this.#epoch
  }

  /** Why this leadership is over, or `null`. */
  get ended(): string | null {
    return this.#ended
  }

  /** True when it ended by hand-over: the learners know, and leave by themselves. */
  get saidGoodbye(): boolean {
    return this.#saidGoodbye
  }

  get reason(): string {
    if (this.#handOverUntilMs !== null) return 'hands over'
    const peers = [...this.#learners.keys()].join(', ')
    switch (this.#phase) {
      case 'discovery':
        return `waits for a quorum to promise an epoch; learners: ${peers === '' ? 'none' : peers}`
      case 'synchronization':
        return `synchronizes a quorum; learners: ${peers === '' ? 'none' : peers}`
      case 'broadcast':
        return `leads; learners: ${peers === '' ? 'none' : peers}`
    }
  }

  /** What the log must keep for learners that are being synchronized, or `null`. */
  get pinned(): Zxid | null {
    let pinned: Zxid | null = null
    for (const { sync } of this.#learners.values()) {
      const pin = sync?.pinned ?? null
      if (pin !== null && (pinned === null || pin < pinned)) pinned = pin
    }
    return pinned
  }

  nextRound(): number {
    return this.#rounds.next
  }

  requestRound(): number {
    return this.#rounds.request()
  }

  onLinkDown(peer: PeerId): void {
    this.#forget(peer)
  }

  onTick(): void {
    const { nowMs, options, diskWaitMs } = this.#state
    if (diskWaitMs > options.timing.diskStallMs) {
      this.#end(`the disk has not answered for ${String(Math.round(diskWaitMs))} ms`)
      return
    }
    this.#dropSilent()
    this.#judgeQuorum()
    if (this.#ended === null && nowMs >= this.#nextBeatMs) this.#beat()
  }

  onSynced(seq: number): void {
    if (this.#promiseSeq !== 0 && seq >= this.#promiseSeq) {
      this.#promiseSeq = 0
      for (const learner of this.#learners.values()) this.#inform(learner)
      this.#maybeStartSync()
    }
    if (this.#epochSeq !== 0 && seq >= this.#epochSeq) {
      this.#epochSeq = 0
      this.#ownEpochDurable = true
    }
    if (this.#ownEpochDurable) {
      this.#positions.set(this.#state.id, this.#state.history.durable.last)
      this.#maybeEstablish()
    }
  }

  onMessage(from: PeerId, message: Exclude<Message, { type: 'notification' }>): void {
    if (message.type === 'follower-info') {
      this.#meet(from, message)
      this.#maybeChooseEpoch()
      return
    }
    const learner = this.#learners.get(from)
    if (learner === undefined) return
    const refusal = this.#onLearnerMessage(learner, message)
    if (refusal !== null) this.#drop(from, refusal)
    else if (learner.sync?.failure != null) this.#drop(from, learner.sync.failure)
  }

  /** Ends the epoch in order: drains, commits everywhere, says goodbye. */
  handOver(): void {
    if (this.#handOverUntilMs !== null) return
    if (this.#phase !== 'broadcast') {
      this.#end('hands over before it was established')
      return
    }
    this.#handOverUntilMs = this.#state.nowMs + this.#state.options.timing.silentPeerMs
    this.#state.machine.drain()
  }

  /** What a step ends with: commits, then new pages, then a round that somebody waits for. */
  endStep(): void {
    if (this.#ended !== null || this.#phase !== 'broadcast') return
    this.#advanceCommit()
    this.#propose()
    if (this.#rounds.isDue(this.#confirmedRound)) this.#ping(this.#rounds.begin(this.#state.id))
    this.#noteConfirmedRounds()
    if (this.#state.machine.counterExhausted) this.handOver()
    this.#maybeSayGoodbye()
  }

  /** The leadership is left: frees what it holds, and its learners unless they leave by themselves. */
  close(reason: string): void {
    for (const { peer, sync, stage } of this.#learners.values()) {
      sync?.close()
      if (!this.#saidGoodbye || stage !== 'synced') this.#state.disconnect(peer, reason)
    }
    this.#learners.clear()
  }

  onLogRead(reader: number, pages: readonly Page[]): void {
    this.#withSyncs((sync) => {
      sync.onLogRead(reader, pages)
    })
  }

  onSnapshotOpened(transfer: number, at: PageEnd): void {
    this.#withSyncs((sync) => {
      sync.onSnapshotOpened(transfer, at)
    })
  }

  onSnapshotRead(transfer: number, number: number, bytes: Uint8Array, last: boolean): void {
    this.#withSyncs((sync) => {
      sync.onSnapshotRead(transfer, number, bytes, last)
    })
  }

  onSnapshotFailed(transfer: number, reason: string): void {
    this.#withSyncs((sync) => {
      sync.onSnapshotFailed(transfer, reason)
    })
  }

  #withSyncs(tell: (sync: LearnerSync) => void): void {
    for (const { peer, sync } of [...this.#learners.values()]) {
      if (sync === null) continue
      tell(sync)
      if (sync.failure !== null) this.#drop(peer, sync.failure)
    }
  }

  #meet(peer: PeerId, info: FollowerInfo): void {
    this.#forget(peer)
    const { id, nowMs, quorum } = this.#state
    const passed = info.acceptedEpoch > this.#epoch
    const promisedElsewhere = info.acceptedEpoch === this.#epoch && info.acceptedLeader !== id
    if (this.#epoch !== 0 && (passed || promisedElsewhere)) {
      // It can never follow in this epoch: only a higher one brings it back.
      this.handOver()
      if (this.#phase !== 'broadcast') {
        this.#end(`peer ${String(peer)} has promised epoch ${String(info.acceptedEpoch)} elsewhere`)
      }
      return
    }
    const learner: Learner = {
      peer,
      info,
      joinRound: this.#rounds.next,
      stage: 'met',
      counts: info.counts && quorum.voters.has(peer),
      history: null,
      sync: null,
      ackedUpTo: 0,
      lastHeardMs: nowMs,
      lastProgressMs: nowMs,
      progress: 0,
    }
    this.#learners.set(peer, learner)
    this.#inform(learner)
  }

  /** DISCOVERY, first half: a quorum of promises to top makes an epoch. */
  #maybeChooseEpoch(): void {
    if (this.#epoch !== 0 || this.#ended !== null) return
    const state = this.#state
    const counted = [...this.#learners.values()].filter(({ counts }) => counts)
    if (!state.quorum.includes([state.id, ...counted.map(({ peer }) => peer)])) return
    const promised = [...this.#learners.values()].map(({ info }) => info.acceptedEpoch)
    const epoch = Math.max(state.acceptedEpoch, ...promised) + 1
    if (epoch > maxEpoch) {
      state.fail(
        'LIMIT_EXCEEDED',
        `Z16: epoch ${String(maxEpoch)} was the last one of this ensemble`,
      )
      return
    }
    this.#epoch = epoch
    const records: LogRecord[] = []
    if (state.configuration === null) {
      records.push({ type: 'configuration', configuration: this.#foundingConfiguration() })
    }
    records.push({ type: 'accepted-epoch', epoch, leader: state.id })
    this.#promiseSeq = state.append(...records)
  }

  /** An ensemble id that a voter already holds, from an attempt before this one, is kept. */
  #foundingConfiguration(): Configuration {
    const held = [...this.#learners.values()]
      .map(({ info }) => info.ensembleId)
      .find((id) => id !== 0)
    const members = [...this.#state.options.members].sort((a, b) => a.id - b.id)
    return { ensembleId: held ?? this.#ensembleId, version: 1, members }
  }

  #inform(learner: Learner): void {
    const { configuration } = this.#state
    if (learner.stage !== 'met' || this.#epoch === 0 || this.#promiseSeq !== 0) return
    assert(configuration !== null, 'Z2: an epoch belongs to an ensemble')
    learner.stage = 'informed'
    this.#send(learner, { type: 'leader-info', epoch: this.#epoch, configuration })
  }

  #onLearnerMessage(
    learner: Learner,
    message: Exclude<Message, { type: 'notification' | 'follower-info' }>,
  ): string | null {
    const { machine, nowMs } = this.#state
    learner.lastHeardMs = nowMs
    if (message.type !== 'pong') learner.lastProgressMs = nowMs
    switch (message.type) {
      case 'pong':
        this.#onPong(learner, message)
        return null
      case 'ack-epoch':
        return this.#onAckEpoch(learner, message)
      case 'snap-ack':
        learner.sync?.onSnapAck(message.number)
        return null
      case 'diff-ack':
        learner.sync?.onDiffAck(message.upTo)
        return null
      case 'ack-new-leader':
        return this.#onAckNewLeader(learner, message)
      case 'ack':
        return this.#onAck(learner, message.upTo)
      case 'requests':
        if (learner.stage !== 'synced') return 'Z14: requests before UPTODATE'
        return machine.onRequests(learner.peer, message.requests)
      case 'session-requests':
        if (learner.stage !== 'synced') return 'Z14: session requests before UPTODATE'
        machine.onSessionRequests(learner.peer, message.requests)
        return null
      case 'sync-request':
        if (learner.stage !== 'synced') return 'Z14: a sync before UPTODATE'
        if (message.epoch === this.#epoch) machine.onSyncRequest(learner.peer, message.sync)
        return null
      case 'leader-info':
      case 'diff':
      case 'trunc':
      case 'snap':
      case 'snap-chunk':
      case 'new-leader':
      case 'up-to-date':
      case 'proposal':
      case 'commit':
      case 'goodbye':
      case 'ping':
      case 'sync-reply':
        return `Z14: a learner never sends ${message.type}`
    }
  }

  /** DISCOVERY, second half. Until established, a more recent history ends this leadership (Z11). */
  #onAckEpoch(learner: Learner, message: Received<'ack-epoch'>): string | null {
    if (learner.stage !== 'informed' || message.epoch !== this.#epoch) return 'Z14: ACKEPOCH twice'
    const { epoch, last } = this.#wonWith
    const later = message.currentEpoch > epoch
    const longer = message.currentEpoch === epoch && message.end.last > last
    if (this.#phase !== 'broadcast' && learner.counts && (later || longer)) {
      this.#end(`peer ${String(learner.peer)} has a more recent history`)
      return null
    }
    learner.stage = 'promised'
    learner.history = message
    if (this.#phase === 'discovery') this.#maybeStartSync()
    else this.#startSync(learner)
    return null
  }

  /** A quorum has promised: the history stands, and becomes that of every learner. */
  #maybeStartSync(): void {
    if (this.#phase !== 'discovery' || this.#epoch === 0 || this.#promiseSeq !== 0) return
    const state = this.#state
    const promised = [...this.#learners.values()].filter(({ stage }) => stage === 'promised')
    const counted = promised.filter(({ counts }) => counts).map(({ peer }) => peer)
    if (!state.quorum.includes([state.id, ...counted])) return
    this.#phase = 'synchronization'
    this.#epochSeq = state.append({ type: 'current-epoch', epoch: this.#epoch })
    for (const learner of promised) this.#startSync(learner)
  }

  #startSync(learner: Learner): void {
    const { history } = learner
    assert(history !== null, 'Z13: a learner has told its history')
    learner.stage = 'syncing'
    const isEstablished = (): boolean => this.#phase === 'broadcast'
    learner.sync = new LearnerSync(this.#state, learner.peer, this.#epoch, isEstablished)
    learner.sync.begin(history.end, history.epochEnds)
    learner.history = null
  }

  #onAckNewLeader(learner: Learner, message: Received<'ack-new-leader'>): string | null {
    if (learner.stage !== 'syncing' || learner.sync?.enrolled !== true)
      return 'Z14: ACK-LD too early'
    if (message.epoch !== this.#epoch) return 'Z14: ACK-LD of another epoch'
    if (this.#state.history.find(message.upTo) === undefined)
      return 'Z13: ACK-LD of another history'
    learner.stage = 'acked'
    learner.ackedUpTo = message.upTo
    if (learner.counts) this.#positions.set(learner.peer, message.upTo)
    if (!learner.counts) this.#rounds.request()
    this.#maybeEstablish()
    this.#maybeUpToDate(learner)
    return null
  }

  /** The own disk and a quorum hold the history and the epoch: it is committed, all of it. */
  #maybeEstablish(): void {
    if (this.#phase !== 'synchronization' || !this.#ownEpochDurable) return
    const state = this.#state
    const acked = [...this.#learners.values()].filter(
      ({ stage, counts }) => counts && stage === 'acked',
    )
    if (!state.quorum.includes([state.id, ...acked.map(({ peer }) => peer)])) return
    this.#phase = 'broadcast'
    const refusal = state.commit(state.history.end.last, '')
    assert(refusal === null, 'Z11: the initial history is committed whole')
    state.machine.lead(this.#epoch)
    for (const learner of this.#learners.values()) {
      learner.lastHeardMs = state.nowMs
      this.#maybeUpToDate(learner)
    }
  }

  /** UPTODATE carries the latest commit, so that none is missed between ACK-LD and it (Z15). */
  #maybeUpToDate(learner: Learner): void {
    if (this.#phase !== 'broadcast' || learner.stage !== 'acked') return
    const { id, quorum, lastCommitted } = this.#state
    const votes = quorum.voters.has(learner.peer)
    // Z19: a voter without memory may have promised another epoch. That a quorum without it has
    // since confirmed this one makes what it forgot harmless.
    if (votes && !learner.counts && this.#confirmedRound < learner.joinRound) return
    assert(learner.peer !== id, 'Z1: a leader is not its own learner')
    learner.stage = 'synced'
    learner.counts = votes
    if (votes) this.#positions.set(learner.peer, learner.ackedUpTo)
    this.#send(learner, { type: 'up-to-date', committed: lastCommitted })
  }

  #onAck(learner: Learner, upTo: Zxid): string | null {
    if (learner.stage !== 'acked' && learner.stage !== 'synced') return 'Z14: ACK before ACK-LD'
    if (upTo > this.#state.history.end.last) return 'Z9: an ACK of what was never proposed'
    if (upTo <= learner.ackedUpTo) return null
    learner.ackedUpTo = upTo
    if (learner.counts) this.#positions.set(learner.peer, upTo)
    return null
  }

  #onPong(learner: Learner, { epoch, round, proofs, progress }: Received<'pong'>): void {
    const { machine, nowMs } = this.#state
    if (progress > learner.progress) {
      learner.progress = progress
      learner.lastProgressMs = nowMs
    }
    if (learner.stage !== 'synced' || epoch !== this.#epoch) return
    if (proofs !== null) machine.onProofs(learner.peer, proofs, nowMs)
    if (learner.counts) this.#rounds.onConfirmation(learner.peer, round)
  }

  #noteConfirmedRounds(): void {
    const confirmed = this.#rounds.confirmed(this.#state.quorum)
    if (confirmed <= this.#confirmedRound) return
    this.#confirmedRound = confirmed
    this.#state.machine.onRoundConfirmed(confirmed)
    for (const learner of this.#learners.values()) this.#maybeUpToDate(learner)
  }

  /**
   * Commits every page that a quorum of durable logs has reached. Acks are cumulative, so from the
   * head and in whole pages: positions in one history can be compared, and a later page never has
   * its quorum before an earlier one (Z9).
   */
  #advanceCommit(): void {
    const { quorum, lastCommitted, machine } = this.#state
    const reached = quorum.reachedBy(this.#positions) as Zxid
    if (reached <= lastCommitted) return
    const refusal = this.#state.commit(reached, '')
    assert(refusal === null, 'Z9: a position is a page end of the history')
    while ((this.#outstanding[0] ?? Infinity) <= reached) this.#outstanding.shift()
    const digest = machine.end.last === reached ? machine.digest : ''
    for (const learner of this.#learners.values()) {
      if (learner.stage !== 'synced') continue
      this.#send(learner, { type: 'commit', upTo: reached, digest })
    }
  }

  #propose(): void {
    const { machine, history, options } = this.#state
    while (this.#outstanding.length < options.limits.maxPagesOutstanding) {
      const draft = machine.nextDraft(history.end)
      if (draft === null) return
      const page = options.codec.encode(draft)
      this.#state.append({ type: 'page', page })
      this.#outstanding.push(page.last)
      const proposal = { type: 'proposal', page } as const
      for (const { peer, sync } of this.#learners.values()) {
        if (sync?.enrolled === true) this.#state.send(peer, proposal)
      }
    }
  }

  #beat(): void {
    const { id, nowMs, options, machine, history } = this.#state
    this.#nextBeatMs = nowMs + options.timing.heartbeatMs
    if (this.#phase !== 'broadcast') {
      this.#ping(0)
      return
    }
    const proofs = machine.takeProofs(nowMs)
    if (proofs !== null) machine.onProofs(id, proofs, nowMs)
    machine.onProofsAcknowledged(machine.proofsAcknowledged(id), history.end.last)
    this.#ping(this.#rounds.begin(id))
  }

  #ping(round: number): void {
    const { machine, history } = this.#state
    for (const learner of this.#learners.values()) {
      this.#state.send(learner.peer, {
        type: 'ping',
        epoch: this.#epoch,
        round,
        proofsAcknowledged: machine.proofsAcknowledged(learner.peer),
        proposed: history.end.last,
        progress: this.#progress,
      })
    }
  }

  #dropSilent(): void {
    const { nowMs, options, history } = this.#state
    for (const { peer, sync, lastHeardMs } of [...this.#learners.values()]) {
      if (nowMs - lastHeardMs > options.timing.silentPeerMs) {
        this.#drop(peer, 'silent for longer than the silent-peer deadline')
        continue
      }
      const pin = sync?.pinned ?? null
      if (pin !== null && history.bytesBehind(pin) > options.limits.maxPinnedBytes) {
        this.#drop(peer, 'too slow: the log cannot be kept for it any longer')
      }
    }
  }

  /** Established: hears a synced quorum. Before that: a quorum gets on, or has arrived. */
  #judgeQuorum(): void {
    const { id, nowMs, options, quorum } = this.#state
    const { silentPeerMs } = options.timing
    const established = this.#phase === 'broadcast'
    const alive = [...this.#learners.values()].filter((learner) => {
      if (!learner.counts) return false
      if (learner.stage === 'synced' || learner.stage === 'acked') return true
      return !established && nowMs - learner.lastProgressMs <= silentPeerMs
    })
    if (quorum.includes([id, ...alive.map(({ peer }) => peer)])) {
      this.#quorumAliveMs = nowMs
      if (!established) this.#progress += 1
    } else if (nowMs - this.#quorumAliveMs > silentPeerMs) {
      this.#end(
        established ? 'no quorum of synced learners is heard' : 'no quorum made progress in time',
      )
    }
  }

  #maybeSayGoodbye(): void {
    if (this.#handOverUntilMs === null) return
    const { machine, history, nowMs } = this.#state
    const late = nowMs >= this.#handOverUntilMs
    const committed = machine.preparedCount === 0 && this.#outstanding.length === 0
    const synced = [...this.#learners.values()].filter(({ stage }) => stage === 'synced')
    const everywhere = synced.every(({ ackedUpTo }) => ackedUpTo === history.end.last)
    if (!late && !(committed && everywhere)) return
    for (const learner of synced) this.#send(learner, { type: 'goodbye' })
    this.#saidGoodbye = true
    this.#end(`epoch ${String(this.#epoch)} is handed over at ${formatZxid(history.end.last)}`)
  }

  #drop(peer: PeerId, reason: string): void {
    this.#forget(peer)
    this.#state.disconnect(peer, reason)
  }

  /** What a peer sent counts only while the connection that it came on lives. */
  #forget(peer: PeerId): void {
    this.#learners.get(peer)?.sync?.close()
    this.#learners.delete(peer)
    this.#positions.delete(peer)
    this.#rounds.forget(peer)
  }

  #send(learner: Learner, message: DataMessage): void {
    this.#state.send(learner.peer, message)
  }

  #end(reason: string): void {
    this.#ended ??= reason
  }
}
