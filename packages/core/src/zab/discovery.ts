/**
 * DISCOVERY as the would-be leader sees it: makes an epoch that tops every promise of a quorum, and
 * makes sure that no one in a quorum has a more recent history than its own.
 *
 *   a quorum's FOLLOWERINFO → epoch, durable here, LEADERINFO
 *   a quorum's ACKEPOCH     → the history stands; currentEpoch is written
 *
 * The only place where an epoch is made. Invariants: Z1, Z2, Z11, Z16.
 */
import { assert } from '../assert.ts'
import type { Configuration } from '../ensemble/configuration.ts'
import type { EnsembleId } from '../ids.ts'
import type { LogRecord } from '../log-record.ts'
import { maxEpoch, type Zxid } from '../zxid.ts'
import { countedIn, type Learner, type Received } from './learner.ts'
import type { ZabState } from './state.ts'

export class Discovery {
  readonly #state: ZabState
  readonly #learners: ReadonlyMap<number, Learner>
  /** What the election was won with: no ACKEPOCH may show a more recent history. */
  readonly #wonWith: { readonly epoch: number; readonly last: Zxid }
  readonly #ensembleId: EnsembleId
  #epoch = 0
  #promiseSeq = 0
  #promised = false
  #stands = false

  constructor(state: ZabState, learners: ReadonlyMap<number, Learner>, ensembleId: EnsembleId) {
    this.#state = state
    this.#learners = learners
    this.#ensembleId = ensembleId
    this.#wonWith = { epoch: state.currentEpoch, last: state.history.end.last }
  }

  /** The epoch made, or 0. */
  get epoch(): number {
    return this.#epoch
  }

  /** True once a quorum has promised: the history is that of the epoch. */
  get stands(): boolean {
    return this.#stands
  }

  /** Why a learner can never follow in this epoch, or `null`: only a higher one brings it back. */
  refuses({ acceptedEpoch, acceptedLeader }: Learner['info']): string | null {
    if (this.#epoch === 0 || acceptedEpoch < this.#epoch) return null
    if (acceptedEpoch === this.#epoch && acceptedLeader === this.#state.id) return null
    return `epoch ${String(acceptedEpoch)} is promised to peer ${String(acceptedLeader)}`
  }

  /** Makes the epoch once a quorum has told its promises. */
  maybeChooseEpoch(): void {
    const state = this.#state
    if (this.#epoch !== 0) return
    const met = [state.id, ...countedIn(this.#learners.values(), 'met')]
    // Whoever founds waits for all: any of them may hold the ensemble's id already.
    const founds = state.configuration === null
    if (
      founds ? !state.voters.every((voter) => met.includes(voter)) : !state.quorum.includes(met)
    ) {
      return
    }
    const promises = [...this.#learners.values()].map(({ info }) => info.acceptedEpoch)
    const epoch = Math.max(state.acceptedEpoch, ...promises) + 1
    if (epoch > maxEpoch) {
      state.fail('LIMIT_EXCEEDED', `Z16: epoch ${String(maxEpoch)} was the last of this ensemble`)
      return
    }
    this.#epoch = epoch
    const records: LogRecord[] = []
    if (founds) {
      records.push({ type: 'configuration', configuration: this.#foundingConfiguration() })
    }
    records.push({ type: 'accepted-epoch', epoch, leader: state.id })
    this.#promiseSeq = state.append(...records)
  }

  onSynced(seq: number): void {
    if (this.#promised || this.#epoch === 0 || seq < this.#promiseSeq) return
    this.#promised = true
    for (const learner of this.#learners.values()) this.inform(learner)
    this.#maybeStand()
  }

  /** LEADERINFO, once the own promise is durable (Z2). */
  inform(learner: Learner): void {
    const configuration = this.#state.configurations.committed
    if (learner.stage !== 'met' || !this.#promised) return
    assert(configuration !== null, 'Z2: an epoch belongs to an ensemble')
    learner.stage = 'informed'
    this.#state.send(learner.peer, { type: 'leader-info', epoch: this.#epoch, configuration })
  }

  /** Notes an ACKEPOCH. Says why this leadership must end, or `null`. */
  onAckEpoch(learner: Learner, message: Received<'ack-epoch'>): string | null {
    const { epoch, last } = this.#wonWith
    const later = message.currentEpoch > epoch
    const longer = message.currentEpoch === epoch && message.end.last > last
    const isVoter = this.#state.quorum.voters.has(learner.peer)
    if (learner.counts && isVoter && (later || longer)) {
      return `peer ${String(learner.peer)} has a more recent history`
    }
    learner.stage = 'promised'
    learner.history = message
    this.#maybeStand()
    return null
  }

  #maybeStand(): void {
    const { id, quorum } = this.#state
    if (this.#stands || !this.#promised) return
    this.#stands = quorum.includes([id, ...countedIn(this.#learners.values(), 'promised')])
  }

  /** An ensemble id that a voter already holds, from an attempt before this one, is kept. */
  #foundingConfiguration(): Configuration {
    const ids = [...this.#learners.values()].map(({ info }) => info.ensembleId)
    const ensembleId = ids.find((id) => id !== 0) ?? this.#ensembleId
    const members = [...this.#state.options.members].sort((a, b) => a.id - b.id)
    return { ensembleId, version: 1, members }
  }
}
