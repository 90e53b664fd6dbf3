/**
 * Links between peers as a driver's transport gives them: up at both ends after a while, FIFO on each
 * lane, broken rather than lossy. Delays are drawn for each direction and lane; ways can be blocked,
 * one direction or both, and then hold what is sent until they are free again or until the transports
 * notice and break the link, each end in its own time: that is a half-open link. What is sent waits
 * its turn on a narrow way, and a queue that runs over breaks its link.
 *
 * Nothing is delivered between a link-down and the next link-up, or from an old incarnation to a new.
 */
import { laneOf, type Message, type PeerId } from '@conclave/core/internal'
import { Hindrances } from './hindrances.ts'
import { Link, linkDownReasons, type Connection, type Lane, type Parting } from './link.ts'
import { bytesOf } from './message-bytes.ts'
import { Random, streamNames, type StreamName } from './prng.ts'
import { millisecondUs, secondUs, type Microseconds, type Scheduler } from './scheduler.ts'

/** How the network behaves; drawn for each run. */
export interface NetworkProfile {
  /** What every message takes, and what it takes on top of that on average. */
  readonly delayUs: Microseconds
  readonly jitterUs: Microseconds
  /** How often a message takes `slowUs` more, on average. */
  readonly slowChance: number
  readonly slowUs: Microseconds
  /** The mean time between two attempts to connect. */
  readonly backOffUs: Microseconds
  /** How soon, at least and at most, a transport notices that nothing arrives any more. */
  readonly noticeFromUs: Microseconds
  readonly noticeUpToUs: Microseconds
  /** How often an attempt to connect is refused, and how often what is sent together arrives in two. */
  readonly refusalChance: number
  readonly splitChance: number
  /** What one direction of a link carries, and what may wait for it on one lane. */
  readonly bytesPerSecond: number
  readonly maxQueueBytes: number
}

/** Who is told what happens at the ends. */
export interface NetworkListener {
  onLinkUp(peer: PeerId, remote: PeerId): void
  onLinkDown(peer: PeerId, remote: PeerId, reason: string): void
  onMessages(peer: PeerId, from: PeerId, messages: readonly Message[]): void
}

export interface NetworkSurroundings {
  readonly seed: number
  readonly peers: readonly PeerId[]
  readonly scheduler: Scheduler
  readonly profile: NetworkProfile
  readonly listener: NetworkListener
}

const laneNames = ['liveness', 'data'] as const
/** What every way carries once the faults are over. */
const calmBytesPerSecond = 1e9

export class Network {
  readonly #surroundings: NetworkSurroundings
  readonly #links: Link[] = []
  readonly #byPair = new Map<number, Link>()
  readonly #running = new Set<PeerId>()
  /** Directions that are blocked, by how many faults at once. */
  readonly #blocked = new Map<number, number>()
  readonly #streams = new Map<number, Random>()
  readonly hindrances = new Hindrances()
  #calm = false

  constructor(surroundings: NetworkSurroundings) {
    this.#surroundings = surroundings
    const { peers } = surroundings
    for (const a of peers) {
      for (const b of peers.filter((one) => one > a)) {
        const link = new Link(a, b)
        this.#links.push(link)
        this.#byPair.set(pairOf(a, b), link)
        this.#byPair.set(pairOf(b, a), link)
      }
    }
  }

  /** Every pair of peers, for those who draw one to break. */
  get pairs(): readonly (readonly [PeerId, PeerId])[] {
    return this.#links.map((link) => link.peers)
  }

  /** The peer runs: it dials and can be dialled. */
  start(peer: PeerId): void {
    this.#running.add(peer)
    for (const link of this.#linksOf(peer)) this.#dialAfter(link, 20 * millisecondUs)
  }

  /** The peer is gone. What it has sent may still arrive, until the other side notices. */
  stop(peer: PeerId, parting: Parting): void {
    this.#running.delete(peer)
    for (const link of this.#linksOf(peer)) {
      const other = link.other(peer)
      if (link.newest !== null) link.newest.broken = true
      link.detach(peer)
      const connection = link.connectionAt(other)
      if (connection === undefined) continue
      const told = parting === 'reset' && !this.#isBlocked(peer, other)
      const delay = told ? this.#drawSoon(link) : this.#drawNotice(link)
      this.#loseEnd(link, other, connection, delay, `peer ${peer} is gone`)
    }
  }

  /** The connection that the peer's transport holds now. */
  connectionAt(peer: PeerId, remote: PeerId): Connection | undefined {
    return this.#byPair.get(pairOf(peer, remote))?.connectionAt(peer)
  }

  /** True when both ends hold the same connection: what one sends can reach the other as it is now. */
  isShared(a: PeerId, b: PeerId): boolean {
    const connection = this.connectionAt(a, b)
    return connection !== undefined && connection === this.connectionAt(b, a)
  }

  /** Sends in order on each lane. Dropped when the sender's end is not up. */
  send(from: PeerId, to: PeerId, messages: readonly Message[]): void {
    const link = this.#byPair.get(pairOf(from, to))
    const connection = link?.connectionAt(from)
    const end = connection?.ends.get(from)
    if (link === undefined || connection === undefined || end === undefined) return
    for (const name of laneNames) {
      const share = messages.filter((message) => laneOf(message) === name)
      if (share.length === 0) continue
      const lane = end[name]
      const bytes = bytesOf(share)
      if (this.#runsOver(lane, bytes)) {
        this.disconnect(from, to, linkDownReasons.queueFull)
        return
      }
      if (this.#isBlocked(from, to)) {
        lane.held.push(share)
        lane.heldBytes += bytes
      } else this.#deliverLater(link, connection, from, lane, share)
    }
  }

  /** True when a lane would have more to send than may wait; one message always may. */
  #runsOver(lane: Lane, bytes: number): boolean {
    const { scheduler, profile } = this.#surroundings
    const backlogUs = Math.max(0, lane.busyUntil - scheduler.now)
    const waiting = lane.heldBytes + (backlogUs * lane.bytesPerSecond) / secondUs
    return waiting > 0 && waiting + bytes > profile.maxQueueBytes
  }

  #bandwidthOf(from: PeerId): number {
    const usual = this.#calm ? calmBytesPerSecond : this.#surroundings.profile.bytesPerSecond
    return this.hindrances.bandwidthOf(from, usual)
  }

  /** Breaks the link as `peer` asks for it: at once here, soon at the other end. */
  disconnect(peer: PeerId, remote: PeerId, reason: string): void {
    const link = this.#byPair.get(pairOf(peer, remote))
    const connection = link?.connectionAt(peer)
    if (link === undefined || connection === undefined) return
    connection.broken = true
    this.#loseEnd(link, peer, connection, 0, reason)
    // Mostly a proper end, behind what was sent; sometimes one that overtakes it.
    const sent = connection.ends.get(peer)
    const drained = Math.max(sent?.liveness.arrivesAt ?? 0, sent?.data.arrivesAt ?? 0)
    const behind = Math.max(0, drained - this.#surroundings.scheduler.now)
    const proper = this.#random('break', link).chance(0.7)
    const delay = this.#isBlocked(peer, remote)
      ? this.#drawNotice(link)
      : (proper ? behind : 0) + this.#drawSoon(link)
    this.#loseEnd(link, remote, connection, delay, 'the other side hung up')
  }

  /** Breaks the link from outside, as a reset by the network does. */
  breakLink(a: PeerId, b: PeerId): void {
    const link = this.#byPair.get(pairOf(a, b))
    if (link !== undefined) this.#reset(link, () => this.#drawSoon(link))
  }

  #reset(link: Link, delay: () => Microseconds): void {
    for (const peer of link.peers) {
      const connection = link.connectionAt(peer)
      if (connection === undefined) continue
      connection.broken = true
      this.#loseEnd(link, peer, connection, delay(), 'connection reset')
    }
  }

  /** Has a second connection made between two that have one: it replaces the first, end by end. */
  dialAgain(a: PeerId, b: PeerId): void {
    const link = this.#byPair.get(pairOf(a, b))
    if (link !== undefined && !link.dialling && link.isWhole) this.#connect(link)
  }

  /** Nothing gets from one peer to the other any more, and no link between them can be made. */
  block(from: PeerId, to: PeerId): void {
    const direction = pairOf(from, to)
    this.#blocked.set(direction, (this.#blocked.get(direction) ?? 0) + 1)
    const link = this.#byPair.get(direction)
    const connection = link?.connectionAt(to)
    if (link === undefined || connection === undefined) return
    // Both ends notice, if it lasts: one hears nothing, the other is not answered.
    for (const peer of link.peers) {
      this.#surroundings.scheduler.after(this.#drawNotice(link), () => {
        if (!this.#isBlocked(from, to) || link.connectionAt(peer) !== connection) return
        connection.broken = true
        this.#loseEnd(link, peer, connection, 0, linkDownReasons.silence)
      })
    }
  }

  /** Takes back one `block`. What was held flows again, in order. */
  unblock(from: PeerId, to: PeerId): void {
    const direction = pairOf(from, to)
    const count = (this.#blocked.get(direction) ?? 0) - 1
    if (count > 0) {
      this.#blocked.set(direction, count)
      return
    }
    this.#blocked.delete(direction)
    const link = this.#byPair.get(direction)
    const connection = link?.connectionAt(from)
    const end = connection?.ends.get(from)
    if (link === undefined || connection === undefined || end === undefined) return
    for (const name of laneNames) {
      const lane = end[name]
      lane.heldBytes = 0
      for (const share of lane.held.splice(0)) {
        this.#deliverLater(link, connection, from, lane, share)
      }
    }
  }

  /** No more faults: no way is blocked, and messages take the usual time; what is slow yet is lost. */
  heal(): void {
    this.#calm = true
    this.hindrances.clear()
    const { now } = this.#surroundings.scheduler
    for (const link of this.#links) if (link.isBackedUp(now)) this.#reset(link, () => 0)
    for (const direction of [...this.#blocked.keys()]) {
      this.#blocked.set(direction, 1)
      this.unblock(Math.floor(direction / 256), direction % 256)
    }
    for (const link of this.#links) this.#dialAfter(link, 20 * millisecondUs)
  }

  #linksOf(peer: PeerId): readonly Link[] {
    return this.#links.filter((link) => link.peers.includes(peer))
  }

  #isBlocked(from: PeerId, to: PeerId): boolean {
    return this.#blocked.has(pairOf(from, to))
  }

  #deliverLater(
    link: Link,
    connection: Connection,
    from: PeerId,
    lane: Lane,
    messages: readonly Message[],
  ): void {
    const { scheduler, listener, profile } = this.#surroundings
    const to = link.other(from)
    const isData = lane === connection.ends.get(from)?.data
    const random = this.#stream(isData ? 'delay-data' : 'delay-liveness', pairOf(from, to))
    const cut =
      profile.splitChance > 0 && random.chance(profile.splitChance)
        ? random.integer(1, messages.length)
        : messages.length
    const first = cut === messages.length ? messages : messages.slice(0, cut)
    const bandwidth = this.#bandwidthOf(from)
    const sendUs = Math.floor((bytesOf(first) * secondUs) / bandwidth)
    const isIdle = lane.busyUntil <= scheduler.now
    lane.bytesPerSecond = isIdle ? bandwidth : Math.min(bandwidth, lane.bytesPerSecond)
    lane.busyUntil = Math.max(lane.busyUntil, scheduler.now) + sendUs
    const arrival = lane.busyUntil + this.#drawDelay(random)
    // The receiver's own link-up comes first.
    lane.arrivesAt = Math.max(lane.arrivesAt, arrival, connection.ends.get(to)?.upAt ?? 0)
    scheduler.at(lane.arrivesAt, () => {
      if (link.connectionAt(to) === connection) listener.onMessages(to, from, first)
    })
    if (cut < messages.length) {
      this.#deliverLater(link, connection, from, lane, messages.slice(cut))
    }
  }

  /** Has one end learn, after a while, that its connection is gone, and dial again. */
  #loseEnd(
    link: Link,
    peer: PeerId,
    connection: Connection,
    delay: Microseconds,
    reason: string,
  ): void {
    const { scheduler, listener } = this.#surroundings
    scheduler.after(delay, () => {
      if (link.connectionAt(peer) !== connection) return
      link.detach(peer)
      listener.onLinkDown(peer, link.other(peer), reason)
      this.#dialAfter(link, this.#surroundings.profile.backOffUs)
    })
  }

  #dialAfter(link: Link, meanUs: Microseconds): void {
    if (link.dialling) return
    link.dialling = true
    const delay = millisecondUs + this.#random('connect', link).exponential(meanUs)
    this.#surroundings.scheduler.after(delay, () => {
      link.dialling = false
      this.#dial(link)
    })
  }

  #dial(link: Link): void {
    const [a, b] = link.peers
    // A peer that starts again dials again: nothing to wait for here.
    if (link.isWhole || !this.#running.has(a) || !this.#running.has(b)) return
    if (link.isBeingMade(this.#surroundings.scheduler.now)) return
    const { refusalChance, backOffUs } = this.#surroundings.profile
    const isRefused =
      this.#isBlocked(a, b) ||
      this.#isBlocked(b, a) ||
      link.peers.some((peer) => this.hindrances.refusesDials(peer)) ||
      (!this.#calm && this.#random('connect', link).chance(refusalChance))
    if (isRefused) this.#dialAfter(link, backOffUs)
    else this.#connect(link)
  }

  #connect(link: Link): void {
    const [a, b] = link.peers
    link.dialling = true
    const connection = link.newConnection()
    const slowUs = this.hindrances.dialDelayOf(a) + this.hindrances.dialDelayOf(b)
    const [there, back] = [pairOf(a, b), pairOf(b, a)].map((way) => this.#stream('connect', way))
    const roundTrip = this.#drawDelay(there as Random) + this.#drawDelay(back as Random)
    const { scheduler } = this.#surroundings
    scheduler.after(slowUs + roundTrip, () => {
      link.dialling = false
      for (const [peer, end] of connection.ends) {
        const way = this.#stream('connect', pairOf(link.other(peer), peer))
        end.upAt = scheduler.now + this.#drawDelay(way)
        scheduler.at(end.upAt, () => this.#attach(link, peer, connection))
      }
    })
  }

  #attach(link: Link, peer: PeerId, connection: Connection): void {
    const { listener } = this.#surroundings
    const other = link.other(peer)
    if (!this.#running.has(peer) || connection.broken) {
      // The other end, if it is up already, learns that nobody is there.
      connection.broken = true
      this.#loseEnd(link, other, connection, this.#drawSoon(link), 'connection reset')
      // Nobody may have held it, so that nobody lost it: it is dialled anew all the same.
      this.#dialAfter(link, this.#surroundings.profile.backOffUs)
      return
    }
    const stale = link.connectionAt(peer)
    if (stale !== undefined && stale.incarnation > connection.incarnation) return
    if (stale !== undefined) {
      stale.broken = true
      link.detach(peer)
      listener.onLinkDown(peer, other, linkDownReasons.replaced)
    }
    link.attach(peer, connection)
    listener.onLinkUp(peer, other)
  }

  #drawDelay(random: Random): number {
    const { profile } = this.#surroundings
    const slow = random.chance(profile.slowChance) && !this.#calm
    const extra = slow ? random.exponential(profile.slowUs) : 0
    return profile.delayUs + random.exponential(profile.jitterUs) + extra
  }

  #drawSoon(link: Link): Microseconds {
    return this.#random('break', link).integer(0, 5 * millisecondUs)
  }

  #drawNotice(link: Link): Microseconds {
    const { noticeFromUs, noticeUpToUs } = this.#surroundings.profile
    return this.#random('break', link).integer(noticeFromUs, noticeUpToUs)
  }

  #random(stream: StreamName, link: Link): Random {
    return this.#stream(stream, pairOf(...link.peers))
  }

  #stream(stream: StreamName, owner: number): Random {
    const key = streamNames.indexOf(stream) * 65_536 + owner
    let random = this.#streams.get(key)
    if (random === undefined) {
      random = new Random(this.#surroundings.seed, stream, owner)
      this.#streams.set(key, random)
    }
    return random
  }
}

/** The number of a direction. Peer ids end at 255. */
function pairOf(from: PeerId, to: PeerId): number {
  return from * 256 + to
}
