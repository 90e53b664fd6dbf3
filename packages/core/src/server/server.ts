/**
 * The request side of a peer, which agreement knows as its state machine: it hosts sessions, whoever
 * leads, and judges the requests of all sessions while it leads itself. Here is only what connects
 * the two: which leader the hosted sessions speak to, and when what was sent is sent again.
 *
 *   hosting   hosting.ts, and below it hosted-sessions.ts, quorum-reads.ts, local-deadlines.ts; apply.ts
 *   leading   leadership.ts, and below it prepare.ts, paginate.ts, session-expiry.ts
 *
 * Invariants: R2 after a change of leader unanswered requests are sent again, in order, before new
 * ones; C8 no question to a former leader counts; Z17 pages are applied whole, in order, once.
 */
import { assert } from '../assert.ts'
import type { Configuration } from '../ensemble/configuration.ts'
import type { ErrorCode } from '../errors.ts'
import { isReadOnlySession, type PeerId, type SessionId } from '../ids.ts'
import type { Limits } from '../limits.ts'
import type { WireWatches } from '../session/wire-watches.ts'
import type { Outbox } from '../outbox.ts'
import { RecentChanges } from '../session/recent-changes.ts'
import type { ProofsOfLife } from '../zab/messages.ts'
import type { Page, PageCodec, PageDraft, PageEnd } from '../zab/page.ts'
import type { StateMachine } from '../zab/state-machine.ts'
import type { Zxid } from '../zxid.ts'
import type { Agreement } from './agreement.ts'
import { HostObserver } from './apply.ts'
import { Hosting, type SessionEvent } from './hosting.ts'
import { Leadership } from './leadership.ts'
import type { Replica } from './replica.ts'
import type { ForwardedRequest, SessionMove, SessionRequest } from './request.ts'
import { requestBytes } from './txn-bytes.ts'

export interface ServerOptions {
  readonly id: PeerId
  readonly codec: PageCodec
  readonly limits: Limits
  readonly agreement: Agreement
}

/** Whom the hosted sessions speak to; `null` while there is no leader. */
type Upstream = Leadership | { readonly leader: PeerId; readonly epoch: number } | null

export class Server implements StateMachine {
  readonly #options: ServerOptions
  readonly #outbox: Outbox
  readonly #hosting: Hosting
  readonly #observer: HostObserver
  /** What was applied last, for watches that go on behind a zxid. */
  readonly recent: RecentChanges
  #replica: Replica
  #upstream: Upstream = null
  #nowMs = 0
  #wallMs = 0

  constructor(options: ServerOptions, replica: Replica, outbox: Outbox) {
    this.#options = options
    this.#outbox = outbox
    this.#replica = replica
    const applied = (): Replica => this.#replica
    this.#hosting = new Hosting(options.id, options.limits, outbox, applied)
    this.recent = new RecentChanges(options.limits, replica.end.last)
    this.#observer = new HostObserver(this.#hosting, this.recent, applied)
  }

  /** The state that local reads answer from. */
  get replica(): Replica {
    return this.#replica
  }

  /** What the clients of ZooKeeper's protocol that are served here watch. */
  get wireWatches(): WireWatches {
    return this.#hosting.wireWatches
  }

  get end(): PageEnd {
    return this.#replica.end
  }

  get digest(): string {
    return this.#replica.digest
  }

  get configuration(): Configuration | null {
    return this.#replica.configuration
  }

  /** Time passed: the first thing of every step. See `tick` in events.ts. */
  tick(nowMs: number, wallMs: number, appAliveMs: number): void {
    this.#nowMs = nowMs
    this.#wallMs = wallMs
    this.#hosting.deadlines.tick(nowMs, wallMs, appAliveMs)
    this.#leadership?.tick(nowMs, wallMs)
  }

  /** Takes what the application says of its sessions. */
  handle(event: SessionEvent): void {
    this.#hosting.handle(event)
  }

  /**
   * Sends what the step has gathered for the leader, in one go; a leader's own requests come in here.
   * Called before agreement is asked for pages and rounds.
   */
  flush(): void {
    const upstream = this.#upstream
    // A leader that drains takes nothing: what is not sent now is surely not applied.
    if (upstream === null || this.#leadership?.isDraining === true) return
    const { sessions, arriving, quorumReads, deadlines } = this.#hosting
    this.#sendRequests(sessions.forward())
    this.#sendSessionRequests(arriving.created.takeUnsent(deadlines.nowMs))
    this.#sendSessionMoves(arriving.moved.takeUnsent(deadlines.nowMs))
    const sync = quorumReads.ask()
    if (sync === null) return
    if (upstream instanceof Leadership) upstream.receiveQuestion(this.#options.id, sync)
    else this.#outbox.send(upstream.leader, { type: 'sync-request', epoch: upstream.epoch, sync })
  }

  /**
   * This peer leads. Its replica must hold the whole history: requests are judged by what is applied
   * and by what this leadership adds to it.
   */
  lead(epoch: number): void {
    const { limits, agreement } = this.#options
    this.look()
    this.#upstream = new Leadership(
      epoch,
      limits,
      agreement,
      this.#replica,
      this.#nowMs,
      this.#wallMs,
    )
    this.#sendAgain()
  }

  follow(leader: PeerId, epoch: number): void {
    this.look()
    this.#upstream = { leader, epoch }
    this.#sendAgain()
  }

  look(): void {
    this.#upstream = null
    this.#hosting.quorumReads.askAgain()
    this.#hosting.deadlines.forgetSent()
  }

  /** Applies a committed page, and delivers what follows from it. */
  apply(page: Page): void {
    const leadership = this.#leadership
    const txns = leadership === null ? this.#options.codec.decode(page) : leadership.take(page)
    this.#replica.apply(page, txns, this.#observer)
    leadership?.onApplied(page, txns)
    this.#hosting.onApplied(page.last)
  }

  /**
   * A snapshot has taken the place of what was applied. Hosted sessions are judged by what it says of
   * them, and what it hides is told as it is: unknown.
   */
  replaceReplica(replica: Replica): void {
    assert(this.#upstream === null, 'Z13: a snapshot comes before UPTODATE')
    this.#replica = replica
    this.recent.forgetAll(replica.end.last)
    this.#hosting.onReplaced(replica)
  }

  nextDraft(previous: PageEnd): PageDraft | null {
    return this.#leadership?.draft(previous) ?? null
  }

  get preparedCount(): number {
    return this.#leadership?.waitingCount ?? 0
  }

  get counterExhausted(): boolean {
    return this.#leadership?.isExhausted ?? false
  }

  drain(): void {
    this.#leadership?.drain()
  }

  /** Leader: puts a change of the configuration into a page, as the last txn of it. */
  configure(configuration: Configuration): void {
    this.#leadership?.configure(configuration)
  }

  onRequests(from: PeerId, requests: readonly ForwardedRequest[]): string | null {
    return this.#leadership?.receive(from, requests) ?? null
  }

  onSessionRequests(from: PeerId, requests: readonly SessionRequest[]): void {
    this.#leadership?.receiveSessionRequests(from, requests)
  }

  onSessionMoves(from: PeerId, requests: readonly SessionMove[]): void {
    this.#leadership?.receiveSessionMoves(from, requests)
  }

  onSyncRequest(from: PeerId, sync: number): void {
    this.#leadership?.receiveQuestion(from, sync)
  }

  onSyncReply(sync: number, upTo: Zxid): void {
    this.#hosting.quorumReads.onReply(sync, upTo)
    this.#hosting.onApplied(this.#replica.end.last)
  }

  onRoundConfirmed(round: number): void {
    const leadership = this.#leadership
    if (leadership === null) return
    // What is committed, not what is applied here: that can be behind while a checkpoint waits.
    const upTo = this.#options.agreement.lastCommitted
    for (const { from, sync } of leadership.onRoundConfirmed(round)) {
      if (from === this.#options.id) this.onSyncReply(sync, upTo)
      else this.#outbox.send(from, { type: 'sync-reply', epoch: leadership.epoch, sync, upTo })
    }
  }

  takeProofs(): ProofsOfLife | null {
    return this.#hosting.deadlines.take()
  }

  onProofs(from: PeerId, proofs: ProofsOfLife): void {
    this.#leadership?.receiveProofs(from, proofs)
  }

  proofsAcknowledged(peer: PeerId): number {
    return this.#leadership?.proofsAcknowledged(peer) ?? 0
  }

  onProofsAcknowledged(number: number, proposed: Zxid): void {
    this.#hosting.deadlines.onAcknowledged(number, proposed, this.#replica.end.last)
  }

  /** Leader: the link to a learner is gone. What it asked and proved does not count any more. */
  onLearnerGone(peer: PeerId): void {
    this.#leadership?.forget(peer)
  }

  /**
   * When a hosted session is suspended unless its life is proved again, on the clock of `nowMs`;
   * `undefined` of one that is not hosted here.
   */
  sessionDeadlineMs(session: SessionId): number | undefined {
    if (isReadOnlySession(session)) return Infinity
    return this.#hosting.deadlines.deadlineOf(session)
  }

  /** The peer stops: every call is rejected, as unknown if what it asked for was ever sent. */
  failAll(code: ErrorCode, detail: string): void {
    this.#hosting.failAll(code, detail)
  }

  get #leadership(): Leadership | null {
    return this.#upstream instanceof Leadership ? this.#upstream : null
  }

  /** To a new leader, before anything new: what was sent to the one before and is not answered. */
  #sendAgain(): void {
    this.#sendRequests(this.#hosting.sessions.unanswered())
    this.#sendSessionRequests(this.#hosting.arriving.created.sent())
    this.#sendSessionMoves(this.#hosting.arriving.moved.sent())
  }

  #sendRequests(requests: readonly ForwardedRequest[]): void {
    const upstream = this.#upstream
    if (upstream === null || requests.length === 0) return
    if (upstream instanceof Leadership) {
      const refusal = upstream.receive(this.#options.id, requests)
      assert(refusal === null, refusal ?? '')
      return
    }
    // In messages of about a page each, so that none keeps what comes behind it waiting for long.
    let from = 0
    let bytes = 0
    for (let index = 0; index < requests.length; index += 1) {
      bytes += requestBytes((requests[index] as ForwardedRequest).request)
      if (bytes < this.#options.limits.maxPageBytes && index + 1 < requests.length) continue
      const part = requests.slice(from, index + 1)
      this.#outbox.send(upstream.leader, { type: 'requests', requests: part })
      from = index + 1
      bytes = 0
    }
  }

  #sendSessionRequests(requests: readonly SessionRequest[]): void {
    const upstream = this.#upstream
    if (upstream === null || requests.length === 0) return
    if (upstream instanceof Leadership) upstream.receiveSessionRequests(this.#options.id, requests)
    else this.#outbox.send(upstream.leader, { type: 'session-requests', requests })
  }

  #sendSessionMoves(requests: readonly SessionMove[]): void {
    const upstream = this.#upstream
    if (upstream === null || requests.length === 0) return
    if (upstream instanceof Leadership) upstream.receiveSessionMoves(this.#options.id, requests)
    else this.#outbox.send(upstream.leader, { type: 'session-moves', requests })
  }
}
