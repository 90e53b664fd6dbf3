/**
 * Agreement: the only place where a phase changes. A peer is in ELECTION, or follows, or leads; each
 * is one object that holds everything that belongs to it and is replaced whole, so that nothing
 * stale survives. DISCOVERY, SYNCHRONIZATION and BROADCAST are phases of following and of leading.
 *
 *   Election ──► Leading ──► Election       elected; could not lead, lost its quorum, handed over
 *   Election ──► Following ──► Election     elected another, or joined; it fell silent or refused
 *
 * The paper is Junqueira, Reed, Serafini: "Zab: High-performance broadcast for primary-backup
 * systems" (DSN 2011); names are those of ZooKeeper and of its TLA+ specification.
 */
import type { Standing } from '../effects.ts'
import type { Member } from '../ensemble/configuration.ts'
import type { PeerId } from '../ids.ts'
import type { Agreement } from '../server/agreement.ts'
import type { Replica } from '../server/replica.ts'
import type { Zxid } from '../zxid.ts'
import { Election, type Elected, type Notification, type RoundCounter } from './election.ts'
import { Following } from './following.ts'
import type { FollowerInfo } from './learner.ts'
import type { LearnerSync } from './learner-sync.ts'
import { Leading } from './leading.ts'
import type { Message, Role } from './messages.ts'
import type { Page, PageEnd } from './page.ts'
import type { ZabState } from './state.ts'

type Phase = Election | Following | Leading

export class Zab implements Agreement {
  readonly #state: ZabState
  /** What this peer founds an ensemble under, should it come to that. */
  readonly #ensembleId: number
  readonly #rounds: RoundCounter = { round: 0 }
  /** FOLLOWERINFO from peers that elected this one before it knew, on the links that are up. */
  readonly #infos = new Map<PeerId, FollowerInfo>()
  #phase: Phase
  #lastReason = 'starts'
  /** It was asked to hand over: it does not stand in the election that follows. */
  #standsAsideNext = false
  #closing = false
  #finished = false

  constructor(state: ZabState, ensembleId: number) {
    this.#state = state
    this.#ensembleId = ensembleId
    this.#phase = new Election(state, this.#rounds, 0)
  }

  get role(): Role {
    if (this.#phase instanceof Leading) return 'leader'
    if (!(this.#phase instanceof Following)) return 'looking'
    return this.#state.isVoter ? 'follower' : 'observer'
  }

  /** The log must keep what lies behind this; `null` when it need not. */
  get pinned(): Zxid | null {
    return this.#phase instanceof Leading ? this.#phase.pinned : null
  }

  get receivesSnapshot(): boolean {
    return this.#phase instanceof Following && this.#phase.receivesSnapshot
  }

  get standing(): Standing {
    const phase = this.#phase
    const { id, currentEpoch, damaged, membership, configuration } = this.#state
    const looking = phase instanceof Election
    return {
      role: this.role,
      phase: phase.phase,
      leader: looking ? 0 : phase instanceof Following ? phase.leader : id,
      epoch: currentEpoch,
      ready: phase.phase === 'broadcast',
      missingVoters: looking && this.#state.mayFound ? phase.missingVoters : [],
      damaged,
      membership,
      configurationVersion: configuration?.version ?? 0,
      isReconfiguring: this.#state.configurations.before !== null,
      reason: this.#reasonWith(looking ? `${phase.reason} (${this.#lastReason})` : phase.reason),
    }
  }

  #reasonWith(reason: string): string {
    const { membership, configuration } = this.#state
    if (membership !== 'none' || configuration === null) return reason
    return `${reason}; no member by version ${String(configuration.version)} of the configuration`
  }

  get lastCommitted(): Zxid {
    return this.#state.lastCommitted
  }

  nextRound(): number {
    return this.#phase instanceof Leading ? this.#phase.nextRound() : 0
  }

  requestRound(): number {
    return this.#phase instanceof Leading ? this.#phase.requestRound() : 0
  }

  hasSyncedQuorum(members: readonly Member[]): boolean {
    return this.#phase instanceof Leading && this.#phase.hasSyncedQuorum(members)
  }

  /** Learners of this leader that are synced; none of another peer. */
  get syncedLearners(): readonly PeerId[] {
    return this.#phase instanceof Leading ? this.#phase.syncedLearners : []
  }

  onTick(): void {
    this.#tickPhase()
    this.#settle()
  }

  onLinkUp(peer: PeerId): void {
    this.#state.linkUp(peer)
    this.#infos.delete(peer)
    if (this.#phase instanceof Election) this.#phase.onLinkUp(peer)
    else this.#tell(peer, false)
  }

  onLinkDown(peer: PeerId, reason: string): void {
    if (!this.#state.isLinked(peer)) return
    this.#state.linkDown(peer)
    this.#infos.delete(peer)
    const phase = this.#phase
    if (phase instanceof Following) {
      if (phase.leader === peer) this.#look(`the link to the leader broke: ${reason}`)
    } else {
      phase.onLinkDown(peer)
    }
    this.#settle()
  }

  onMessage(from: PeerId, message: Message): void {
    // What is still on its way from a link that this peer has broken is not listened to.
    if (!this.#state.isLinked(from)) return
    if (message.type === 'notification') this.#onNotification(from, message)
    else if (this.#phase instanceof Leading) this.#phase.onMessage(from, message)
    else if (message.type === 'follower-info') this.#onFollowerInfo(from, message)
    else if (this.#phase instanceof Following && this.#phase.leader === from) {
      this.#phase.onMessage(message)
    }
    this.#settle()
  }

  onSynced(seq: number): void {
    this.#state.onSynced(seq)
    if (this.#phase instanceof Election) this.#tickPhase()
    else this.#phase.onSynced(seq)
    this.#settle()
  }

  onLogRead(reader: number, pages: readonly Page[]): void {
    this.#tellSyncs((sync) => {
      sync.onLogRead(reader, pages)
    })
  }

  onLogReadFailed(reader: number, reason: string): void {
    this.#tellSyncs((sync) => {
      sync.onLogReadFailed(reader, reason)
    })
  }

  onStoreProgress(): void {
    if (this.#phase instanceof Following) this.#phase.onStoreProgress()
  }

  onSnapshotOpened(transfer: number, at: PageEnd): void {
    this.#tellSyncs((sync) => {
      sync.onSnapshotOpened(transfer, at)
    })
  }

  onSnapshotRead(transfer: number, number: number, bytes: Uint8Array, last: boolean): void {
    this.#tellSyncs((sync) => {
      sync.onSnapshotRead(transfer, number, bytes, last)
    })
  }

  onSnapshotWritten(transfer: number, number: number): void {
    if (this.#phase instanceof Following) this.#phase.onChunkWritten(transfer, number)
  }

  onSnapshotReceived(transfer: number, replica: Replica): void {
    if (this.#phase instanceof Following) this.#phase.onSnapshotReceived(transfer, replica)
    this.#settle()
  }

  onSnapshotFailed(transfer: number, reason: string): void {
    this.#tellSyncs((sync) => {
      sync.onSnapshotFailed(transfer, reason)
    })
    if (this.#phase instanceof Following) this.#phase.onSnapshotFailed(transfer, reason)
    this.#settle()
  }

  /** Hands over what it leads, if there is another voter, and lets somebody else be elected. */
  handOver(): void {
    if (!(this.#phase instanceof Leading) || this.#state.voters.length < 2) return
    this.#standsAsideNext = true
    this.#phase.handOver()
    this.#settle()
  }

  /** Hands over what it leads, then says that it is done. */
  close(): void {
    this.#closing = true
    if (this.#phase instanceof Leading) this.#phase.handOver()
    this.#settle()
  }

  /** What a step ends with. */
  endStep(): void {
    this.#state.applyCommitted()
    if (!(this.#phase instanceof Election)) this.#phase.endStep()
    this.#settle()
    if (this.#closing && !this.#finished && this.#phase instanceof Election) {
      if (!this.#state.allSynced) return
      this.#finished = true
      this.#state.outbox.add({ type: 'finish-close' })
    }
  }

  /** A closing peer that only waits for its disk: nobody should vote for it any more. */
  get #standsAside(): boolean {
    return this.#closing && this.#phase instanceof Election
  }

  #tickPhase(): void {
    if (this.#state.judgesSilence && !this.#standsAside) this.#phase.onTick()
  }

  #tellSyncs(tell: (sync: LearnerSync) => void): void {
    if (this.#phase instanceof Leading) this.#phase.onStore(tell)
    this.#settle()
  }

  #onNotification(from: PeerId, message: Notification): void {
    const phase = this.#phase
    if (phase instanceof Election) {
      if (!this.#closing) phase.onNotification(from, message)
      return
    }
    if (message.asks) this.#tell(from, false)
    if (phase instanceof Following && phase.leader === from && !this.#stillLeads(phase, message)) {
      this.#look(`peer ${String(from)} does not lead`)
    }
  }

  /**
   * Leading, or elected but slower to see it: anything else means that it went another way. What it
   * said before it led may come late, since votes and epochs travel on different lanes.
   */
  #stillLeads(phase: Following, { role, round, vote }: Notification): boolean {
    if (role === 'leader') return true
    if (role !== 'looking' || round > phase.round) return false
    return phase.epoch !== 0 || vote.leader === phase.leader
  }

  #onFollowerInfo(from: PeerId, info: FollowerInfo): void {
    if (this.#phase instanceof Election) this.#infos.set(from, info)
    else this.#state.disconnect(from, `peer ${String(this.#state.id)} does not lead`)
  }

  /** Goes where the present phase has come to, until it stays. */
  #settle(): void {
    const phase = this.#phase
    if (phase instanceof Election) {
      const elected = phase.elected
      if (elected === null || this.#closing) return
      if (elected.type === 'lead') this.#lead()
      else this.#follow(elected)
      this.#settle()
    } else if (phase.ended !== null) {
      this.#look(phase.ended)
    } else if (this.#closing && phase instanceof Following) {
      this.#look('closes')
    }
  }

  #lead(): void {
    const infos = new Map([...this.#infos].filter(([peer]) => this.#state.isLinked(peer)))
    this.#infos.clear()
    this.#phase = new Leading(this.#state, this.#ensembleId, infos)
  }

  #follow(elected: Extract<Elected, { type: 'follow' }>): void {
    const { id } = this.#state
    for (const peer of this.#infos.keys()) {
      this.#state.disconnect(peer, `peer ${String(id)} follows ${String(elected.leader)}`)
    }
    this.#infos.clear()
    this.#phase = new Following(this.#state, elected)
  }

  /** Leaves whatever it was: the links that carried the conversation are broken, if it was not over. */
  #look(reason: string): void {
    const phase = this.#phase
    this.#lastReason = reason
    if (phase instanceof Following) {
      phase.close()
      this.#state.disconnect(phase.leader, reason)
    } else if (phase instanceof Leading) {
      phase.close(reason)
    }
    this.#state.machine.look()
    const { nowMs, options } = this.#state
    const standsAsideUntilMs = this.#standsAsideNext ? nowMs + options.timing.silentPeerMs : 0
    this.#standsAsideNext = false
    this.#phase = new Election(this.#state, this.#rounds, standsAsideUntilMs)
    this.#tickPhase()
  }

  /** Tells a peer that looks, or has just come, whom to follow. */
  #tell(to: PeerId, asks: boolean): void {
    const phase = this.#phase
    if (phase instanceof Election) return
    const { id, currentEpoch, history, mayFound, remembers, configurations } = this.#state
    const leader = phase instanceof Following ? phase.leader : id
    this.#state.send(to, {
      type: 'notification',
      role: this.role,
      round: this.#rounds.round,
      vote: { leader, epoch: currentEpoch, last: history.end.last },
      established: phase.phase === 'broadcast',
      leadingEpoch: phase.epoch,
      empty: mayFound,
      votes: remembers,
      asks,
      configuration: configurations.committed,
    })
  }
}
