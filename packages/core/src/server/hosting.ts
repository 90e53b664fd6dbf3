/**
 * What a peer is to the sessions that it hosts, whoever leads: it takes their calls, tells them what
 * came of them, and knows how long it may take them to be alive. What it has for the leader, the
 * server asks it for (server.ts).
 *
 * Invariants: C1 a call that fails says whether it can have been applied; W8 nothing is left of a
 * session that has ended; S6 one that a snapshot does not know has ended.
 */
import type { ErrorCode, Outcome } from '../errors.ts'
import type { CallId, Event } from '../events.ts'
import { isReadOnlySession, type PeerId, type SessionId } from '../ids.ts'
import type { Limits } from '../limits.ts'
import type { Outbox } from '../outbox.ts'
import { WatchTable, type WatchLimit } from '../session/watch-table.ts'
import { WireWatches } from '../session/wire-watches.ts'
import { zeroZxid, type Zxid } from '../zxid.ts'
import { ArrivingSessions } from './arriving-sessions.ts'
import { HostedSessions, type HostedSession } from './hosted-sessions.ts'
import { LocalDeadlines } from './local-deadlines.ts'
import { QuorumReads } from './quorum-reads.ts'
import type { Replica } from './replica.ts'
import type { WriteRequest } from './request.ts'

/** What the application can tell a peer about its sessions. */
export type SessionEvent = Extract<
  Event,
  {
    type:
      | 'session-requested'
      | 'session-move-requested'
      | 'read-only-session-opened'
      | 'session-authenticated'
      | 'request-received'
      | 'sync-requested'
      | 'call-aborted'
      | 'watch-added'
      | 'watch-removed'
      | 'session-abandoned'
      | 'session-heard'
      | WireWatchesEvent['type']
  }
>

/** What a client of ZooKeeper's protocol can tell a peer about what it watches. */
export type WireWatchesEvent = Extract<
  Event,
  {
    type:
      'wire-watch-added' | 'wire-watches-asked' | 'wire-watches-restored' | 'wire-watches-dropped'
  }
>

export class Hosting {
  readonly id: PeerId
  readonly sessions: HostedSessions
  readonly arriving: ArrivingSessions
  readonly quorumReads = new QuorumReads()
  readonly deadlines = new LocalDeadlines()
  readonly watches = new WatchTable()
  readonly wireWatches = new WireWatches()
  readonly outbox: Outbox
  readonly #limits: Limits
  readonly #applied: () => Replica

  /** `applied` gives the state as it is now. */
  constructor(id: PeerId, limits: Limits, outbox: Outbox, applied: () => Replica) {
    this.#applied = applied
    this.id = id
    this.#limits = limits
    this.outbox = outbox
    this.sessions = new HostedSessions(limits, outbox)
    this.arriving = new ArrivingSessions(id, limits, outbox, this.sessions, this.deadlines)
  }

  handle(event: SessionEvent): void {
    switch (event.type) {
      case 'session-requested':
        this.arriving.request(event)
        return
      case 'session-move-requested':
        this.arriving.requestMove(event, this.#applied().sessions.get(event.session))
        return
      case 'read-only-session-opened':
        this.sessions.open(event.session, Infinity, zeroZxid)
        return
      case 'session-authenticated': {
        const session = this.sessions.get(event.session)
        if (session !== undefined) session.identities = event.identities
        return
      }
      case 'request-received': {
        const session = this.#hosted(event.session, event.call)
        if (session !== undefined) this.#receive(session, event.call, event.request)
        return
      }
      case 'sync-requested': {
        const session = this.#hosted(event.session, event.call)
        if (session !== undefined) this.#sync(session, event.call)
        return
      }
      case 'call-aborted':
        this.#abort(event.call)
        return
      case 'watch-added': {
        const session = this.sessions.get(event.session)
        if (session === undefined) return
        const limit = this.#watchLimit(session)
        if (limit !== null) {
          this.outbox.deliver(session.id, { type: 'watch-refused', watch: event.watch, limit })
          return
        }
        session.watches.add(event.watch)
        this.watches.add(event.session, event.watch, event.path, event.depth)
        return
      }
      case 'watch-removed':
        this.sessions.get(event.session)?.watches.delete(event.watch)
        this.watches.remove(event.session, event.watch)
        return
      case 'session-abandoned':
        this.deadlines.abandon(event.session)
        return
      case 'session-heard':
        this.deadlines.hear(event.session)
        return
      default:
        this.#watchOnWire(event)
    }
  }

  /**
   * A hosted session is over, and so is everything that it still waits for; `forwarded` is the outcome
   * of the writes among it that were ever sent.
   */
  end(
    session: HostedSession,
    reason: 'closed' | 'expired' | 'moved',
    forwarded: Outcome,
    detail: string,
  ): void {
    const { id } = session
    const code = reason === 'moved' ? 'SESSION_MOVED' : 'SESSION_EXPIRED'
    this.sessions.end(session, code, forwarded, detail)
    for (const [call] of this.quorumReads.removeAll(session)) {
      this.#fail(session, call, code, detail)
    }
    this.watches.removeSession(id)
    this.wireWatches.removeSession(id)
    this.deadlines.close(id)
    this.outbox.deliver(id, { type: 'ended', reason })
  }

  /** Everything up to `applied` is applied here. */
  onApplied(applied: Zxid): void {
    this.deadlines.onApplied(applied)
    for (const callers of this.quorumReads.takeReached(applied)) {
      for (const [call, session] of callers) {
        this.outbox.deliver(session.id, { type: 'synced', call, zxid: applied })
      }
    }
  }

  /** A snapshot has taken the place of what was applied, and hides what led to it. */
  onReplaced(replica: Replica): void {
    for (const session of [...this.sessions.sessions()]) this.#resume(session, replica)
    this.arriving.onReplaced(replica)
    this.onApplied(replica.end.last)
  }

  /** The peer stops: every call is rejected, as unknown if what it asked for was ever sent. */
  failAll(code: ErrorCode, detail: string): void {
    this.sessions.failAll(code, detail)
    for (const [call, session] of this.quorumReads.removeAll()) {
      this.#fail(session, call, code, detail)
    }
    this.arriving.failAll(code, detail)
  }

  #watchOnWire(event: WireWatchesEvent): void {
    const session = this.sessions.get(event.session)
    // Nothing is watched for a session that has ended, or is not here any more (W8).
    if (session === undefined) return
    const { id } = session
    switch (event.type) {
      case 'wire-watch-added':
        if (this.#watchLimit(session) === null) this.wireWatches.add(id, event.path, event.mode)
        else this.#endWireWatches(id, 'the connection, or the peer, has as many watches as it may')
        return
      case 'wire-watches-asked': {
        const { call, path, watches, removes } = event
        const found = removes
          ? this.wireWatches.remove(id, path, watches)
          : this.wireWatches.has(id, path, watches)
        this.outbox.deliver(id, { type: 'wire-watches', call, found })
        return
      }
      case 'wire-watches-restored': {
        const { tree } = this.#applied()
        const missed = this.wireWatches.restore(id, event.restoration, (path) => tree.get(path))
        for (const { type, path } of missed) {
          this.outbox.deliver(id, { type: 'wire-event', event: type, path, zxid: null })
        }
        this.outbox.deliver(id, { type: 'wire-watches', call: event.call, found: true })
        return
      }
      case 'wire-watches-dropped':
        this.wireWatches.removeSession(id)
    }
  }

  #endWireWatches(id: SessionId, detail: string): void {
    if (this.wireWatches.countOf(id) === 0) return
    this.wireWatches.removeSession(id)
    this.outbox.deliver(id, { type: 'wire-gap', detail })
  }

  #hosted(id: SessionId, call: CallId): HostedSession | undefined {
    const session = this.sessions.get(id)
    if (session !== undefined) return session
    const failed = {
      type: 'failed',
      call,
      code: 'SESSION_EXPIRED',
      outcome: 'not-applied',
    } as const
    this.outbox.deliver(id, { ...failed, detail: 'the session has ended' })
    return undefined
  }

  /** The bound that leaves no room for one more watch. */
  #watchLimit(session: HostedSession): WatchLimit | null {
    const { maxSessionWatches, maxHostedWatches } = this.#limits
    const ofSession = session.watches.size + this.wireWatches.countOf(session.id)
    if (ofSession >= maxSessionWatches) return 'maxSessionWatches'
    const all = this.watches.size + this.wireWatches.size
    return all >= maxHostedWatches ? 'maxHostedWatches' : null
  }

  #receive(session: HostedSession, call: CallId, request: WriteRequest): void {
    if (!isReadOnlySession(session.id)) {
      this.sessions.receive(session, call, request)
    } else if (request.type === 'close-session') {
      const detail = 'the session was closed'
      this.#fail(session, call, 'SESSION_CLOSED', detail)
      this.end(session, 'closed', 'not-applied', detail)
    } else this.#fail(session, call, 'NOT_READ_ONLY', 'the session is read-only')
  }

  #sync(session: HostedSession, call: CallId): void {
    const { maxSessionRequests } = this.#limits
    if (session.unansweredCount < maxSessionRequests) {
      this.quorumReads.add(call, session)
      return
    }
    const most = String(maxSessionRequests)
    const detail = `the session has ${most} calls unanswered (maxSessionRequests): wait for some`
    this.#fail(session, call, 'BUSY', detail)
  }

  #abort(call: CallId): void {
    if (this.sessions.abandon(call) || this.arriving.abandon(call)) return
    const reader = this.quorumReads.remove(call)
    if (reader !== undefined) this.#fail(reader, call, 'ABORTED', 'the call was given up')
  }

  /** A hosted session, after a snapshot: gone, moved, or alive with answers that were skipped. */
  #resume(session: HostedSession, replica: Replica): void {
    if (!isReadOnlySession(session.id) && !this.#isStillHosted(session, replica)) return
    for (const watch of session.watches) {
      this.outbox.deliver(session.id, { type: 'watch-gap', watch })
    }
    this.#endWireWatches(session.id, 'changes were in pages that a snapshot skipped')
  }

  #isStillHosted(session: HostedSession, replica: Replica): boolean {
    const record = replica.sessions.get(session.id)
    if (record === undefined) {
      const detail = 'the session ended in pages that a snapshot skipped'
      this.end(session, 'expired', 'unknown', detail)
      return false
    }
    this.sessions.lose(session, record.lastRequestId)
    if (record.hostedSince === session.hostedSince) return true
    this.end(session, 'moved', 'not-applied', 'the session moved before this was judged')
    return false
  }

  /** A call that changes nothing comes to nothing. */
  #fail(session: HostedSession, call: CallId, code: ErrorCode, detail: string): void {
    const failed = { type: 'failed', call, code, outcome: 'not-applied', detail } as const
    this.outbox.deliver(session.id, failed)
  }
}
