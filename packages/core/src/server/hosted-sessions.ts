/**
 * The sessions that this peer hosts and the writes that they wait for: from the call to the request
 * that is forwarded, sent again after every change of leader, and answered when its txn is applied
 * here; or to an error that says whether it can have been applied.
 *
 * Invariants: R2 request ids rise by one, are given when a request is first forwarded, and are never
 * given to another; R4 a write sent again is the same one, and gets the one answer; C1 a call that
 * fails as not applied never is; C5 a session is answered in the order of its requests.
 */
import type { Identity } from '../access/acl.ts'
import { assert } from '../assert.ts'
import type { ErrorCode, Outcome } from '../errors.ts'
import type { CallId } from '../events.ts'
import type { RequestId, SessionId } from '../ids.ts'
import type { Limits } from '../limits.ts'
import type { Outbox } from '../outbox.ts'
import type { Zxid } from '../zxid.ts'
import { CallQueue } from './call-queue.ts'
import { Fifo } from './fifo.ts'
import { unforwardable } from './forwarding-bounds.ts'
import type { ForwardedRequest, Refusal, WriteRequest, WriteResult } from './request.ts'
import { requestBytes } from './txn-bytes.ts'

/** A write that is not answered yet. */
interface Write {
  readonly session: HostedSession
  readonly call: CallId
  readonly request: WriteRequest
  /** What the session had proved to be when it asked. */
  readonly identities: readonly Identity[]
  readonly bytes: number
  /** As it was sent, and will be sent again; `null` while it waits to be forwarded. */
  forwarded: ForwardedRequest | null
  /** True once nobody waits for it: a forwarded one is still sent again, for its id. */
  isAbandoned: boolean
}

export class HostedSession {
  readonly id: SessionId
  readonly timeoutMs: number
  /** The txn that made this peer the session's host (S7); 0 of a read-only session. */
  readonly hostedSince: Zxid
  lastForwarded: RequestId
  /** Forwarded and unanswered, by rising id. */
  readonly forwarded = new Fifo<Write>()
  /** Writes and syncs that are not answered. */
  unansweredCount = 0
  /** What it has proved to be. */
  identities: readonly Identity[] = []
  /** The numbers of its watches. */
  readonly watches = new Set<number>()

  constructor(id: SessionId, timeoutMs: number, hostedSince: Zxid, lastForwarded: RequestId) {
    this.id = id
    this.timeoutMs = timeoutMs
    this.hostedSince = hostedSince
    this.lastForwarded = lastForwarded
  }
}

export class HostedSessions {
  readonly #limits: Limits
  readonly #outbox: Outbox
  readonly #sessions = new Map<SessionId, HostedSession>()
  /** Every write that somebody waits for. */
  readonly #writes = new CallQueue<Write>()
  /** Writes of all sessions that are not forwarded yet, in the order in which they came. */
  readonly #waiting = new Fifo<Write>()
  #waitingBytes = 0
  #forwardedBytes = 0
  /** Writes among the waiting that are over: they are skipped. */
  #overCount = 0

  constructor(limits: Limits, outbox: Outbox) {
    this.#limits = limits
    this.#outbox = outbox
  }

  /** Writes that are kept because they wait, or have waited, to be forwarded. */
  get waitingCount(): number {
    return this.#waiting.size
  }

  /** How many sessions there are. */
  get size(): number {
    return this.#sessions.size
  }

  get(id: SessionId): HostedSession | undefined {
    return this.#sessions.get(id)
  }

  sessions(): IterableIterator<HostedSession> {
    return this.#sessions.values()
  }

  /** The session is hosted here from now on; `lastForwarded` of its requests have been, elsewhere. */
  open(
    id: SessionId,
    timeoutMs: number,
    hostedSince: Zxid,
    lastForwarded: RequestId = 0,
  ): HostedSession {
    assert(!this.#sessions.has(id), 'S1: a session is opened once')
    const session = new HostedSession(id, timeoutMs, hostedSince, lastForwarded)
    this.#sessions.set(id, session)
    return session
  }

  /** Takes a write, to be forwarded; refuses one that no txn or message can hold, and any at a limit. */
  receive(session: HostedSession, call: CallId, request: WriteRequest): void {
    const fault = unforwardable(request)
    if (fault !== null) {
      this.#fail(session, call, 'LIMIT_EXCEEDED', 'not-applied', fault)
      return
    }
    const bytes = requestBytes(request)
    const { maxTxnBytes } = this.#limits
    if (bytes > maxTxnBytes) {
      const detail =
        `the write has about ${String(bytes)} bytes, a txn ${String(maxTxnBytes)} at most ` +
        '(maxTxnBytes): divide it'
      this.#fail(session, call, 'LIMIT_EXCEEDED', 'not-applied', detail)
      return
    }
    const busy = this.#busy(session, request, bytes)
    if (busy !== null) {
      this.#fail(session, call, 'BUSY', 'not-applied', busy)
      return
    }
    const { identities } = session
    const write = { session, call, request, identities, bytes, forwarded: null, isAbandoned: false }
    this.#writes.push(write)
    this.#waiting.push(write)
    this.#waitingBytes += bytes
    session.unansweredCount += 1
  }

  /** Nobody waits for the call any more; false when it is no write that is still unanswered. */
  abandon(call: CallId): boolean {
    const write = this.#writes.take(call)
    if (write === undefined) return false
    write.isAbandoned = true
    const { session } = write
    if (write.forwarded !== null) {
      const detail = 'the call was given up after its write was sent; it may still be applied'
      this.#fail(session, call, 'ABORTED', 'unknown', detail)
      return true
    }
    this.#skipWaiting(write)
    const detail = 'the call was given up before its write was sent'
    this.#fail(session, call, 'ABORTED', 'not-applied', detail)
    return true
  }

  /** Takes the waiting writes that may be forwarded now, with their ids, to be sent. */
  forward(): ForwardedRequest[] {
    const requests: ForwardedRequest[] = []
    for (let write = this.#waiting.first; write !== undefined; write = this.#waiting.first) {
      if (write.isAbandoned) {
        this.#waiting.shift()
        this.#overCount -= 1
        continue
      }
      const { bytes, session } = write
      const isFull = this.#forwardedBytes + bytes > this.#limits.maxForwardedBytes
      if (isFull && this.#forwardedBytes > 0) break
      this.#waiting.shift()
      this.#waitingBytes -= bytes
      this.#forwardedBytes += bytes
      session.lastForwarded += 1
      write.forwarded = {
        session: session.id,
        requestId: session.lastForwarded,
        hostedSince: session.hostedSince,
        identities: write.identities,
        request: write.request,
      }
      session.forwarded.push(write)
      requests.push(write.forwarded)
    }
    return requests
  }

  /** What was forwarded and is unanswered, to be sent to another leader: in order, before the rest. */
  unanswered(): ForwardedRequest[] {
    const requests: ForwardedRequest[] = []
    for (const session of this.#sessions.values()) {
      for (const { forwarded } of session.forwarded) {
        if (forwarded !== null) requests.push(forwarded)
      }
    }
    return requests
  }

  /** The txn of a request is applied here: answers its call, if one still waits. */
  answer(session: HostedSession, requestId: RequestId, zxid: Zxid, result: WriteResult): void {
    const call = this.#takeAnswered(session, requestId)
    if (call !== null) this.#outbox.deliver(session.id, { type: 'reply', call, zxid, result })
  }

  /** The like, of one that was refused; `version` is that of the znode which it was about. */
  refuse(
    session: HostedSession,
    requestId: RequestId,
    zxid: Zxid,
    { code, path, operation, limit }: Refusal,
    version: number | null,
  ): void {
    const call = this.#takeAnswered(session, requestId)
    if (call === null) return
    const refusal = { code, path, operation, limit }
    this.#outbox.deliver(session.id, { type: 'refused', call, zxid, refusal, version })
  }

  /** The call of the request that has its answer now; `null` when nobody waits for that. */
  #takeAnswered(session: HostedSession, requestId: RequestId): CallId | null {
    const write = this.#takeFirst(session)
    assert(write?.forwarded?.requestId === requestId, 'C5: answers come in the order of requests')
    return write.isAbandoned ? null : write.call
  }

  /** Txns were skipped, the last one that of request `upTo`: what they answered is lost (C1). */
  lose(session: HostedSession, upTo: RequestId): void {
    const detail = 'its answer was in pages that a snapshot skipped; it may have been applied'
    while ((session.forwarded.first?.forwarded?.requestId ?? Infinity) <= upTo) {
      this.#failFirst(session, 'RESULT_LOST', 'unknown', detail)
    }
  }

  /**
   * The session is not hosted here any more. Rejects what is unanswered: what was forwarded with the
   * given outcome, the rest as not applied.
   */
  end(session: HostedSession, code: ErrorCode, outcome: Outcome, detail: string): void {
    this.#reject(session, code, outcome, detail)
    this.#sessions.delete(session.id)
  }

  /** Rejects everything unanswered: what was forwarded may have been applied. Keeps the sessions. */
  failAll(code: ErrorCode, detail: string): void {
    for (const session of this.#sessions.values()) this.#reject(session, code, 'unknown', detail)
  }

  /** Says why a call of this session comes to nothing. */
  #fail(
    session: HostedSession,
    call: CallId,
    code: ErrorCode,
    outcome: Outcome,
    detail: string,
  ): void {
    this.#outbox.deliver(session.id, { type: 'failed', call, code, outcome, detail })
  }

  #busy(session: HostedSession, request: WriteRequest, bytes: number): string | null {
    // A session can always be closed: that is what makes room.
    if (request.type === 'close-session') return null
    const { maxSessionRequests, maxWaitingBytes } = this.#limits
    if (session.unansweredCount >= maxSessionRequests) {
      return (
        `the session has ${String(maxSessionRequests)} calls unanswered (maxSessionRequests): ` +
        'wait for some of them'
      )
    }
    if (this.#waitingBytes + bytes <= maxWaitingBytes || this.#waitingBytes === 0) return null
    return (
      `${String(this.#waitingBytes)} bytes of writes wait at this peer ` +
      `(maxWaitingBytes ${String(maxWaitingBytes)}): wait for some of them`
    )
  }

  #takeFirst(session: HostedSession): Write | undefined {
    const write = session.forwarded.shift()
    if (write === undefined) return undefined
    this.#forwardedBytes -= write.bytes
    session.unansweredCount -= 1
    if (!write.isAbandoned) this.#writes.take(write.call)
    return write
  }

  #failFirst(session: HostedSession, code: ErrorCode, outcome: Outcome, detail: string): void {
    const write = this.#takeFirst(session)
    if (write?.isAbandoned === false) this.#fail(session, write.call, code, outcome, detail)
  }

  #reject(session: HostedSession, code: ErrorCode, outcome: Outcome, detail: string): void {
    while (session.forwarded.size > 0) this.#failFirst(session, code, outcome, detail)
    if (session.unansweredCount === 0) return
    for (const write of this.#waiting) {
      if (write.session !== session || write.isAbandoned) continue
      write.isAbandoned = true
      this.#writes.take(write.call)
      this.#skipWaiting(write, false)
      this.#fail(session, write.call, code, 'not-applied', detail)
    }
    this.#sweep()
  }

  /** A waiting write is over. It stays in its place until it is met, or until half are like it. */
  #skipWaiting({ session, bytes }: Write, sweeps = true): void {
    session.unansweredCount -= 1
    this.#waitingBytes -= bytes
    this.#overCount += 1
    if (sweeps) this.#sweep()
  }

  #sweep(): void {
    if (this.#overCount * 2 <= this.#waiting.size) return
    this.#waiting.keep((write) => !write.isAbandoned)
    this.#overCount = 0
  }
}
