/**
 * The leader's pulse: pings its learners, has them confirm that they still follow (rounds.ts), and
 * knows whether it still hears a quorum.
 *
 * Established, a leader must hear a synced quorum. Before that it may go on for as long as a quorum
 * gets on. Its pings carry a count that rises only as long as it may: learners that are not synced
 * wait for no other, and do not mind a disk that is slow, theirs or the leader's.
 */
import type { PeerId } from '../ids.ts'
import { countedIn, type Learner, type Received } from './learner.ts'
import { Rounds } from './rounds.ts'
import type { ZabState } from './state.ts'

export class Heartbeat {
  readonly #state: ZabState
  readonly #learners: ReadonlyMap<PeerId, Learner>
  readonly #rounds = new Rounds()
  #confirmedRound = 0
  #nextBeatMs = 0
  #progress = 0
  #quorumAliveMs: number

  constructor(state: ZabState, learners: ReadonlyMap<PeerId, Learner>) {
    this.#state = state
    this.#learners = learners
    this.#quorumAliveMs = state.nowMs
  }

  get nextRound(): number {
    return this.#rounds.next
  }

  /** The last round that a quorum confirmed. */
  get confirmedRound(): number {
    return this.#confirmedRound
  }

  requestRound(): number {
    return this.#rounds.request()
  }

  forget(peer: PeerId): void {
    this.#rounds.forget(peer)
  }

  /** Pings when it is time. `epoch` is 0, and no round begins, until the leader is established. */
  onTick(epoch: number, established: boolean): void {
    const { id, nowMs, options, machine, history } = this.#state
    if (nowMs < this.#nextBeatMs) return
    this.#nextBeatMs = nowMs + options.timing.heartbeatMs
    if (!established) {
      this.#ping(epoch, 0)
      return
    }
    const proofs = machine.takeProofs(nowMs)
    if (proofs !== null) machine.onProofs(id, proofs, nowMs)
    machine.onProofsAcknowledged(machine.proofsAcknowledged(id), history.end.last)
    this.#ping(epoch, this.#rounds.begin(id))
  }

  /** Begins the round that somebody waits for; true when a quorum has confirmed a further one. */
  endStep(epoch: number): boolean {
    const { id, quorum } = this.#state
    if (this.#rounds.isDue(this.#confirmedRound)) this.#ping(epoch, this.#rounds.begin(id))
    const confirmed = this.#rounds.confirmed(quorum)
    if (confirmed <= this.#confirmedRound) return false
    this.#confirmedRound = confirmed
    return true
  }

  onPong(learner: Learner, epoch: number, pong: Received<'pong'>): void {
    const { machine, nowMs } = this.#state
    if (pong.progress > learner.progress) {
      learner.progress = pong.progress
      learner.lastProgressMs = nowMs
    }
    if (learner.stage !== 'synced' || pong.epoch !== epoch) return
    // The proofs are older than any round that begins from here on, so one of those confirms them.
    if (pong.proofs !== null) machine.onProofs(learner.peer, pong.proofs, nowMs)
    if (learner.counts) this.#rounds.onConfirmation(learner.peer, pong.round)
  }

  /** Why the leader must give up, or `null`. */
  judgeQuorum(established: boolean): string | null {
    const { id, nowMs, options, quorum } = this.#state
    const { silentPeerMs } = options.timing
    const alive = countedIn(this.#learners.values(), 'acked', 'synced')
    if (!established) {
      for (const { peer, counts, lastProgressMs } of this.#learners.values()) {
        if (counts && nowMs - lastProgressMs <= silentPeerMs) alive.push(peer)
      }
    }
    if (quorum.includes([id, ...alive])) {
      this.#quorumAliveMs = nowMs
      this.#progress += 1
      return null
    }
    if (nowMs - this.#quorumAliveMs <= silentPeerMs) return null
    return established
      ? 'no quorum of synced learners is heard'
      : 'no quorum made progress within the silent-peer deadline'
  }

  #ping(epoch: number, round: number): void {
    const { machine, history } = this.#state
    for (const { peer } of this.#learners.values()) {
      this.#state.send(peer, {
        type: 'ping',
        epoch,
        round,
        proofsAcknowledged: machine.proofsAcknowledged(peer),
        proposed: history.end.last,
        progress: this.#progress,
      })
    }
  }
}
