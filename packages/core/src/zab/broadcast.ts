/**
 * BROADCAST as the leader sees it: pages go to the own log and to every enrolled learner, and a page
 * that a quorum of durable logs has reached is committed.
 *
 *   leader     propose              → PROPOSAL to every enrolled learner, and to its own log
 *   follower   log synced up to it  → ACK, which speaks for all before it too
 *   leader     quorum reached       → COMMIT to every synced learner, on the next PROPOSAL if one
 *                                     leaves with the next step, alone if none does
 *
 * Never looks inside a page. Invariants: Z5, pages leave in zxid order, without gaps; Z9, a commit
 * has its quorum of durable logs, and commits leave in the order of their pages.
 */
import { assert } from '../assert.ts'
import type { PeerId } from '../ids.ts'
import type { Zxid } from '../zxid.ts'
import type { Learner } from './learner.ts'
import type { ZabState } from './state.ts'

export class Broadcast {
  readonly #state: ZabState
  readonly #learners: ReadonlyMap<PeerId, Learner>
  /** How far each counted voter's log is durable in this history. */
  readonly #positions = new Map<PeerId, number>()
  /** Ends of pages proposed and not committed, oldest first. */
  readonly #outstanding: Zxid[] = []
  /** Learners have not been told yet how far it is committed: since this step, or since the last. */
  #unannounced: 'no' | 'new' | 'due' = 'no'
  /** When a commit is to carry the digest again (D1). */
  #nextDigestMs = 0

  constructor(state: ZabState, learners: ReadonlyMap<PeerId, Learner>) {
    this.#state = state
    this.#learners = learners
  }

  /** Pages proposed and not committed. */
  get outstandingCount(): number {
    return this.#outstanding.length
  }

  /** A counted voter's log is durable up to here. */
  noteDurable(voter: PeerId, upTo: Zxid): void {
    this.#positions.set(voter, upTo)
  }

  /** What a peer acked counts only while the link that it came on lives. */
  forget(voter: PeerId): void {
    this.#positions.delete(voter)
  }

  /**
   * Commits every page that a quorum of durable logs has reached. Positions in one history can be
   * compared, so a later page never has its quorum before an earlier one (Z9). A configuration that
   * is committed is counted by alone from then on, and more may have been reached by it.
   */
  advanceCommit(): void {
    const { quorum, lastCommitted } = this.#state
    const reached = quorum.reachedBy(this.#positions) as Zxid
    if (reached <= lastCommitted) return
    const refusal = this.#state.commit(reached, '')
    assert(refusal === null, 'Z9: a position is a page end of the history')
    while ((this.#outstanding[0] ?? Infinity) <= reached) this.#outstanding.shift()
    if (this.#unannounced === 'no') this.#unannounced = 'new'
    if (this.#state.quorum !== quorum) this.advanceCommit()
  }

  /**
   * Whoever was waiting for a commit often writes again as soon as it hears of it: COMMIT waits one
   * step for the PROPOSAL of that, so that each follower is woken once and not twice.
   */
  endStep(): void {
    if (this.#unannounced === 'due') this.announce()
    if (this.#unannounced === 'no') return
    this.#unannounced = 'due'
    this.#state.outbox.stepAgain()
  }

  /** Tells every synced learner how far it is committed, if they do not know. */
  announce(): void {
    if (this.#unannounced === 'no') return
    this.#unannounced = 'no'
    const { lastCommitted, machine } = this.#state
    const digest = machine.end.last === lastCommitted ? this.#digestIfDue() : ''
    const commit = { type: 'commit', upTo: lastCommitted, digest } as const
    for (const { peer, stage } of this.#learners.values()) {
      if (stage === 'synced') this.#state.send(peer, commit)
    }
  }

  /** Once a heartbeat: a znode that is written all the time need not be hashed for each page (D1). */
  #digestIfDue(): string {
    const { nowMs, options, machine } = this.#state
    if (nowMs < this.#nextDigestMs) return ''
    this.#nextDigestMs = nowMs + options.timing.heartbeatMs
    return machine.digest
  }

  /** Proposes what the state machine has ready, as far as the window of pages allows. */
  propose(): void {
    const { machine, history, options } = this.#state
    while (this.#outstanding.length < options.limits.maxPagesOutstanding) {
      const draft = machine.nextDraft(history.end)
      if (draft === null) return
      this.announce()
      const page = options.codec.encode(draft)
      this.#state.append({ type: 'page', page })
      this.#outstanding.push(page.last)
      const proposal = { type: 'proposal', page } as const
      for (const { peer, sync } of this.#learners.values()) {
        if (sync?.enrolled === true) this.#state.send(peer, proposal)
      }
    }
  }
}
