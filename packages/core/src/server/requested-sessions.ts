/**
 * Sessions that the application of this peer has asked for and that do not exist yet. A request is
 * told from every other by its password, so that it can be sent to every new leader until the txn
 * that creates the session is applied here (R2).
 */
import type { CallId } from '../events.ts'
import type { Limits } from '../limits.ts'
import { passwordKey } from '../session/session-table.ts'
import type { SessionRequest } from './request.ts'

/** One session on its way. */
export interface RequestedSession {
  readonly call: CallId
  readonly request: SessionRequest
  /** When it was first sent: the session's life is proved from then on. `null` before. */
  sentMs: number | null
}

export class RequestedSessions {
  readonly #limits: Limits
  readonly #requested = new Map<string, RequestedSession>()
  #unsent: RequestedSession[] = []

  constructor(limits: Limits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#requested.size
  }

  /** Takes a request; false at the limit. */
  add(call: CallId, request: SessionRequest): boolean {
    if (this.#requested.size >= this.#limits.maxSessionsRequested) return false
    const requested = { call, request, sentMs: null }
    this.#requested.set(passwordKey(request.password), requested)
    this.#unsent.push(requested)
    return true
  }

  /** What was never sent, to be sent now. */
  takeUnsent(nowMs: number): readonly SessionRequest[] {
    const unsent = this.#unsent.filter(({ request }) => this.#find(request.password) !== undefined)
    this.#unsent = []
    for (const requested of unsent) requested.sentMs = nowMs
    return unsent.map(({ request }) => request)
  }

  /** What was sent, to be sent to another leader. */
  sent(): readonly SessionRequest[] {
    const sent = [...this.#requested.values()].filter(({ sentMs }) => sentMs !== null)
    return sent.map(({ request }) => request)
  }

  /** Takes the request that a session with this password answers, if it is one of ours. */
  take(password: Uint8Array): RequestedSession | undefined {
    if (this.#requested.size === 0) return undefined
    const requested = this.#find(password)
    if (requested !== undefined) this.#requested.delete(passwordKey(password))
    return requested
  }

  /** Takes a request that nobody waits for any more. Its session, if it comes, ends by itself. */
  remove(call: CallId): RequestedSession | undefined {
    for (const requested of this.#requested.values()) {
      if (requested.call === call) return this.take(requested.request.password)
    }
    return undefined
  }

  /** Every request, whether sent or not. */
  all(): readonly RequestedSession[] {
    return [...this.#requested.values()]
  }

  #find(password: Uint8Array): RequestedSession | undefined {
    return this.#requested.get(passwordKey(password))
  }
}
