/**
 * A peer, as the application that hosts it sees it: whether it is ready, what it knows, and sessions
 * on it. The types alone; local-peer.ts is behind them.
 */
import type { Call, CoordinationError, Session, Zxid } from '@conclave/core'
import type { SessionOptions } from './session-options.ts'
import type { RenewedCertificates } from './tls-options.ts'
import type { Reconfigured, ReconfigureOptions } from './reconfiguration.ts'

/**
 * A peer has another role than `looking` only while it is ready. `leader`: a quorum has accepted it and
 * holds its history; it learns that this is over within `silentPeerMs`, and another may lead by then:
 * whoever must be the only one takes a lock in a session. `follower` and `observer`: synced with an
 * established leader. `looking`: it knows no leader, or it or the leader has not got that far.
 */
export type Role = 'looking' | 'leader' | 'follower' | 'observer'

/** One peer of the ensemble. A standalone peer has no address. */
export interface Member {
  readonly id: number
  readonly role: 'voter' | 'observer'
  /** How much a voter counts in a quorum; `undefined` of an observer. */
  readonly weight: number | undefined
  /** The group in which a voter counts, if the ensemble has groups. */
  readonly group: number | undefined
  readonly host: string | undefined
  readonly port: number | undefined
}

/** What a peer is by the list of members; `none` of one that learns, hosts sessions, and is not on it. */
export type Membership = 'voter' | 'observer' | 'none'

/** What a peer is and knows at one moment. Zxids are numbers; `formatZxid` prints them as `3:17`. */
export interface Status {
  readonly id: number
  readonly role: Role
  /** The leader that this peer follows or tries to, or itself; `undefined` while it knows none. */
  readonly leader: number | undefined
  /** The leader's reign, which this peer has joined. */
  readonly epoch: number
  /** Where the conversation with the other peers stands, as the protocol names it. */
  readonly phase: 'election' | 'discovery' | 'synchronization' | 'broadcast'
  /** A leader is known and this peer is synced with it. */
  readonly ready: boolean
  /** Why the peer is where it is: a sentence for people. */
  readonly reason: string
  /** The end of this peer's log, of what it knows to be decided, and of what it has applied. */
  readonly lastLogged: Zxid
  readonly lastCommitted: Zxid
  readonly lastApplied: Zxid
  /** A hash of everything up to `lastApplied`: equal on every peer that stands there. */
  readonly digest: string
  /** Why the data was set aside as damaged, until an established leader has sent it anew. */
  readonly damaged: string | undefined
  /**
   * Why the part of the log that nobody needs could not be deleted when that was last tried: the log
   * grows until it can, or the disk is full. `undefined` when it could.
   */
  readonly purgeFailure: string | undefined
  /** Who belongs to the ensemble, as this peer's log has it, and the version of that; 0 before it is founded. */
  readonly members: readonly Member[]
  readonly configurationVersion: number
  /** What this peer is among them. A leader or follower that is not is about to be removed. */
  readonly membership: Membership
  /** The paths whose soft quota is exceeded, by what this peer has applied. */
  readonly exceededQuotas: readonly string[]
  /** Voters to which there is no link. */
  readonly silentVoters: readonly number[]
  /** Links that were refused, by either side, and why. */
  readonly refusals: readonly string[]
  /** Where stock clients of ZooKeeper are served; `undefined` where they are not. */
  readonly zookeeper: ZooKeeperPorts | undefined
}

/** The ports that clients of ZooKeeper connect to. */
export interface ZooKeeperPorts {
  readonly port: number | undefined
  /** The one over TLS. */
  readonly securePort: number | undefined
}

/** What listeners of a peer are told. There is no `error`: a fault never throws into the process. */
export interface PeerEvents {
  /** The peer has another role, or the same one in another epoch. Only an established one is told. */
  role: [role: Role, epoch: number]
  /** A leader is known and this peer is synced with it; also after every change of leader. */
  ready: []
  /**
   * The peer is something else among the members: it was added, removed (`none`), or votes or does not
   * vote any more. One that was removed goes on to learn and to host its sessions until it is closed.
   */
  membership: [membership: Membership, configurationVersion: number]
  /** The peer has stopped itself. Its last steps are for a bug report; they hold no data. */
  failed: [error: CoordinationError, flightRecord: readonly string[]]
}

/**
 * One member of an ensemble, hosted in this process. It keeps the process alive until it is closed,
 * and never ends it, prints, or throws into it.
 */
export interface Peer extends AsyncDisposable {
  readonly id: number
  readonly role: Role
  /** Up to where local reads see. */
  readonly lastApplied: Zxid
  /**
   * Resolves once the peer is closed, with `undefined`, or has stopped itself, with the reason. It
   * never rejects.
   */
  readonly closed: Promise<CoordinationError | undefined>

  /**
   * Resolves once a leader is known and this peer is synced with it. Rejects with `TIMEOUT`, naming
   * the voters that do not answer and the links that were refused, or with what stopped the peer.
   */
  ready(call?: Call): Promise<void>
  /** What the peer is and knows, now. Works after `close()` too. */
  status(): Status
  /**
   * Opens a session on this peer. It waits for a leader as long as it must, or `timeoutMs`.
   *
   * Rejects with `BAD_OPTION` for a `sessionTimeoutMs` that the ensemble cannot keep.
   */
  session(options?: SessionOptions): Promise<Session>
  /**
   * Changes who belongs to the ensemble, and resolves with the new list once that is committed.
   *
   * A change needs a quorum of the old and of the new voters. Rejects with `NEW_CONFIG_NO_QUORUM` when
   * no quorum of the new ones is synced, with `RECONFIG_IN_PROGRESS` while another change is under
   * way, with `BAD_VERSION` when another came first, and with `BAD_ARGUMENT` for what does not fit the
   * present list; then nothing was changed.
   */
  reconfigure(options: ReconfigureOptions): Promise<Reconfigured>
  /**
   * Has another peer lead, in order: everything that was begun is committed first, and sessions live on.
   * Resolves once this peer is ready under another leader, or in a later epoch if none came forward;
   * at once when it does not lead. Rejects with `BAD_ARGUMENT` where there is no other voter.
   */
  handOver(call?: Call): Promise<void>
  /**
   * Shows other certificates, and trusts other authorities, in handshakes from now on; connections that
   * there are live on. Throws `BAD_OPTION` for what cannot be used; then all stays as it was.
   */
  renewCertificates(renewed: RenewedCertificates): void
  /**
   * Closes the sessions of this process, hands over what the peer had to the rest of the ensemble,
   * and frees sockets and files. Idempotent.
   *
   * `timeoutMs` and `signal` bound the handing over: the peer is closed all the same, and what was
   * not handed over is found by the others as if it had crashed.
   */
  close(call?: Call): Promise<void>

  /** Listens for an event of the peer. */
  on<E extends keyof PeerEvents>(event: E, listener: (...told: PeerEvents[E]) => void): this
  /** Like `on`, for the next time alone. */
  once<E extends keyof PeerEvents>(event: E, listener: (...told: PeerEvents[E]) => void): this
  /** Takes a listener back. */
  off<E extends keyof PeerEvents>(event: E, listener: (...told: PeerEvents[E]) => void): this
}
