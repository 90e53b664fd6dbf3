/**
 * What an endpoint needs of the peer that it belongs to. The peer hosts the sessions of the endpoint's
 * clients as it hosts those of its own application: same events, same deliveries, same promises.
 */
import type {
  CallId,
  Delivery,
  Event,
  Limits,
  Member,
  Replica,
  SessionId,
  WireWatches,
  Zxid,
} from '@conclave/core/internal'

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
  wallMs(): number
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
  /** Where the conversation of the peers stands. */
  readonly phase: 'election' | 'discovery' | 'synchronization' | 'broadcast'
}

/** Of whom a leader leads, those that are synced; and how many vote. */
export interface LeaderFigures {
  readonly followerCount: number
  readonly observerCount: number
  readonly voterCount: number
}

/** What the peer's directory takes up. */
export interface DiskUse {
  readonly snapshotBytes: number
  readonly logBytes: number
}

export interface EndpointHost {
  readonly limits: Limits
  readonly clock: EndpointClock
  /** Who may do everything: `super:` and a hash, or `null`. */
  readonly superDigest: string | null
  /** Whether clients may change the members, and to whom; `null` where they may not. */
  readonly reconfiguration: { accepts(members: readonly Member[]): boolean } | null
  /** The applied state. It changes only between two turns of the loop. */
  readonly replica: Replica
  readonly standing: HostStanding
  /** What all clients watch here; the core changes it. */
  readonly watches: WireWatches
  diskUse(): Promise<DiskUse>
  /** `null` of a peer that does not lead an ensemble. */
  leaderFigures(): LeaderFigures | null
  nextCall(): CallId
  /** Takes an event, to be stepped in the next turn; what concerns watches before all else of it. */
  submit(event: ClientEvent): void
  /** Opens a session that writes nothing and lives here alone; `open` is given its number. */
  openReadOnlySession(open: (session: SessionId) => HostedClient): void
  /** Asks the ensemble for a session. */
  requestSession(timeoutMs: number, password: Uint8Array, asker: SessionAsker): void
  /** Asks for a session that was hosted elsewhere, since `replaces`: its client is here. */
  moveSession(session: SessionId, replaces: Zxid, asker: SessionAsker): void
  /** Stops the peer: something is wrong with it. */
  fail(cause: unknown): void
  /** Draws a password that nobody can guess. */
  password(): Uint8Array
}
