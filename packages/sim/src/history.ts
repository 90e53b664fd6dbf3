/**
 * What the sessions of a run asked for and what they were told: the record that the client-side
 * invariants are judged by.
 */
import {
  isReadOnlySession,
  type CallId,
  type ErrorCode,
  type Identity,
  type Outcome,
  type PeerId,
  type Refusal,
  type SessionId,
  type Txn,
  type WatchDepth,
  type WriteRequest,
  type WriteResult,
  type Zxid,
} from '@conclave/core/internal'
import type { StateModel } from './model/state-model.ts'
import type { Microseconds } from './scheduler.ts'

export type Answer =
  | { readonly type: 'reply'; readonly zxid: Zxid; readonly result: WriteResult }
  | { readonly type: 'refused'; readonly zxid: Zxid; readonly refusal: Refusal }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly outcome: Outcome }
  | { readonly type: 'synced'; readonly zxid: Zxid }
  /** The peer is gone, and with it whoever waited. The outcome is unknown. */
  | { readonly type: 'lost' }

/** One call of a session. */
export interface Call {
  readonly id: CallId
  readonly session: SessionId
  readonly peer: PeerId
  /** `null` of a sync. */
  readonly request: WriteRequest | null
  readonly calledAt: Microseconds
  /** The last zxid that was committed anywhere when it was called. */
  readonly floor: Zxid
  answer: Answer | null
  /** Its txn in the committed log, once there is one. */
  zxid: Zxid | null
}

export interface Watch {
  readonly number: number
  readonly path: string
  readonly depth: WatchDepth
}

/** One session, as its application sees it at one peer: one that moves has several, one by one. */
export class SessionHistory {
  readonly id: SessionId
  readonly peer: PeerId
  readonly timeoutMs: number
  /** The create or move that made the peer its host; its own number, of a read-only one. */
  readonly hostedSince: Zxid
  /** The last call that was made of it where it was before. */
  callBefore: CallId = 0
  /** In the order in which they were made. */
  readonly calls: Call[] = []
  readonly watches = new Map<number, Watch>()
  /** What it has proved to be, before anything else. */
  readonly identities: Identity[] = []
  /** What it was told last, or `null`. */
  ended: 'closed' | 'expired' | 'moved' | null = null
  /** True when its application is gone. */
  abandoned = false
  #unmatched = 0

  constructor(id: SessionId, peer: PeerId, timeoutMs: number, hostedSince = id as number as Zxid) {
    this.id = id
    this.peer = peer
    this.timeoutMs = timeoutMs
    this.hostedSince = hostedSince
  }

  /** The last call that was made of it, here or before. */
  get lastCall(): CallId {
    return this.calls.at(-1)?.id ?? this.callBefore
  }

  get isReadOnly(): boolean {
    return isReadOnlySession(this.id)
  }

  get isOpen(): boolean {
    return this.ended === null && !this.abandoned
  }

  /** Finds the call that the session's next txn in the log must belong to. */
  matchNext(): Call | undefined {
    for (;;) {
      const call = this.calls[this.#unmatched]
      if (call === undefined) return undefined
      this.#unmatched += 1
      // What definitely failed was never forwarded, so it has no number in the log either.
      if (call.request !== null && !isDefiniteFailure(call.answer)) return call
    }
  }
}

/** True of an answer after which no txn of the call may ever be found. */
export function isDefiniteFailure(answer: Answer | null): boolean {
  return answer?.type === 'failed' && answer.outcome === 'not-applied'
}

/** One request for a session: a new one, or one that is to move. */
export interface SessionCall {
  readonly id: CallId
  readonly peer: PeerId
  readonly timeoutMs: number
  /** Its password, as the model writes it. */
  readonly password: string
  readonly moves: { readonly session: SessionId; readonly replaces: Zxid } | null
  answer:
    | { readonly session: SessionId; readonly hostedSince: Zxid }
    | { readonly outcome: Outcome }
    | null
}

export class History {
  readonly #sessions = new Map<SessionId, SessionHistory[]>()
  readonly #all: SessionHistory[] = []
  readonly sessionCalls: SessionCall[] = []

  /** Every session, at each of its peers, in the order in which they came there. */
  get sessions(): readonly SessionHistory[] {
    return this.#all
  }

  open(session: SessionHistory): void {
    const places = this.placesOf(session.id)
    session.callBefore = Math.max(0, ...places.map(({ lastCall }) => lastCall))
    this.#sessions.set(session.id, [...places, session])
    this.#all.push(session)
  }

  /** A session, at each peer that it came to. */
  placesOf(id: SessionId): readonly SessionHistory[] {
    return this.#sessions.get(id) ?? []
  }

  /** A session as this peer has it, or had it last. */
  at(peer: PeerId, id: SessionId): SessionHistory | undefined {
    return this.placesOf(id).findLast((place) => place.peer === peer)
  }

  /**
   * The session that a txn speaks for, where it is by what stands before the txn; unless no application
   * ever learnt that it is there.
   */
  sessionOf({ session: id }: Txn, model: StateModel): SessionHistory | undefined {
    const since = model.session(id)?.hostedSince ?? (id as number as Zxid)
    return this.placesOf(id).find(({ hostedSince }) => hostedSince === since)
  }
}
