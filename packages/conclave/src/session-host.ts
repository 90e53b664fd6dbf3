/**
 * The seam between a session and the peer that hosts it. A session submits events, reads the applied
 * state and is told what was delivered to it; it never sees the driver, the log or a link.
 *
 * That keeps the place free for a peer that runs in another thread: there, a mirror of the tree on
 * the application's thread is the host, with the same promises.
 */
import type {
  CallId,
  Delivery,
  Event,
  Limits,
  RecentChanges,
  Replica,
  SessionId,
  Zxid,
} from '@conclave/core/internal'
import type { CoordinationError } from '@conclave/core'
import type { ClientEvent } from '@conclave/zookeeper'
import type { Clock } from './clock.ts'

/** What sessions may say, those of clients too, and whoever asks for one. */
export type SessionEvent =
  | ClientEvent
  | Extract<
      Event,
      {
        readonly type:
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
      }
    >

export interface SessionHost {
  readonly limits: Limits
  readonly clock: Clock
  /** The applied state. It changes only between two turns of the application's code. */
  readonly replica: Replica
  /** What was applied last, up to that state. */
  readonly recent: RecentChanges
  /** A new name for a call, greater than every one before. */
  nextCall(): CallId
  /**
   * Takes an event, to be stepped in the next turn. A `watch-added` is stepped before anything else
   * of that turn: no change slips in between what can be read now and the watch (W4). Every call is
   * answered by a delivery in the end, a `call-aborted` in the step that takes it.
   */
  submit(event: SessionEvent): void
  /**
   * Until when, on `clock.nowMs()`, the ensemble is known to keep the session; in the past when that
   * is no longer known.
   */
  deadlineMs(session: SessionId): number
  /** Has `onApplied` called after every step that applied a page, until it returns false. */
  awaitApplied(session: HostedSession): void
  /** Runs a callback of the application once everything of this step was delivered to everybody. */
  afterDelivery(callback: () => void): void
}

/** What a host tells a session. All of it synchronously, and nothing of it throws. */
export interface HostedSession {
  readonly sessionId: SessionId
  /** What one step has for the session, in order. */
  onDeliveries(items: readonly Delivery[]): void
  /** Returns whether it wants to be called again. */
  onApplied(lastApplied: Zxid): boolean
  /** Time passed: the session looks at its deadline. */
  onTime(): void
  /** The peer is closed or has failed; `error` says which. `unsent` calls never left it. */
  onHostGone(error: CoordinationError, unsent: ReadonlySet<CallId>): void
}
