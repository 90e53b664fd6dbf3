/**
 * ELECTION: a looking peer finds out whom to follow, or that it should lead. Fast leader election:
 * every looking voter tells its vote, adopts a better one, and a quorum for one vote ends the round.
 * A peer that is not looking answers with whom it follows, so that late ones join it.
 *
 * Votes are about durable histories, so a peer looks only when its disk owes nothing. Peers without
 * memory (Z19) do not vote: they wait for an established leader, unless every listed voter is here
 * and none holds a page, which founds the ensemble. One that remembers votes whether or not it knows
 * of a configuration in which it counts, though never for itself: it may be behind those that do.
 *
 * Not here: whether the elected can lead. Discovery decides that, and only discovery gives promises;
 * a wrong choice here costs time, never history.
 */
import type { PeerId } from '../ids.ts'
import type { Message, Vote } from './messages.ts'
import type { ZabState } from './state.ts'
import { isBetterVote, sameVote } from './vote.ts'
import { zeroZxid } from '../zxid.ts'

export type Notification = Extract<Message, { type: 'notification' }>

/** What the election came to. */
export type Elected =
  | { readonly type: 'lead'; readonly founding: boolean }
  | {
      readonly type: 'follow'
      readonly leader: PeerId
      readonly founding: boolean
      /** The leader's round when it was elected: what it says of that one or before is old. */
      readonly round: number
    }

/** A looking peer tells its vote again after this many heartbeats. */
const heartbeatsBetweenVotes = 2

export class Election {
  readonly phase = 'election'
  readonly #state: ZabState
  readonly #rounds: RoundCounter
  /** Until then it votes for others only: it has just handed over. */
  readonly #standsAsideUntilMs: number
  /** What looking peers said last, in my round. */
  readonly #tally = new Map<PeerId, Notification>()
  /** What the others said last: whom they follow. */
  readonly #claims = new Map<PeerId, Notification>()
  /** When linked peers last said something: each is asked often, and always answers. */
  readonly #heardMs = new Map<PeerId, number>()
  /** Those that cannot vote, as they say themselves. */
  readonly #voteless = new Set<PeerId>()
  #vote: Vote | null = null
  #nextVoteMs = 0
  #settledAtMs = Infinity
  #elected: Elected | null = null

  constructor(state: ZabState, rounds: RoundCounter, standsAsideUntilMs: number) {
    this.#state = state
    this.#rounds = rounds
    this.#standsAsideUntilMs = standsAsideUntilMs
  }

  /** The result, once there is one. The phase is over then. */
  get elected(): Elected | null {
    return this.#elected
  }

  /** Listed voters of which nothing was heard: what a founding election waits for. */
  get missingVoters(): readonly PeerId[] {
    const { id, voters } = this.#state
    return voters.filter((voter) => voter !== id && !this.#state.isLinked(voter))
  }

  get reason(): string {
    const lost = this.#lostQuorum()
    if (lost !== null) return lost
    if (this.#vote === null || !this.#state.isVoter) {
      return this.#state.allSynced
        ? 'joining: waits for an established leader'
        : 'waits for the disk'
    }
    if (this.#state.mayFound && !this.#state.remembers) {
      const missing = this.missingVoters
      if (missing.length > 0) return `founding: voters ${missing.join(', ')} do not answer yet`
      return 'founding: all voters are here'
    }
    return `election: round ${String(this.#rounds.round)}, votes for peer ${String(this.#vote.leader)}`
  }

  /** That too many voters have lost their stores, and what the operator can do; or `null`. */
  #lostQuorum(): string | null {
    const { id, voters, quorum, damaged } = this.#state
    const hasLost = (peer: PeerId): boolean =>
      peer === id ? damaged !== null : this.#voteless.has(peer)
    const lost = voters.filter(hasLost)
    if (lost.length === 0 || quorum.includes(voters.filter((voter) => !hasLost(voter)))) return null
    if (voters.length === 1) {
      return (
        'the store was damaged and is set aside, and no other peer has its data: put a copy of the ' +
        'whole directory back, which loses what was written since, or begin anew with an empty one'
      )
    }
    return (
      `the stores of voters ${lost.join(', ')} are damaged or empty, and no quorum is left that ` +
      'has the data: put copies of whole directories back until there is one, which loses what was ' +
      'written since, or begin anew with an empty directory at every peer'
    )
  }

  /** Begins a round when the disk allows, and tells the vote from time to time. */
  onTick(): void {
    const { nowMs, allSynced } = this.#state
    this.#dropSilent()
    if (!allSynced) return
    if (this.#vote === null && this.#votesAtAll()) this.#beginRound()
    // Nobody came forward while it stood aside.
    if (this.#vote?.leader === 0) this.#reconsider()
    if (nowMs >= this.#nextVoteMs) this.#tellAll(true)
    this.#decide()
  }

  onLinkUp(peer: PeerId): void {
    this.#heardMs.delete(peer)
    this.#voteless.delete(peer)
    if (!this.#reconsider() && this.#state.allSynced) this.#tell(peer, true)
  }

  onLinkDown(peer: PeerId): void {
    this.#tally.delete(peer)
    this.#claims.delete(peer)
    if (this.#vote?.leader === peer) this.#beginRound()
    else this.#reconsider()
  }

  onNotification(from: PeerId, message: Notification): void {
    this.#heardMs.set(from, this.#state.nowMs)
    this.#state.learnOf(message.configuration)
    if (this.#counts(from, message)) this.#voteless.delete(from)
    else this.#voteless.add(from)
    this.#reconsider()
    if (message.role === 'looking') this.#onVote(from, message)
    else {
      // Who went where its vote pointed was only faster to see the end of this round: it counts.
      const { round, vote } = message
      const voted = this.#tally.get(from)?.vote.leader
      if (voted !== vote.leader || round !== this.#rounds.round) this.#tally.delete(from)
      this.#claims.set(from, message)
    }
    if (message.asks) this.#tell(from, false)
    this.#decide()
  }

  /** A link that only seems to be up would make this peer count on one whom nothing reaches. */
  #dropSilent(): void {
    const { links, nowMs, options } = this.#state
    for (const peer of [...links]) {
      const heardMs = this.#heardMs.get(peer)
      if (heardMs === undefined) this.#heardMs.set(peer, nowMs)
      else if (nowMs - heardMs > options.timing.silentPeerMs) {
        this.#state.disconnect(peer, 'silent for longer than the silent-peer deadline')
        this.onLinkDown(peer)
      }
    }
  }

  #onVote(from: PeerId, message: Notification): void {
    this.#claims.delete(from)
    if (this.#vote === null || !this.#counts(from, message)) return
    if (message.round < this.#rounds.round) {
      this.#tell(from, false)
      return
    }
    if (message.round > this.#rounds.round) {
      this.#rounds.round = message.round
      this.#tally.clear()
      this.#tally.set(from, message)
      const own = this.#ownVote()
      this.#adopt(this.#prefers(message.vote, own) ? message.vote : own)
      this.#tellAll(false)
      return
    }
    this.#tally.set(from, message)
    if (this.#prefers(message.vote, this.#vote)) {
      this.#adopt(message.vote)
      this.#tellAll(false)
    }
  }

  /**
   * A better candidate, which this peer could follow. One that only others speak of may be gone, and
   * all of them repeat it to one another for ever. The best that is linked to a quorum tells each of
   * them itself.
   */
  #prefers(vote: Vote, present: Vote): boolean {
    const { id } = this.#state
    if (vote.leader !== id && !this.#state.isLinked(vote.leader)) return false
    return isBetterVote(vote, present)
  }

  /** True when the sender's vote means something to this peer. */
  #counts(from: PeerId, message: Notification): boolean {
    if (!this.#state.quorum.voters.has(from)) return false
    return message.votes || (message.empty && this.#state.mayFound)
  }

  #votesAtAll(): boolean {
    const state = this.#state
    return state.remembers || (state.isVoter && state.mayFound)
  }

  #beginRound(): void {
    this.#rounds.round += 1
    this.#tally.clear()
    this.#adopt(this.#ownVote())
    this.#tellAll(true)
  }

  /**
   * One that is not linked to a quorum of voters could not lead, however much it holds: it stands
   * with nothing, so that those who are linked to one another choose among themselves. One that is no
   * voter, or has just handed over, does not stand at all.
   */
  #ownVote(): Vote {
    const { id, currentEpoch, history, quorum, links, isVoter } = this.#state
    const standsAside = this.#state.nowMs < this.#standsAsideUntilMs
    if (!isVoter || standsAside) return { leader: 0, epoch: 0, last: zeroZxid }
    const voting = [...links].filter((peer) => !this.#voteless.has(peer))
    if (!quorum.includes([id, ...voting])) return { leader: id, epoch: 0, last: zeroZxid }
    return { leader: id, epoch: currentEpoch, last: history.durable.last }
  }

  /** What this peer has to offer changes with those who could vote for it: true when it told. */
  #reconsider(): boolean {
    const vote = this.#vote
    const own = this.#ownVote()
    if (vote === null || sameVote(own, vote)) return false
    if (isBetterVote(own, vote)) {
      this.#adopt(own)
      this.#tellAll(true)
      return true
    }
    if (vote.leader !== own.leader) return false
    this.#beginRound()
    return true
  }

  #adopt(vote: Vote): void {
    this.#vote = vote
    this.#settledAtMs = Infinity
  }

  #tellAll(asks: boolean): void {
    const { links, nowMs, options } = this.#state
    this.#nextVoteMs = nowMs + heartbeatsBetweenVotes * options.timing.heartbeatMs
    for (const peer of links) this.#tell(peer, asks)
  }

  #tell(to: PeerId, asks: boolean): void {
    const state = this.#state
    state.send(to, {
      type: 'notification',
      role: 'looking',
      round: this.#rounds.round,
      vote: this.#vote ?? this.#ownVote(),
      established: false,
      leadingEpoch: 0,
      empty: this.#vote !== null && state.mayFound,
      votes: this.#vote !== null && state.remembers,
      asks,
      configuration: state.configurations.committed,
    })
  }

  #decide(): void {
    if (this.#elected !== null || !this.#state.allSynced) return
    this.#elected = this.#joinEstablished() ?? this.#joinClaimed() ?? this.#countVotes()
  }

  /** An established leader of the highest epoch is joined at once, by voters and learners alike. */
  #joinEstablished(): Elected | null {
    let best: Notification | null = null
    for (const [from, claim] of this.#claims) {
      if (claim.role !== 'leader' || !claim.established || claim.vote.leader !== from) continue
      if (best === null || claim.leadingEpoch > best.leadingEpoch) best = claim
    }
    return best === null ? null : this.#follow(best.vote.leader, best.round, false)
  }

  /**
   * A leader that is still on its way is joined by those who voted for it in its round, and by others
   * when that makes a quorum of those who name it, itself among them.
   */
  #joinClaimed(): Elected | null {
    if (this.#vote === null) return null
    for (const [from, claim] of this.#claims) {
      if (claim.role !== 'leader' || !this.#state.remembers) continue
      const named = [...this.#claims].filter(([, other]) => other.vote.leader === from)
      const believers = [this.#state.id, ...named.map(([peer]) => peer)]
      const wanted = this.#vote.leader === from && claim.round === this.#rounds.round
      if (wanted || this.#state.quorum.includes(believers)) {
        return this.#follow(from, claim.round, false)
      }
    }
    return null
  }

  #countVotes(): Elected | null {
    const vote = this.#vote
    if (vote === null || vote.leader === 0) return null
    const { id, quorum, nowMs, options } = this.#state
    const agreeing = [...this.#tally].filter(([, { vote: theirs }]) => sameVote(theirs, vote))
    const founding = this.#founds(agreeing)
    const remembering = agreeing.filter(([, { votes }]) => votes).map(([peer]) => peer)
    // Whoever stands with nothing could not lead, though those who are behind need none but its vote.
    const stands = vote.epoch > 0 || vote.last > zeroZxid
    const ordinary = stands && this.#state.remembers && quorum.includes([...remembering, id])
    if (!founding && !ordinary) {
      this.#settledAtMs = Infinity
      return null
    }
    // A better vote may still be under way from a linked voter that has not agreed: wait for it.
    if (!this.#allLinkedAgree(agreeing.length)) {
      this.#settledAtMs = Math.min(this.#settledAtMs, nowMs + options.timing.electionSettleMs)
      if (nowMs < this.#settledAtMs) return null
    }
    if (vote.leader === id) return { type: 'lead', founding: founding && !ordinary }
    return this.#follow(vote.leader, this.#rounds.round, founding && !ordinary)
  }

  /** Every listed voter takes part, and none holds a page. */
  #founds(agreeing: readonly (readonly [PeerId, Notification])[]): boolean {
    const { voters, mayFound } = this.#state
    if (!mayFound || agreeing.length !== voters.length - 1) return false
    return agreeing.every(([, notification]) => notification.empty)
  }

  #allLinkedAgree(agreeingCount: number): boolean {
    const { links, quorum } = this.#state
    const linkedVoters = [...links].filter((peer) => quorum.voters.has(peer))
    return agreeingCount === linkedVoters.length
  }

  #follow(leader: PeerId, round: number, founding: boolean): Elected | null {
    return this.#state.isLinked(leader) ? { type: 'follow', leader, founding, round } : null
  }
}

/** The round of the election, which outlives a single one: it only rises while the peer lives. */
export interface RoundCounter {
  round: number
}
