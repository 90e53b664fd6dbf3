/**
 * What a peer is besides a host while it leads: it receives the requests of all sessions, judges them
 * in order when there is a page to put them into, decides who expires and answers for quorum rounds.
 * One object for one leadership, dropped whole when it ends: what was received and not proposed is
 * sent again by whoever hosts the session.
 *
 * Invariants: R2 a request is received once, in the order of its ids, and has one txn unless its
 * session has ended or moved; S7 only the present host of a session speaks for it; C2 a
 * request gets its zxid after it came, behind all that was committed then; Z16 requests wait when the
 * epoch has no zxid left.
 */
import { isAllowed, permissions } from '../access/acl.ts'
import { assert } from '../assert.ts'
import type { Configuration } from '../ensemble/configuration.ts'
import { noSession, sessionIdAt, type PeerId, type SessionId } from '../ids.ts'
import type { Limits } from '../limits.ts'
import { configPath, configurationText } from '../tree/system-znodes.ts'
import type { ProofsOfLife } from '../zab/messages.ts'
import type { Page, PageDraft, PageEnd } from '../zab/page.ts'
import { advanceZxid, type Zxid } from '../zxid.ts'
import type { Agreement } from './agreement.ts'
import { Fifo } from './fifo.ts'
import { OutstandingChanges } from './outstanding-changes.ts'
import { Pagination } from './paginate.ts'
import { Preparation } from './prepare.ts'
import { judgeReconfiguration } from './reconfiguration.ts'
import { ReceivedQuestions, type ReceivedQuestion } from './quorum-reads.ts'
import { Reaper } from './reaper.ts'
import type { Replica } from './replica.ts'
import type { ForwardedRequest, Reconfiguration, SessionMove, SessionRequest } from './request.ts'
import { SessionExpiry } from './session-expiry.ts'
import { SessionOutlooks, type SessionOutlook } from './session-outlooks.ts'
import { requestBytes } from './txn-bytes.ts'
import type { Txn } from './txn.ts'

/** A peer that forwards requests. */
interface Sender {
  bytesWaiting: number
}

/** What waits to become a txn, in the order in which it came. */
type Work =
  | {
      readonly type: 'request'
      readonly sender: Sender
      readonly session: SessionOutlook
      readonly forwarded: ForwardedRequest
      readonly bytes: number
    }
  | { readonly type: 'create-session'; readonly from: PeerId; readonly request: SessionRequest }
  | { readonly type: 'move-session'; readonly from: PeerId; readonly request: SessionMove }
  | { readonly type: 'expire-session'; readonly session: SessionId }
  | { readonly type: 'configure'; readonly configuration: Configuration }
  | { readonly type: 'reap'; readonly path: string }

/** Timeouts are checked where a session is asked for; this only keeps nonsense out of the log. */
const maxSessionTimeoutMs = 24 * 60 * 60 * 1_000

export class Leadership {
  readonly epoch: number
  readonly #limits: Limits
  readonly #agreement: Agreement
  readonly #replica: Replica
  readonly #sessions: SessionOutlooks
  readonly #changes: OutstandingChanges
  readonly #preparation: Preparation
  readonly #pagination: Pagination
  readonly #expiry: SessionExpiry
  readonly #reaper: Reaper
  readonly #questions = new ReceivedQuestions()
  readonly #work = new Fifo<Work>()
  readonly #senders = new Map<PeerId, Sender>()
  #wallMs: number
  #isDraining = false
  /** A configuration was proposed and is not applied. */
  #isReconfiguring = false

  constructor(
    epoch: number,
    limits: Limits,
    agreement: Agreement,
    replica: Replica,
    nowMs: number,
    wallMs: number,
  ) {
    this.epoch = epoch
    this.#limits = limits
    this.#agreement = agreement
    this.#replica = replica
    this.#sessions = new SessionOutlooks(replica.sessions)
    this.#changes = new OutstandingChanges(replica.tree, this.#sessions)
    this.#preparation = new Preparation(this.#changes, limits)
    this.#pagination = new Pagination(epoch, limits, (zxid) => this.#nextTxn(zxid))
    this.#expiry = new SessionExpiry(nowMs)
    this.#reaper = new Reaper(replica.tree, limits, nowMs)
    this.#wallMs = wallMs
    for (const session of replica.sessions.sessions()) this.#expiry.add(session)
  }

  /** How much waits for a page; nothing once it drains. */
  get waitingCount(): number {
    if (this.#isDraining) return 0
    return this.#work.size + (this.#pagination.hasCarried ? 1 : 0)
  }

  /** How many znodes may differ from what is applied here. */
  get outstandingChanges(): number {
    return this.#changes.outstandingCount
  }

  /** True when the epoch has no zxid left (Z16). */
  get isExhausted(): boolean {
    return this.#pagination.isExhausted
  }

  get isDraining(): boolean {
    return this.#isDraining
  }

  /** Nothing more becomes a txn: whoever waits will ask the next leader. */
  drain(): void {
    this.#isDraining = true
    this.#work.clear()
  }

  tick(nowMs: number, wallMs: number): void {
    this.#wallMs = wallMs
    if (this.#isDraining) return
    for (const session of this.#expiry.tick(nowMs)) {
      this.#work.push({ type: 'expire-session', session })
    }
    for (const path of this.#reaper.tick(nowMs, wallMs)) this.#work.push({ type: 'reap', path })
  }

  /**
   * Takes requests in the order of their ids; drops what was received before, and what comes from a
   * peer that does not host the session any more. Why the link must break, or `null`.
   */
  receive(from: PeerId, requests: readonly ForwardedRequest[]): string | null {
    if (this.#isDraining) return null
    let sender = this.#senders.get(from)
    if (sender === undefined) this.#senders.set(from, (sender = { bytesWaiting: 0 }))
    for (const forwarded of requests) {
      const session = this.#sessions.get(forwarded.session)
      if (session?.isClosing !== false) continue
      if (session.host !== from || session.hostedSince !== forwarded.hostedSince) continue
      const next = session.lastReceived + 1
      if (forwarded.requestId < next) continue
      if (forwarded.requestId > next) {
        return `R2: request ${String(forwarded.requestId)} of a session came, ${String(next)} did not`
      }
      session.lastReceived = next
      const bytes = requestBytes(forwarded.request)
      sender.bytesWaiting += bytes
      this.#work.push({ type: 'request', sender, session, forwarded, bytes })
    }
    // Twice: what a peer sent before it was started anew may still wait.
    const most = 2 * (this.#limits.maxForwardedBytes + this.#limits.maxTxnBytes)
    if (sender.bytesWaiting <= most) return null
    return `${String(sender.bytesWaiting)} bytes of requests wait, more than a peer may forward`
  }

  receiveSessionRequests(from: PeerId, requests: readonly SessionRequest[]): void {
    if (this.#isDraining) return
    for (const request of requests) this.#work.push({ type: 'create-session', from, request })
  }

  receiveSessionMoves(from: PeerId, requests: readonly SessionMove[]): void {
    if (this.#isDraining) return
    for (const request of requests) this.#work.push({ type: 'move-session', from, request })
  }

  /** Puts a change of the configuration into a txn, which ends its page (Z18). */
  configure(configuration: Configuration): void {
    this.#work.push({ type: 'configure', configuration })
  }

  receiveQuestion(from: PeerId, sync: number): void {
    this.#questions.add({ from, sync, round: this.#agreement.requestRound() })
  }

  receiveProofs(from: PeerId, proofs: ProofsOfLife): void {
    this.#expiry.onProofs(from, proofs, this.#agreement.nextRound())
  }

  /** The last list of this peer's proofs that a later round confirmed; 0: none. */
  proofsAcknowledged(peer: PeerId): number {
    return this.#expiry.acknowledged(peer)
  }

  /** A quorum has confirmed this round: the questions that it answers. */
  onRoundConfirmed(round: number): readonly ReceivedQuestion[] {
    this.#expiry.onRoundConfirmed(round)
    return this.#questions.takeConfirmed(round)
  }

  /** The link to this peer is gone: what it asked and proved does not count any more. */
  forget(peer: PeerId): void {
    this.#expiry.forget(peer)
    this.#questions.forget(peer)
  }

  /** The next page, behind the one that ends at `previous`; `null` when there is nothing for it. */
  draft(previous: PageEnd): PageDraft | null {
    return this.#isDraining ? null : this.#pagination.draft(previous)
  }

  /** The txns of the page that is applied now, which this leadership has drafted. */
  take(page: Page): readonly Txn[] {
    return this.#pagination.take(page)
  }

  /** A page is applied. */
  onApplied(page: Page, txns: readonly Txn[]): void {
    for (let index = 0; index < txns.length; index += 1) {
      const txn = txns[index] as Txn
      switch (txn.type) {
        case 'create-session': {
          this.#sessions.onCreated(txn.password)
          const id = sessionIdAt(advanceZxid(page.first, index))
          const session = this.#replica.sessions.get(id)
          if (session !== undefined) this.#expiry.add(session)
          break
        }
        case 'close-session':
          this.#sessions.onClosed(txn.closed)
          this.#expiry.remove(txn.closed)
          break
        case 'configure':
          this.#isReconfiguring = false
          break
        default:
          break
      }
    }
    this.#changes.forget(page.last)
  }

  #nextTxn(zxid: Zxid): Txn | null {
    for (let work = this.#work.shift(); work !== undefined; work = this.#work.shift()) {
      const txn = this.#judge(work, zxid)
      if (txn !== null) return txn
    }
    return null
  }

  #judge(work: Work, zxid: Zxid): Txn | null {
    switch (work.type) {
      case 'request': {
        const { session, forwarded, sender } = work
        sender.bytesWaiting -= work.bytes
        if (session.isClosing || session.hostedSince !== forwarded.hostedSince) return null
        const { request, requestId } = forwarded
        session.lastJudged = requestId
        if (request.type === 'reconfigure') return this.#reconfigure(forwarded, request, zxid)
        return this.#preparation.prepare(session, forwarded, request, zxid, this.#wallMs)
      }
      case 'create-session':
        return this.#createSession(work.from, work.request, zxid)
      case 'move-session':
        return this.#moveSession(work.from, work.request, zxid)
      case 'expire-session': {
        const session = this.#sessions.get(work.session)
        if (session?.isClosing !== false || !this.#expiry.isOver(work.session)) return null
        return this.#preparation.expire(session, zxid, this.#wallMs)
      }
      case 'reap':
        return this.#preparation.reap(work.path, zxid, this.#wallMs)
      case 'configure': {
        const header = { timeMs: this.#wallMs, session: noSession, requestId: 0 }
        return { ...header, ...this.#configure(work.configuration, zxid) }
      }
    }
  }

  /** A change of the ensemble, which ends its page (Z18), or the refusal of one. */
  #reconfigure(
    { session, requestId, identities }: ForwardedRequest,
    request: Reconfiguration,
    zxid: Zxid,
  ): Txn {
    const header = { timeMs: this.#wallMs, session, requestId }
    const current = this.#replica.configuration
    const judged =
      current === null
        ? 'RECONFIG_IN_PROGRESS'
        : judgeReconfiguration(request, {
            current,
            isUnderWay: this.#isReconfiguring,
            hasSyncedQuorum: (next) => this.#agreement.hasSyncedQuorum(next),
            mayWrite: isAllowed(this.#configZnode().acl, permissions.write, identities),
          })
    if (typeof judged === 'string') {
      const path = judged === 'NO_AUTH' ? configPath : ''
      return { ...header, type: 'refuse', code: judged, path, operation: 0, limit: null }
    }
    return { ...header, ...this.#configure(judged, zxid) }
  }

  /** A configuration is proposed; the znode that says so has its text then. */
  #configure(
    configuration: Configuration,
    zxid: Zxid,
  ): { readonly type: 'configure'; readonly configuration: Configuration } {
    this.#isReconfiguring = true
    this.#changes.write(this.#configZnode(), configurationText(configuration, zxid), zxid)
    return { type: 'configure', configuration }
  }

  #configZnode(): ReturnType<OutstandingChanges['look']> & object {
    const znode = this.#changes.look(configPath)
    assert(znode !== undefined, 'D5: a system znode is never deleted')
    return znode
  }

  #createSession(host: PeerId, { timeoutMs, password }: SessionRequest, zxid: Zxid): Txn | null {
    if (this.#sessions.isCreated(password)) return null
    this.#sessions.create(sessionIdAt(zxid), host, zxid, password)
    return {
      timeMs: this.#wallMs,
      session: noSession,
      requestId: 0,
      type: 'create-session',
      timeoutMs: Math.min(Math.max(Math.trunc(timeoutMs) || 1, 1), maxSessionTimeoutMs),
      password,
      host,
    }
  }

  /** Whoever asks has it from here on, unless the session has ended, or moved, since it was asked. */
  #moveSession(host: PeerId, { session: moved, replaces }: SessionMove, zxid: Zxid): Txn | null {
    const session = this.#sessions.get(moved)
    if (session?.isClosing !== false || session.hostedSince !== replaces) return null
    session.move(host, zxid)
    this.#expiry.onMoved(moved)
    const header = { timeMs: this.#wallMs, session: noSession, requestId: 0 }
    return { ...header, type: 'move-session', moved, host }
  }
}
