/**
 * Linearizable reads and `sync`: a caller asks, the leader proves with a quorum round begun after the
 * question that it was still the leader, and names what was committed then; once that is applied
 * here, the caller may read. Both sides are here, the asking one first.
 *
 * Invariants: C7 whoever is answered reads at or past everything acknowledged before it asked; C8 an
 * answer serves only the callers that were there when its question was put, and none outlives a
 * change of leader.
 */
import { assert } from '../assert.ts'
import type { CallId } from '../events.ts'
import type { PeerId } from '../ids.ts'
import type { Zxid } from '../zxid.ts'
import { Fifo } from './fifo.ts'
import type { HostedSession } from './hosted-sessions.ts'

/** Callers that share one question. */
interface Question {
  readonly sync: number
  readonly callers: Map<CallId, HostedSession>
  /** What must be applied here before they are answered; `null` until the leader has said. */
  upTo: Zxid | null
}

/** Questions that one peer may have open; who comes meanwhile shares the next one. */
const maxQuestions = 64

/** The asking side: callers of the sessions that this peer hosts. */
export class QuorumReads {
  /** Callers whose question is not yet put. */
  #waiting = new Map<CallId, HostedSession>()
  /** Questions put to the present leader, oldest first. */
  #asked: Question[] = []
  #lastSync = 0

  add(call: CallId, session: HostedSession): void {
    this.#waiting.set(call, session)
    session.unansweredCount += 1
  }

  /** The number of a question to put to the leader, for all who wait; `null` when none is to be put. */
  ask(): number | null {
    if (this.#waiting.size === 0 || this.#asked.length >= maxQuestions) return null
    this.#lastSync += 1
    this.#asked.push({ sync: this.#lastSync, callers: this.#waiting, upTo: null })
    this.#waiting = new Map()
    return this.#lastSync
  }

  /** The leader's answer. One to a question that is not open any more is none. */
  onReply(sync: number, upTo: Zxid): void {
    const question = this.#asked.find((asked) => asked.sync === sync)
    if (question !== undefined) question.upTo ??= upTo
  }

  /** Takes the callers whose answer is applied here now. */
  takeReached(applied: Zxid): ReadonlyMap<CallId, HostedSession>[] {
    if (this.#asked.length === 0) return []
    const isReached = ({ upTo }: Question): boolean => upTo !== null && upTo <= applied
    const reached = this.#asked.filter(isReached)
    if (reached.length === 0) return []
    this.#asked = this.#asked.filter((question) => !isReached(question))
    for (const { callers } of reached) {
      for (const session of callers.values()) session.unansweredCount -= 1
    }
    return reached.map(({ callers }) => callers)
  }

  /** The leader is gone, and its answers with it: every question is put again (C8). */
  askAgain(): void {
    const callers = new Map<CallId, HostedSession>()
    for (const question of this.#asked) {
      for (const [call, session] of question.callers) callers.set(call, session)
    }
    for (const [call, session] of this.#waiting) callers.set(call, session)
    this.#waiting = callers
    this.#asked = []
  }

  /** Takes a caller out; its session, or `undefined` when it is not among them. */
  remove(call: CallId): HostedSession | undefined {
    for (const callers of this.#everyone()) {
      const session = callers.get(call)
      if (session === undefined) continue
      callers.delete(call)
      session.unansweredCount -= 1
      return session
    }
    return undefined
  }

  /** Takes out every caller, or every one of a session. */
  removeAll(of?: HostedSession): (readonly [CallId, HostedSession])[] {
    const removed: (readonly [CallId, HostedSession])[] = []
    for (const callers of this.#everyone()) {
      for (const [call, session] of callers) {
        if (of !== undefined && session !== of) continue
        callers.delete(call)
        session.unansweredCount -= 1
        removed.push([call, session])
      }
    }
    return removed
  }

  #everyone(): Map<CallId, HostedSession>[] {
    return [...this.#asked.map(({ callers }) => callers), this.#waiting]
  }
}

/** A question that the leader has received, and the round that must be confirmed to answer it. */
export interface ReceivedQuestion {
  readonly from: PeerId
  readonly sync: number
  readonly round: number
}

/** The leader's side. Dies with its leadership. */
export class ReceivedQuestions {
  readonly #open = new Fifo<ReceivedQuestion>()
  #lastRound = 0

  add(question: ReceivedQuestion): void {
    assert(question.round >= this.#lastRound, 'C7: rounds rise')
    this.#lastRound = question.round
    this.#open.push(question)
  }

  /** Takes the questions that a confirmed round answers, and so every one before it. */
  takeConfirmed(round: number): readonly ReceivedQuestion[] {
    const confirmed: ReceivedQuestion[] = []
    while ((this.#open.first?.round ?? Infinity) <= round) {
      confirmed.push(this.#open.shift() as ReceivedQuestion)
    }
    return confirmed
  }

  /** The link to this peer is gone: nobody there waits for an answer. */
  forget(peer: PeerId): void {
    this.#open.keep(({ from }) => from !== peer)
  }
}
