/**
 * Sessions that this peer has asked for and that are not here yet: new ones, or such as are to move
 * here. Each request has a key that tells it from every other, so that it can be sent to every new
 * leader until the txn that answers it is applied here (R2).
 */
import type { CallId } from '../events.ts'

/** One session on its way. */
export interface RequestedSession<Request> {
  readonly call: CallId
  readonly request: Request
  /** When it was first sent; `null` before. */
  sentMs: number | null
}

export class RequestedSessions<Key, Request> {
  readonly #keyOf: (request: Request) => Key
  readonly #requested = new Map<Key, RequestedSession<Request>>()
  #unsent: RequestedSession<Request>[] = []

  constructor(keyOf: (request: Request) => Key) {
    this.#keyOf = keyOf
  }

  get size(): number {
    return this.#requested.size
  }

  /** Takes a request; none with its key must be here. */
  add(call: CallId, request: Request): void {
    const requested = { call, request, sentMs: null }
    this.#requested.set(this.#keyOf(request), requested)
    this.#unsent.push(requested)
  }

  /** What was never sent, to be sent now. */
  takeUnsent(nowMs: number): readonly Request[] {
    const unsent = this.#unsent.filter(
      (one) => this.#requested.get(this.#keyOf(one.request)) === one,
    )
    this.#unsent = []
    for (const requested of unsent) requested.sentMs = nowMs
    return unsent.map(({ request }) => request)
  }

  /** What was sent, to be sent to another leader. */
  sent(): readonly Request[] {
    const sent = [...this.#requested.values()].filter(({ sentMs }) => sentMs !== null)
    return sent.map(({ request }) => request)
  }

  /** Takes the request with this key, if it is here. */
  take(key: Key): RequestedSession<Request> | undefined {
    const requested = this.#requested.get(key)
    this.#requested.delete(key)
    return requested
  }

  /** Takes a request that nobody waits for any more. Its session, if it comes, ends by itself. */
  remove(call: CallId): RequestedSession<Request> | undefined {
    for (const requested of this.#requested.values()) {
      if (requested.call === call) return this.take(this.#keyOf(requested.request))
    }
    return undefined
  }

  clear(): void {
    this.#requested.clear()
    this.#unsent = []
  }

  /** Every request, whether sent or not. */
  all(): readonly RequestedSession<Request>[] {
    return [...this.#requested.values()]
  }
}
