/**
 * Links between peers that do what the test says. Two lanes a direction, each in order, not against
 * one another; what is on its way when a link breaks may arrive before the break is noticed, or
 * never. Each end of a link notices by itself that it is up, and that it is down.
 */
import type { PeerId } from '../../src/ids.ts'
import { laneOf, type Message } from '../../src/zab/messages.ts'

/** Something that can happen to a peer next. */
export interface Move {
  /** Moves get rising numbers as they become possible: the order of a world without delays. */
  readonly order: number
  readonly peer: PeerId
  /** Runs within a step of that peer. */
  readonly act: () => void
}

/** Where the network delivers to. */
export interface NetworkListener {
  onLinkUp(peer: PeerId, other: PeerId): void
  onLinkDown(peer: PeerId, other: PeerId): void
  onMessage(peer: PeerId, from: PeerId, message: Message): void
}

interface Link {
  broken: boolean
  brokenBy: PeerId
}

type LaneName = 'liveness' | 'data'

/** A direction between two peers, or one lane of it, as a key: fast to make. */
function wayKey(from: PeerId, to: PeerId, lane?: LaneName): number {
  return (from * 256 + to) * 3 + (lane === undefined ? 0 : lane === 'liveness' ? 1 : 2)
}

interface LinkEnd {
  readonly link: Link
  readonly owner: PeerId
  readonly other: PeerId
  readonly lanes: { readonly liveness: Move[]; readonly data: Move[] }
  /** To be noticed: that it is up. */
  up: Move | null
  /** To be noticed: that it is down. */
  down: Move | null
}

export class TestNetwork {
  readonly #listener: NetworkListener
  /** The ends at each peer, oldest first: only the first can be in use. */
  readonly #ends = new Map<number, LinkEnd[]>()
  readonly #held = new Set<number>()
  #order = 0

  constructor(listener: NetworkListener) {
    this.#listener = listener
  }

  /** The next number for a move, here or elsewhere. */
  nextOrder(): number {
    this.#order += 1
    return this.#order
  }

  /** True when nothing is to be dialled: the link is up, or is not yet noticed to be down. */
  isLinked(a: PeerId, b: PeerId): boolean {
    return this.#endsAt(a, b).length > 0 && this.#endsAt(b, a).length > 0
  }

  /** Brings up a link, unless there is one, or the pair is cut off from one another. */
  connect(a: PeerId, b: PeerId): void {
    if (this.isLinked(a, b) || this.#isHeld(a, b) || this.#isHeld(b, a)) return
    const link: Link = { broken: false, brokenBy: 0 }
    for (const [owner, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const end: LinkEnd = {
        link,
        owner,
        other,
        lanes: { liveness: [], data: [] },
        up: null,
        down: null,
      }
      end.up = this.#move(owner, () => {
        end.up = null
        this.#listener.onLinkUp(owner, other)
      })
      this.#endsAt(owner, other).push(end)
    }
  }

  /** Both ends will notice, each in its own time; `by` notices even in silence. */
  breakLink(a: PeerId, b: PeerId, by: PeerId = 0): void {
    for (const [owner, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const end = this.#endsAt(owner, other).at(-1)
      if (end === undefined || end.down !== null) continue
      end.link.broken = true
      end.link.brokenBy ||= by
      end.down = this.#move(owner, () => {
        this.#endsAt(owner, other).shift()
        if (end.up === null) this.#listener.onLinkDown(owner, other)
      })
    }
  }

  /** What this peer had of links is gone, without a word; the others will notice. */
  crash(peer: PeerId, others: Iterable<PeerId>): void {
    for (const other of others) {
      if (other === peer) continue
      this.breakLink(other, peer)
      this.#endsAt(peer, other).length = 0
    }
  }

  /** Says whether the message is on its way, is held up, or has nowhere to go. */
  send(from: PeerId, to: PeerId, message: Message): 'sent' | 'held' | 'lost' {
    const own = this.#endsAt(from, to)[0]
    if (own === undefined || own.up !== null || own.link.broken) return 'lost'
    const end = this.#endsAt(to, from).find(({ link }) => link === own.link)
    const lane = end?.lanes[laneOf(message)]
    lane?.push(
      this.#move(to, () => {
        lane.shift()
        this.#listener.onMessage(to, from, message)
      }),
    )
    return this.#isHeld(from, to) || this.#isHeld(from, to, laneOf(message)) ? 'held' : 'sent'
  }

  /** Nothing passes from one to the other any more, not even that a link is gone. */
  hold(from: PeerId, to: PeerId): void {
    this.#held.add(wayKey(from, to))
  }

  /** What is sent on one lane stays on its way. */
  holdLane(from: PeerId, to: PeerId, lane: LaneName): void {
    this.#held.add(wayKey(from, to, lane))
  }

  release(from: PeerId, to: PeerId): void {
    for (const lane of [undefined, 'liveness', 'data'] as const) {
      this.#held.delete(wayKey(from, to, lane))
    }
  }

  releaseAll(): void {
    this.#held.clear()
  }

  /** All that can happen next; whichever is run is no longer among them. */
  moves(): Move[] {
    const moves: Move[] = []
    for (const ends of this.#ends.values()) {
      if (ends[0] !== undefined) this.#addMoves(moves, ends[0])
    }
    return moves
  }

  #addMoves(moves: Move[], { up, down, lanes, link, owner, other }: LinkEnd): void {
    const held = this.#isHeld(other, owner)
    if (up !== null) {
      if (down === null || link.brokenBy !== owner) moves.push(up)
    } else if (!held) {
      const [vote] = lanes.liveness
      const [page] = lanes.data
      if (vote !== undefined && !this.#isHeld(other, owner, 'liveness')) moves.push(vote)
      if (page !== undefined && !this.#isHeld(other, owner, 'data')) moves.push(page)
    }
    if (down !== null && (!held || link.brokenBy === owner)) moves.push(down)
  }

  #isHeld(from: PeerId, to: PeerId, lane?: LaneName): boolean {
    return this.#held.size > 0 && this.#held.has(wayKey(from, to, lane))
  }

  #endsAt(owner: PeerId, other: PeerId): LinkEnd[] {
    const key = wayKey(owner, other)
    let ends = this.#ends.get(key)
    if (ends === undefined) this.#ends.set(key, (ends = []))
    return ends
  }

  #move(peer: PeerId, act: () => void): Move {
    return { order: this.nextOrder(), peer, act }
  }
}
