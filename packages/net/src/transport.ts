/**
 * The Transport port: links to the other peers of the ensemble. A link is FIFO on each of its two
 * lanes and breaks rather than lose, repeat or reorder. `tcp-transport.ts` keeps it on sockets,
 * `memory-transport.ts` in one process; `suite.ts` proves both.
 */
import type { Configuration, EnsembleId, Message, PeerId } from '@conclave/core/internal'

/** What a transport tells whoever opened it. Never called from within a call to the transport. */
export interface TransportListener {
  /** Both connections are up, the handshake is done. `onLinkDown` comes before another one. */
  onLinkUp(peer: PeerId): void
  onLinkDown(peer: PeerId, reason: string): void
  /** All messages of one socket read, in order on their lane. */
  onMessages(from: PeerId, messages: readonly Message[]): void
  /** A link was refused, by us or by the other side: wrong secret, version, ensemble, id. */
  onRefused(refusal: Refusal): void
}

/** Why a connection did not become a link; for diagnostics, and for `ready()` to name. */
export interface Refusal {
  /** The peer as it is listed or as it claimed, or 0 for a stranger. */
  readonly peer: PeerId
  readonly address: string
  /** What, and the mend. */
  readonly reason: string
}

/** What a peer says of itself in a handshake; changes when it learns its ensemble. */
export interface Identity {
  readonly id: PeerId
  /** 0 matches any. */
  readonly ensembleId: EnsembleId
  readonly configuration: Configuration | null
}

/** Where a peer is to be reached. */
export interface PeerAddress {
  readonly id: PeerId
  readonly host: string
  readonly port: number
}

export interface Transport {
  /** The port it listens on: the one asked for, or the free one that was found for port 0. */
  readonly port: number
  /** Sends in order; drops when the link is down; breaks the link when its queue would overflow. */
  send(to: PeerId, messages: readonly Message[]): void
  /** Breaks the link. `onLinkDown` follows; the peer is dialled again, with back-off. */
  disconnect(peer: PeerId, reason: string): void
  /** Used in handshakes from now on. */
  setIdentity(identity: Identity): void
  /** The addresses of the other peers; links to peers that are no longer listed are broken. */
  setPeers(peers: readonly PeerAddress[]): void
  /** Frees sockets and timers. Idempotent. */
  close(): Promise<void>
}
