/**
 * The leader's side of the conversation with each learner, and what follows from all of them:
 *
 *   DISCOVERY         discovery.ts: an epoch, and the certainty that the own history may stand
 *   SYNCHRONIZATION   learner-sync.ts: each learner's history becomes the leader's, NEWLEADER;
 *                     a quorum's ACK-LD, the own disk among them → established, UPTODATE
 *   BROADCAST         broadcast.ts: PROPOSAL, ACK, COMMIT
 *
 * Learners come and go in every phase. The learner's side is in following.ts.
 *
 * Invariants: Z1, one leader an epoch; Z11, once established it holds what any quorum committed; Z14,
 * a message out of place ends the link; Z19, peers without memory count nowhere before UPTODATE.
 */
import { assert } from '../assert.ts'
import type { Member } from '../ensemble/configuration.ts'
import { quorumOf } from '../ensemble/quorum.ts'
import type { EnsembleId, PeerId } from '../ids.ts'
import { formatZxid, type Zxid } from '../zxid.ts'
import { Broadcast } from './broadcast.ts'
import { Discovery } from './discovery.ts'
import {
  countedIn,
  meetLearner,
  slownessOf,
  type FollowerInfo,
  type Learner,
  type Received,
  syncedAmong,
} from './learner.ts'
import { Heartbeat } from './heartbeat.ts'
import { LearnerSync } from './learner-sync.ts'
import type { Message } from './messages.ts'
import type { ZabState } from './state.ts'

export class Leading {
  readonly #state: ZabState
  readonly #learners = new Map<PeerId, Learner>()
  readonly #discovery: Discovery
  readonly #broadcast: Broadcast
  readonly #heartbeat: Heartbeat
  #phase: 'discovery' | 'synchronization' | 'broadcast' = 'discovery'
  /** The append that makes the own currentEpoch durable; infinite before it is made. */
  #epochSeq = Infinity
  #ownEpochDurable = false
  #handOverUntilMs: number | null = null
  #ended: string | null = null
  #saidGoodbye = false

  constructor(state: ZabState, ensembleId: EnsembleId, infos: ReadonlyMap<PeerId, FollowerInfo>) {
    this.#state = state
    this.#discovery = new Discovery(state, this.#learners, ensembleId)
    this.#broadcast = new Broadcast(state, this.#learners)
    this.#heartbeat = new Heartbeat(state, this.#learners)
    for (const [peer, info] of infos) this.#meet(peer, info)
    this.#discovery.maybeChooseEpoch()
  }

  get phase(): 'discovery' | 'synchronization' | 'broadcast' {
    return this.#phase
  }

  get epoch(): number {
    return this.#discovery.epoch
  }

  /** Why this leadership is over, or `null`. */
  get ended(): string | null {
    return this.#ended
  }

  get reason(): string {
    if (this.#handOverUntilMs !== null) return 'hands over'
    const peers = [...this.#learners.keys()].join(', ')
    const learners = `learners: ${peers === '' ? 'none' : peers}`
    switch (this.#phase) {
      case 'discovery':
        return `waits for a quorum to promise an epoch; ${learners}`
      case 'synchronization':
        return `synchronizes a quorum; ${learners}`
      case 'broadcast':
        return `leads; ${learners}`
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
    return this.#heartbeat.nextRound
  }

  requestRound(): number {
    return this.#heartbeat.requestRound()
  }

  /** True when a quorum of these members could commit at once. */
  hasSyncedQuorum(members: readonly Member[]): boolean {
    const synced = countedIn(this.#learners.values(), 'synced')
    return quorumOf(members).includes([this.#state.id, ...synced])
  }

  get syncedLearners(): readonly PeerId[] {
    return syncedAmong(this.#learners.values())
  }

  onLinkDown(peer: PeerId): void {
    this.#forget(peer)
  }

  onTick(): void {
    const { options, diskWaitMs } = this.#state
    if (diskWaitMs > options.timing.diskStallMs) {
      this.#end(`the disk has not answered for ${String(Math.round(diskWaitMs))} ms`)
      return
    }
    for (const learner of [...this.#learners.values()]) {
      const slowness = slownessOf(learner, this.#state)
      if (slowness !== null) this.#drop(learner.peer, slowness)
    }
    const established = this.#phase === 'broadcast'
    const lost = this.#heartbeat.judgeQuorum(established)
    if (lost === null) this.#heartbeat.onTick(this.epoch, established)
    else this.#end(lost)
  }

  onSynced(seq: number): void {
    this.#discovery.onSynced(seq)
    this.#maybeSynchronize()
    if (seq >= this.#epochSeq) this.#ownEpochDurable = true
    if (!this.#ownEpochDurable) return
    this.#broadcast.noteDurable(this.#state.id, this.#state.history.durable.last)
    this.#maybeEstablish()
  }

  onMessage(from: PeerId, message: Exclude<Message, { type: 'notification' }>): void {
    if (message.type === 'follower-info') {
      this.#meet(from, message)
      this.#discovery.maybeChooseEpoch()
      return
    }
    const learner = this.#learners.get(from)
    if (learner === undefined) return
    const refusal = this.#onLearnerMessage(learner, message) ?? learner.sync?.failure ?? null
    if (refusal !== null) this.#drop(from, refusal)
  }

  /** Has each sync take what the store answered; drops the learners for which that failed. */
  onStore(tell: (sync: LearnerSync) => void): void {
    for (const { peer, sync } of [...this.#learners.values()]) {
      if (sync === null) continue
      tell(sync)
      if (sync.failure !== null) this.#drop(peer, sync.failure)
    }
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
    const { machine } = this.#state
    if (this.#ended !== null) return
    this.#maybeEstablish()
    if (this.#phase !== 'broadcast') return
    this.#broadcast.advanceCommit()
    this.#broadcast.propose()
    if (this.#heartbeat.endStep(this.epoch)) {
      machine.onRoundConfirmed(this.#heartbeat.confirmedRound)
      for (const learner of this.#learners.values()) this.#maybeUpToDate(learner)
    }
    // One that does not vote any more has committed, by those who do, that it does not.
    if (machine.counterExhausted || !this.#state.isVoter) this.handOver()
    this.#maybeSayGoodbye()
    this.#broadcast.endStep()
  }

  /** The leadership is left: frees what it holds, and its learners unless they leave by themselves. */
  close(reason: string): void {
    for (const { peer, sync, stage } of this.#learners.values()) {
      sync?.close()
      if (!this.#saidGoodbye || stage !== 'synced') this.#state.disconnect(peer, reason)
    }
    this.#learners.clear()
  }

  #meet(peer: PeerId, info: FollowerInfo): void {
    this.#forget(peer)
    const refusal = this.#discovery.refuses(info)
    if (refusal !== null) {
      // Only a higher epoch brings this peer back: end the present one, in order if it was begun.
      if (this.#phase === 'broadcast') this.handOver()
      else this.#end(`peer ${String(peer)} cannot follow: ${refusal}`)
      this.#state.disconnect(peer, refusal)
      return
    }
    const { nowMs } = this.#state
    const learner = meetLearner(info, { peer, joinRound: this.nextRound(), nowMs })
    this.#learners.set(peer, learner)
    this.#discovery.inform(learner)
  }

  #onLearnerMessage(
    learner: Learner,
    message: Exclude<Message, { type: 'notification' | 'follower-info' }>,
  ): string | null {
    const { nowMs } = this.#state
    learner.lastHeardMs = nowMs
    if (message.type !== 'pong') learner.lastProgressMs = nowMs
    switch (message.type) {
      case 'pong':
        this.#heartbeat.onPong(learner, this.epoch, message)
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
      case 'session-requests':
      case 'session-moves':
      case 'sync-request':
        return this.#onRequest(learner, message)
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

  #onRequest(
    learner: Learner,
    message: Received<'requests' | 'session-requests' | 'session-moves' | 'sync-request'>,
  ): string | null {
    const { machine } = this.#state
    if (learner.stage !== 'synced') return `Z14: ${message.type} before UPTODATE`
    if (message.type === 'requests') return machine.onRequests(learner.peer, message.requests)
    const { peer } = learner
    if (message.type === 'session-requests') machine.onSessionRequests(peer, message.requests)
    else if (message.type === 'session-moves') machine.onSessionMoves(peer, message.requests)
    else if (message.epoch === this.epoch) machine.onSyncRequest(peer, message.sync)
    return null
  }

  #onAckEpoch(learner: Learner, message: Received<'ack-epoch'>): string | null {
    if (learner.stage !== 'informed' || message.epoch !== this.epoch) {
      return 'Z14: ACKEPOCH out of place'
    }
    if (this.#phase === 'broadcast') {
      learner.history = message
      this.#startSync(learner)
      return null
    }
    // Until a leader is established, a more recent history ends its leadership (Z11).
    const refusal = this.#discovery.onAckEpoch(learner, message)
    if (refusal !== null) this.#end(refusal)
    else if (this.#phase === 'synchronization') this.#startSync(learner)
    else this.#maybeSynchronize()
    return null
  }

  /** A quorum has promised: the history stands, and becomes that of every learner. */
  #maybeSynchronize(): void {
    if (this.#phase !== 'discovery' || !this.#discovery.stands) return
    this.#phase = 'synchronization'
    this.#epochSeq = this.#state.append({ type: 'current-epoch', epoch: this.epoch })
    for (const learner of this.#learners.values()) {
      if (learner.stage === 'promised') this.#startSync(learner)
    }
  }

  #startSync(learner: Learner): void {
    const { history } = learner
    assert(history !== null, 'Z13: a learner has told its history')
    learner.stage = 'syncing'
    learner.history = null
    const isEstablished = (): boolean => this.#phase === 'broadcast'
    learner.sync = new LearnerSync(this.#state, learner.peer, this.epoch, isEstablished)
    learner.sync.begin(history.end, history.epochEnds)
  }

  #onAckNewLeader(learner: Learner, message: Received<'ack-new-leader'>): string | null {
    const enrolled = learner.stage === 'syncing' && learner.sync?.enrolled === true
    if (!enrolled || message.epoch !== this.epoch) return 'Z14: ACK-LD out of place'
    if (!this.#state.history.reaches(message.upTo)) return 'Z13: ACK-LD of another history'
    learner.stage = 'acked'
    learner.ackedUpTo = message.upTo
    if (learner.counts) this.#broadcast.noteDurable(learner.peer, message.upTo)
    else this.requestRound()
    this.#maybeEstablish()
    this.#maybeUpToDate(learner)
    return null
  }

  /** The own disk and a quorum hold the history and the epoch: it is committed, all of it. */
  #maybeEstablish(): void {
    if (this.#phase !== 'synchronization' || !this.#ownEpochDurable) return
    const state = this.#state
    if (!state.quorum.includes([state.id, ...countedIn(this.#learners.values(), 'acked')])) return
    const refusal = state.commit(state.history.end.last, '')
    assert(refusal === null, 'Z11: the initial history is committed whole')
    if (!state.isApplied) return
    this.#phase = 'broadcast'
    state.machine.lead(this.epoch)
    this.#replicateFounding()
    for (const learner of this.#learners.values()) {
      learner.lastHeardMs = state.nowMs
      this.#maybeUpToDate(learner)
    }
  }

  /** The first page of an ensemble says who belongs to it; from then on no peer of it is empty. */
  #replicateFounding(): void {
    const { machine, configuration } = this.#state
    if (machine.configuration === null && configuration !== null) machine.configure(configuration)
  }

  /** UPTODATE carries the latest commit, so that none is missed between ACK-LD and it (Z15). */
  #maybeUpToDate(learner: Learner): void {
    if (this.#phase !== 'broadcast' || learner.stage !== 'acked') return
    // Z19: a peer without memory may have promised another epoch. That a quorum without it has since
    // confirmed this one makes what it forgot harmless.
    if (!learner.counts && this.#heartbeat.confirmedRound < learner.joinRound) return
    learner.stage = 'synced'
    learner.counts = true
    this.#broadcast.noteDurable(learner.peer, learner.ackedUpTo as Zxid)
    const { lastCommitted } = this.#state
    this.#state.send(learner.peer, { type: 'up-to-date', committed: lastCommitted })
  }

  #onAck(learner: Learner, upTo: Zxid): string | null {
    if (learner.stage !== 'acked' && learner.stage !== 'synced') return 'Z14: ACK before ACK-LD'
    if (!this.#state.history.reaches(upTo)) return 'Z9: an ACK of what was never proposed'
    if (upTo <= learner.ackedUpTo) return null
    learner.ackedUpTo = upTo
    if (learner.counts) this.#broadcast.noteDurable(learner.peer, upTo)
    return null
  }

  #maybeSayGoodbye(): void {
    if (this.#handOverUntilMs === null) return
    const { machine, history, nowMs } = this.#state
    const drained = machine.preparedCount === 0 && this.#broadcast.outstandingCount === 0
    const synced = [...this.#learners.values()].filter(({ stage }) => stage === 'synced')
    const everywhere = synced.every(({ ackedUpTo }) => ackedUpTo === history.end.last)
    if (!(drained && everywhere) && nowMs < this.#handOverUntilMs) return
    this.#broadcast.announce()
    for (const { peer } of synced) this.#state.send(peer, { type: 'goodbye' })
    this.#saidGoodbye = true
    this.#end(`epoch ${String(this.epoch)} is handed over at ${formatZxid(history.end.last)}`)
  }

  #drop(peer: PeerId, reason: string): void {
    this.#forget(peer)
    this.#state.disconnect(peer, reason)
  }

  /** What a peer sent counts only while the link that it came on lives. */
  #forget(peer: PeerId): void {
    this.#learners.get(peer)?.sync?.close()
    this.#learners.delete(peer)
    this.#broadcast.forget(peer)
    this.#heartbeat.forget(peer)
    this.#state.machine.onLearnerGone(peer)
  }

  #end(reason: string): void {
    this.#ended ??= reason
  }
}
