/**
 * The Transport port: links to the other peers of the ensemble. A link is FIFO on each of its two
 * lanes and breaks rather than lose, repeat or reorder. `tcp-transport.ts` keeps it on sockets,
 * `memory-transport.ts` in one process; `suite.ts` proves both.
 */
import type { Configuration, EnsembleId, Message, PeerId } from '@conclave/core/internal'
import type { RefusalCode } from './refusal.ts'

/**
 * What a transport tells whoever opened it. Never called from within a call to the transport, nor
 * after `close` was called.
 */
export interface TransportListener {
  /** Both connections are up, the handshake is done. `onLinkDown` comes before another one. */
  onLinkUp(peer: PeerId, remote: RemotePeer): void
  onLinkDown(peer: PeerId, reason: string): void
  /** All messages of one read, in order on their lane. A long `requests` may come as several. */
  onMessages(from: PeerId, messages: readonly Message[]): void
  /** A link was refused, by us or by the other side. The same refusal is told once a minute. */
  onRefused(refusal: Refusal): void
}

/** What the other side said of itself when the link was made, and proved with the secret. */
export interface RemotePeer {
  readonly address: string
  readonly protocolVersion: number
  /** 0 of a peer that was not yet part of an ensemble. */
  readonly ensembleId: EnsembleId
  /** 0 of a peer that knew of no configuration. */
  readonly configurationVersion: number
}

/** Why a connection did not become a link; for diagnostics, and for `ready()` to name. */
export interface Refusal {
  readonly code: RefusalCode
  /** Who refused: we, or the other side. */
  readonly by: 'us' | 'them'
  /** The peer as it is listed or as it claimed, or 0 for a stranger. */
  readonly peer: PeerId
  readonly address: string
  /** What, where and the mend. */
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
  /**
   * Sends in order, on the link that the listener was last told is up; drops when there is none;
   * breaks the link when its queue would overflow.
   */
  send(to: PeerId, messages: readonly Message[]): void
  /** Delivers what was sent, then breaks the link. `onLinkDown` follows; the peer is dialled again. */
  disconnect(peer: PeerId, reason: string): void
  /** Used in handshakes from now on; links to peers of another ensemble are broken. */
  setIdentity(identity: Identity): void
  /**
   * The addresses of the other peers. One that is no longer listed is not dialled any more: its link
   * stays for as long as it lasts, and it may make another, as any guest that holds the secret may.
   */
  setPeers(peers: readonly PeerAddress[]): void
  /** Delivers what was sent, then frees sockets and timers. Idempotent. */
  close(): Promise<void>
}
