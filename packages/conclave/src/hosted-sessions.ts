/**
 * The sessions of one driver: asked for, opened, told what is theirs, and forgotten when they end.
 *
 * Invariant S8: every session looks at its deadline before a step can move it on.
 */
import {
  CoordinationError,
  type CallId,
  type Delivery,
  type Effect,
  type SessionId,
  type Zxid,
} from '@conclave/core/internal'
import type { Call } from '@conclave/core'
import { ClientSessions } from './client-sessions.ts'
import { sessionChannel } from './diagnostics.ts'
import { givenUpError, onGivingUp, type GivingUp } from './giving-up.ts'
import { LocalSession } from './local-session.ts'
import type { HostedSession, SessionHost } from './session-host.ts'
import { publicSessionId } from './session-results.ts'

type SessionOpened = Effect & { readonly type: 'open-session' }
type SessionFailed = Effect & { readonly type: 'fail-session' }

/** A session that was asked for and does not exist yet. */
interface SessionCall {
  readonly resolve: (session: LocalSession) => void
  readonly reject: (error: CoordinationError) => void
  release: (() => void) | undefined
  /** Set between the `call-aborted` and the core's word on it. */
  givingUp: GivingUp | undefined
}

export class HostedSessions {
  /** Those of clients elsewhere. */
  readonly clients: ClientSessions
  readonly #host: SessionHost
  readonly #sessions = new Map<SessionId, LocalSession>()
  readonly #asked = new Map<CallId, SessionCall>()
  readonly #awaitingApplied = new Set<HostedSession>()
  #lastApplied: Zxid | undefined
  #readOnlyCount = 0
  /** Those that were past their deadline when it was last looked: a proof may bring them back. */
  readonly #late = new Set<LocalSession>()
  /** When the first of all others is past its own, at the earliest. */
  #nextDeadlineMs = Infinity

  constructor(host: SessionHost) {
    this.#host = host
    this.clients = new ClientSessions(host, () => this.#nextReadOnly())
  }

  /** The sessions that are hosted now. */
  all(): readonly LocalSession[] {
    return [...this.#sessions.values()]
  }

  /** Resolves with a new session, as soon as the ensemble has one for us. */
  ask(timeoutMs: number, password: Uint8Array, options: Call): Promise<LocalSession> {
    const host = this.#host
    const call = host.nextCall()
    return new Promise((resolve, reject) => {
      const asked: SessionCall = { resolve, reject, release: undefined, givingUp: undefined }
      this.#asked.set(call, asked)
      asked.release = onGivingUp(options, host.clock, (givingUp) => {
        asked.givingUp = givingUp
        host.submit({ type: 'call-aborted', call })
      })
      host.submit({ type: 'session-requested', call, timeoutMs, password })
    })
  }

  /** A session that is there at once, since the ensemble need not know. Throws at the limit. */
  openReadOnly(): LocalSession {
    const { maxHostedSessions } = this.#host.limits
    if (this.#sessions.size >= maxHostedSessions) {
      const most = String(maxHostedSessions)
      const message = `no session was opened: this peer has ${most} (limits.maxHostedSessions): close some`
      throw new CoordinationError('LIMIT_EXCEEDED', message)
    }
    const id = this.#nextReadOnly()
    this.#host.submit({ type: 'read-only-session-opened', session: id })
    return this.#add(id, Infinity)
  }

  onOpened({ call, session, timeoutMs }: SessionOpened): void {
    if (this.clients.onOpened(call, session)) return
    const opened = this.#add(session, timeoutMs)
    this.#take(call)?.resolve(opened)
  }

  onFailed({ call, code, outcome, detail }: SessionFailed): void {
    if (this.clients.onFailed(call)) return
    const asked = this.#take(call)
    if (asked === undefined) return
    const { givingUp, reject } = asked
    if (givingUp !== undefined && code === 'ABORTED') {
      const so = 'no session was opened; should one come all the same, it expires'
      reject(givenUpError(givingUp, 'session', { outcome, so }))
    } else {
      reject(new CoordinationError(code, `no session was opened: ${detail}`, { outcome }))
    }
  }

  /** What one step has for one session. */
  deliver(to: SessionId, items: readonly Delivery[]): void {
    if (this.clients.deliver(to, items)) return
    const session = this.#sessions.get(to)
    if (session === undefined) return
    session.onDeliveries(items)
    const last = items.at(-1)
    if (last?.type !== 'ended') return
    this.#sessions.delete(to)
    this.#late.delete(session)
    this.#awaitingApplied.delete(session)
    if (!sessionChannel.hasSubscribers) return
    sessionChannel.publish({ type: 'ended', session: publicSessionId(to), reason: last.reason })
  }

  /** Has `onApplied` of the session called, until it returns false. */
  awaitApplied(session: HostedSession): void {
    this.#awaitingApplied.add(session)
  }

  /** Tells those who wait how far the state has come. */
  onApplied(lastApplied: Zxid): void {
    if (lastApplied === this.#lastApplied) return
    this.#lastApplied = lastApplied
    for (const session of this.#awaitingApplied) {
      if (!session.onApplied(lastApplied)) this.#awaitingApplied.delete(session)
    }
  }

  /**
   * Every session looks at the clock whose deadline may lie between now and when it looked last. With
   * thousands of them, that is nobody in most steps.
   */
  onTime(): void {
    for (const session of this.#late) this.#look(session)
    if (this.#host.clock.nowMs() >= this.#nextDeadlineMs) this.onTimeMoved()
  }

  /** Every session looks at the clock: deadlines may lie before what they were. */
  onTimeMoved(): void {
    this.#nextDeadlineMs = Infinity
    for (const session of this.#sessions.values()) this.#look(session)
  }

  /** The peer is closed or has failed: nothing will be answered any more. */
  endAll(error: CoordinationError, unsent: ReadonlySet<CallId>): void {
    this.clients.endAll()
    for (const session of this.#sessions.values()) session.onHostGone(error, unsent)
    this.#sessions.clear()
    this.#late.clear()
    this.#awaitingApplied.clear()
    const { code, message, cause } = error
    for (const call of [...this.#asked.keys()]) {
      const outcome = unsent.has(call) ? 'not-applied' : 'unknown'
      this.#take(call)?.reject(new CoordinationError(code, message, { outcome, cause }))
    }
  }

  /** A number for a session that writes nothing. */
  #nextReadOnly(): SessionId {
    this.#readOnlyCount += 1
    return -this.#readOnlyCount as SessionId
  }

  #add(id: SessionId, timeoutMs: number): LocalSession {
    const session = new LocalSession(this.#host, id, timeoutMs)
    this.#sessions.set(id, session)
    this.#expect(session)
    if (sessionChannel.hasSubscribers) {
      sessionChannel.publish({ type: 'opened', session: session.id, timeoutMs })
    }
    return session
  }

  #look(session: LocalSession): void {
    session.onTime()
    this.#expect(session)
  }

  /** Notes when it must be looked again. */
  #expect(session: LocalSession): void {
    const deadlineMs = this.#host.deadlineMs(session.sessionId)
    if (deadlineMs <= this.#host.clock.nowMs()) {
      this.#late.add(session)
      return
    }
    this.#late.delete(session)
    this.#nextDeadlineMs = Math.min(this.#nextDeadlineMs, deadlineMs)
  }

  #take(call: CallId): SessionCall | undefined {
    const asked = this.#asked.get(call)
    this.#asked.delete(call)
    asked?.release?.()
    return asked
  }
}
