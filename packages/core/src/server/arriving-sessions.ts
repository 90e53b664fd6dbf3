/**
 * The sessions that are on their way to this peer: those that its application has asked for and that
 * do not exist yet, and those that another peer has hosted, or this one before it was started anew,
 * and whose clients want them here. Each is hosted once the txn that says so is applied here.
 *
 * Invariants: R2 what was asked for is sent to every new leader until its answer is applied; S7 a
 * session that moves here goes on with the numbers of its requests as they stand in the log.
 */
import type { ErrorCode, Outcome } from '../errors.ts'
import type { CallId, Event } from '../events.ts'
import type { PeerId, SessionId } from '../ids.ts'
import type { Limits } from '../limits.ts'
import type { Outbox } from '../outbox.ts'
import { passwordKey } from '../session/session-table.ts'
import type { SessionRecord } from '../tree/snapshot.ts'
import type { HostedSessions } from './hosted-sessions.ts'
import type { LocalDeadlines } from './local-deadlines.ts'
import type { Replica } from './replica.ts'
import type { SessionMove, SessionRequest } from './request.ts'
import { RequestedSessions, type RequestedSession } from './requested-sessions.ts'

type SessionRequested = Event & { readonly type: 'session-requested' }
type SessionMoveRequested = Event & { readonly type: 'session-move-requested' }

export class ArrivingSessions {
  /** Sessions to be created, by password. */
  readonly created = new RequestedSessions(({ password }: SessionRequest) => passwordKey(password))
  readonly moved = new RequestedSessions(({ session }: SessionMove) => session)
  readonly #id: PeerId
  readonly #limits: Limits
  readonly #outbox: Outbox
  readonly #sessions: HostedSessions
  readonly #deadlines: LocalDeadlines

  constructor(
    id: PeerId,
    limits: Limits,
    outbox: Outbox,
    sessions: HostedSessions,
    deadlines: LocalDeadlines,
  ) {
    this.#id = id
    this.#limits = limits
    this.#outbox = outbox
    this.#sessions = sessions
    this.#deadlines = deadlines
  }

  /** A new session is wanted. */
  request({ call, timeoutMs, password }: SessionRequested): void {
    if (this.#hasRoom(call)) this.created.add(call, { timeoutMs, password })
  }

  /** A session is wanted here; `record` is what is applied of it. The last who wants it gets it. */
  requestMove({ call, session, replaces }: SessionMoveRequested, record?: SessionRecord): void {
    if (record?.hostedSince !== replaces || this.#sessions.get(session) !== undefined) {
      const detail = 'the session has ended, or moved, before it was asked for'
      this.#fail(call, record === undefined ? 'SESSION_EXPIRED' : 'SESSION_MOVED', null, detail)
      return
    }
    const former = this.moved.take(session)
    if (former !== undefined) {
      this.#failMove(former, 'SESSION_MOVED', 'another client asks for the session here')
    }
    if (this.#hasRoom(call)) this.moved.add(call, { session, replaces })
  }

  /** A session exists that a peer asked for; nobody's, when it was this one and gave the call up. */
  onCreated({ id, host, timeoutMs, password, hostedSince }: SessionRecord): void {
    if (host !== this.#id) return
    const requested = this.created.take(passwordKey(password))
    if (requested === undefined) return
    const { call, sentMs } = requested
    this.#sessions.open(id, timeoutMs, hostedSince)
    this.#deadlines.open(id, timeoutMs, sentMs ?? this.#deadlines.nowMs)
    this.#outbox.add({ type: 'open-session', call, session: id, timeoutMs })
  }

  /** A session has moved, as its record says; if to this peer, it is nobody's when nobody waits. */
  onMoved({ id, host, timeoutMs, hostedSince, lastRequestId }: SessionRecord): void {
    const requested = this.moved.take(id)
    if (requested === undefined) return
    // A request is sent by a peer that knows all that it knew in any life before. One that was not is
    // met by a move of such a life, and in its name more may follow in the log.
    if (host !== this.#id || requested.sentMs === null) {
      this.#failMove(requested, 'SESSION_MOVED', 'the session has moved otherwise meanwhile')
      return
    }
    this.#sessions.open(id, timeoutMs, hostedSince, lastRequestId)
    // Past its deadline until its life is proved from here. Whose request has moved it, and when that
    // was sent, nobody can tell: one that was given up, or was sent before this peer was started anew.
    this.#deadlines.open(id, timeoutMs, -Infinity)
    this.#outbox.add({ type: 'open-session', call: requested.call, session: id, timeoutMs })
  }

  onEnded(id: SessionId): void {
    const requested = this.moved.take(id)
    if (requested === undefined) return
    this.#failMove(requested, 'SESSION_EXPIRED', 'the session ended before it could move')
  }

  /** A snapshot has taken the place of what was applied. */
  onReplaced({ sessions }: Replica): void {
    for (const { request } of this.created.all()) {
      const record = sessions.findByPassword(request.password)
      if (record !== undefined) this.onCreated(record)
    }
    for (const { request } of this.moved.all()) {
      const record = sessions.get(request.session)
      if (record === undefined) this.onEnded(request.session)
      else if (record.hostedSince !== request.replaces) this.onMoved(record)
    }
  }

  /** Nobody waits for the call any more; false when it asked for no session that is on its way. */
  abandon(call: CallId): boolean {
    const requested = this.created.remove(call) ?? this.moved.remove(call)
    if (requested === undefined) return false
    this.#fail(call, 'ABORTED', requested.sentMs, 'the call was given up')
    return true
  }

  failAll(code: ErrorCode, detail: string): void {
    for (const { call, sentMs } of [...this.created.all(), ...this.moved.all()]) {
      this.#fail(call, code, sentMs, detail)
    }
    this.created.clear()
    this.moved.clear()
  }

  /** Says so when there is none for one session more. */
  #hasRoom(call: CallId): boolean {
    const { maxHostedSessions, maxSessionsRequested } = this.#limits
    const count = this.created.size + this.moved.size
    if (this.#sessions.size + count >= maxHostedSessions) {
      const most = String(maxHostedSessions)
      const detail = `this peer has ${most} sessions (limits.maxHostedSessions): close some, or open it on another peer`
      this.#fail(call, 'LIMIT_EXCEEDED', null, detail)
      return false
    }
    if (count < maxSessionsRequested) return true
    const most = String(maxSessionsRequested)
    const detail = `${most} sessions are asked for already (maxSessionsRequested): wait for some`
    this.#fail(call, 'BUSY', null, detail)
    return false
  }

  #failMove(
    { call, sentMs }: RequestedSession<SessionMove>,
    code: ErrorCode,
    detail: string,
  ): void {
    this.#fail(call, code, sentMs, detail)
  }

  /** What was sent may still come to pass. */
  #fail(call: CallId, code: ErrorCode, sentMs: number | null, detail: string): void {
    const outcome: Outcome = sentMs === null ? 'not-applied' : 'unknown'
    this.#outbox.add({ type: 'fail-session', call, code, outcome, detail })
  }
}
