/**
 * What an endpoint needs of the peer that it belongs to. The peer hosts the sessions of the endpoint's
 * clients as it hosts those of its own application: same events, same deliveries, same promises.
 */
import type { CallId, Delivery, Event, Limits, Replica, SessionId } from '@conclave/core/internal'

/** What is said of the sessions of clients. */
export type ClientEvent = Extract<
  Event,
  {
    readonly type:
      | 'session-authenticated'
      | 'session-heard'
      | 'request-received'
      | 'sync-requested'
      | 'wire-watch-added'
      | 'wire-watches-asked'
      | 'wire-watches-restored'
      | 'wire-watches-dropped'
  }
>

export interface EndpointClock {
  nowMs(): number
  /** Calls back once; what it returns takes that back. */
  after(ms: number, callback: () => void): () => void
}

/** A session of a client, as the peer tells it. All of it synchronously, and nothing of it throws. */
export interface HostedClient {
  readonly sessionId: SessionId
  /** What one step has for the session, in order. */
  onDeliveries(items: readonly Delivery[]): void
  /** The peer is closed or has failed. */
  onHostGone(): void
}

/** Who asked for a session. */
export interface SessionAsker {
  onOpened(session: SessionId): HostedClient
  /** There is none, and the client may ask elsewhere. */
  onFailed(): void
}

/** What the peer is at the moment. */
export interface HostStanding {
  /** True while a leader is known that this peer is synced with. */
  readonly isServing: boolean
  readonly mode: 'leader' | 'follower' | 'observer' | 'standalone'
  readonly id: number
  readonly epoch: number
}

export interface EndpointHost {
  readonly limits: Limits
  readonly clock: EndpointClock
  /** The applied state. It changes only between two turns of the loop. */
  readonly replica: Replica
  readonly standing: HostStanding
  nextCall(): CallId
  /** Takes an event, to be stepped in the next turn; what concerns watches before all else of it. */
  submit(event: ClientEvent): void
  /** Asks the ensemble for a session. */
  requestSession(timeoutMs: number, password: Uint8Array, asker: SessionAsker): void
  /** Stops the peer: something is wrong with it. */
  fail(cause: unknown): void
  /** Draws a password that nobody can guess. */
  password(): Uint8Array
}
