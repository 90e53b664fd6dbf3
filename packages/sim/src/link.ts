/**
 * One pair of peers, as both their transports see it: at most one connection at each end, and what is
 * on its way on it. A connection is FIFO on each lane and breaks rather than lose, repeat or reorder;
 * each end learns of its beginning and of its end at a time of its own.
 *
 * Not here: when links are dialled and broken, which is network.ts.
 */
import type { Message, PeerId } from '@conclave/core/internal'
import { secondUs, type Microseconds } from './scheduler.ts'

/** For how long a way may still be slow when the faults are over. */
const maxBacklogUs = secondUs / 2

/** How a peer's end of a connection goes: with a word to the other side, or in silence. */
export type Parting = 'reset' | 'silence'

/** Why a transport says that a link is down, where it is not the other side's doing. */
export const linkDownReasons = {
  silence: 'nothing arrives',
  replaced: 'replaced by a new connection',
  queueFull: 'more waits to be sent than may',
} as const

/** The lane of one direction of a connection. */
export interface Lane {
  /** When the newest message on it arrives: none sent later arrives before. */
  arrivesAt: Microseconds
  /** When the newest message on it is wholly sent. */
  busyUntil: Microseconds
  /** How fast what waits on it is sent: as the way was when it was sent. */
  bytesPerSecond: number
  /** What was sent while the way was blocked, in order. */
  held: (readonly Message[])[]
  heldBytes: number
}

/** One incarnation of a link. Nothing of one ever reaches another. */
export interface Connection {
  readonly incarnation: number
  readonly ends: ReadonlyMap<PeerId, ConnectionEnd>
  /** True when it is broken, whether or not its ends know. */
  broken: boolean
}

export interface ConnectionEnd {
  /** When this end learns that the connection is up. */
  upAt: Microseconds
  /** What this end sends. */
  readonly liveness: Lane
  readonly data: Lane
}

function newEnd(): ConnectionEnd {
  return {
    upAt: Infinity,
    liveness: newLane(),
    data: newLane(),
  }
}

function newLane(): Lane {
  return { arrivesAt: 0, busyUntil: 0, bytesPerSecond: 0, held: [], heldBytes: 0 }
}

export class Link {
  readonly peers: readonly [PeerId, PeerId]
  readonly #attached = new Map<PeerId, Connection>()
  #incarnation = 0
  #newest: Connection | null = null
  /** True while a dial is on its way: there is never more than one. */
  dialling = false

  constructor(a: PeerId, b: PeerId) {
    this.peers = [a, b]
  }

  other(peer: PeerId): PeerId {
    return this.peers[0] === peer ? this.peers[1] : this.peers[0]
  }

  /** The connection that this end believes to be up. */
  connectionAt(peer: PeerId): Connection | undefined {
    return this.#attached.get(peer)
  }

  /** True when both ends hold the same unbroken connection. */
  get isWhole(): boolean {
    const connection = this.#attached.get(this.peers[0])
    return (
      connection !== undefined &&
      !connection.broken &&
      this.#attached.get(this.peers[1]) === connection
    )
  }

  /** True when what waits at either end takes so long that calm times would not be calm. */
  isBackedUp(now: Microseconds): boolean {
    const ends = this.peers.map((peer) => this.#attached.get(peer)?.ends.get(peer))
    const lanes = ends.flatMap((end) => (end === undefined ? [] : [end.liveness, end.data]))
    return lanes.some((lane) => lane.busyUntil > now + maxBacklogUs)
  }

  /** The connection that was made last, attached or not. */
  get newest(): Connection | null {
    return this.#newest
  }

  /** True while an unbroken connection is not yet known to be up at both ends. */
  isBeingMade(now: Microseconds): boolean {
    if (this.#newest === null || this.#newest.broken) return false
    return [...this.#newest.ends.values()].some((end) => end.upAt >= now)
  }

  /** A new incarnation, attached nowhere yet. */
  newConnection(): Connection {
    this.#incarnation += 1
    const ends = new Map(this.peers.map((peer) => [peer, newEnd()]))
    this.#newest = { incarnation: this.#incarnation, ends, broken: false }
    return this.#newest
  }

  attach(peer: PeerId, connection: Connection): void {
    this.#attached.set(peer, connection)
  }

  detach(peer: PeerId): void {
    this.#attached.delete(peer)
  }
}
