/**
 * The Transport port within one process: links without sockets, for tests and for simulations of the
 * world around the core. Handshake and codec are those of TCP, so that whoever is refused there is
 * refused here, and what arrives was really packed, checked and unpacked.
 *
 * `memory-network.ts` says who can reach whom, and when.
 */
import { assert, type Message, type Page, type PeerId } from '@conclave/core/internal'
import { systemClock, type Clock } from './clock.ts'
import { Codec } from './codec.ts'
import { systemEntropy, type RandomBytes } from './entropy.ts'
import {
  AcceptorHandshake,
  DiallerHandshake,
  protocolVersions,
  sameEnsemble,
  type Acquaintance,
  type HandshakeSelf,
  type HandshakeStep,
} from './handshake.ts'
import { bootBytes } from './hello.ts'
import { defaultTransportLimits, type TransportLimits } from './limits.ts'
import { MemoryLinkEnd } from './memory-link.ts'
import { Notices } from './notices.ts'
import { describeRefusal, type RefusalFacts, type VersionRange } from './refusal.ts'
import type { Identity, PeerAddress, Transport, TransportListener } from './transport.ts'

export interface MemoryTransportOptions {
  readonly identity: Identity
  /** The other peers; hosts and ports do not matter here. */
  readonly peers: readonly PeerAddress[]
  readonly secret?: string | Uint8Array
  readonly parsePage: (bytes: Uint8Array) => Page
  readonly limits?: Partial<TransportLimits>
  readonly clock?: Clock
  readonly random?: RandomBytes
  readonly versions?: VersionRange
}

/** What a transport asks of the network it is part of. */
export interface NetworkOfTransports {
  /** Soon, but not now. */
  schedule(task: () => void): void
  /** True while nothing passes between two peers, and nothing is lost. */
  isSilent(a: PeerId, b: PeerId): boolean
  /** The peer is gone. */
  forget(transport: MemoryTransport): void
  /** Something changed that can let peers make the links they lack. */
  attemptLinks(): void
}

/** A peer's place in a `MemoryNetwork`. */
export class MemoryTransport implements Transport {
  readonly port: number
  readonly #network: NetworkOfTransports
  readonly #limits: TransportLimits
  readonly #codec: Codec
  readonly #notices: Notices
  readonly #boot: string
  readonly #secret: Uint8Array
  readonly #versions: VersionRange
  readonly #random: RandomBytes
  readonly #ends = new Map<PeerId, MemoryLinkEnd>()
  #identity: Identity
  #listed: ReadonlySet<PeerId>
  #counter = 0
  #closed = false

  constructor(
    network: NetworkOfTransports,
    port: number,
    options: MemoryTransportOptions,
    listener: TransportListener,
  ) {
    this.port = port
    this.#network = network
    this.#limits = { ...defaultTransportLimits, ...options.limits }
    this.#codec = new Codec({ limits: this.#limits, parsePage: options.parsePage })
    this.#notices = new Notices(listener, options.clock ?? systemClock, (task) => {
      network.schedule(task)
    })
    this.#random = options.random ?? systemEntropy
    this.#boot = Buffer.from(this.#random(bootBytes)).toString('hex')
    const secret = options.secret ?? ''
    this.#secret = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : secret
    this.#versions = options.versions ?? protocolVersions
    this.#identity = options.identity
    this.#listed = new Set(options.peers.map((peer) => peer.id))
  }

  get id(): PeerId {
    return this.#identity.id
  }

  send(to: PeerId, messages: readonly Message[]): void {
    const end = this.#ends.get(to)
    if (end?.announced === true) end.send(messages)
  }

  disconnect(peer: PeerId, reason: string): void {
    this.#ends.get(peer)?.conclude(reason)
  }

  setIdentity(identity: Identity): void {
    assert(identity.id === this.#identity.id, 'a peer keeps its id')
    this.#identity = identity
    this.#notices.forgetRefusals()
    for (const [peer, end] of this.#ends) {
      if (sameEnsemble(identity.ensembleId, end.remote.hello.ensembleId)) continue
      this.refused({
        code: 'OTHER_ENSEMBLE',
        by: 'us',
        ownId: this.id,
        peer,
        ourVersions: this.#versions,
        theirVersions: null,
      })
      end.conclude('we belong to another ensemble')
    }
    this.#network.attemptLinks()
  }

  setPeers(peers: readonly PeerAddress[]): void {
    this.#listed = new Set(peers.map((peer) => peer.id))
    this.#notices.forgetRefusals()
    this.#network.attemptLinks()
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true
      this.#notices.close()
      this.#network.forget(this)
      for (const end of this.#ends.values()) end.conclude(`peer ${this.id} closes`)
    }
    return Promise.resolve()
  }

  lists(peer: PeerId): boolean {
    return this.#listed.has(peer)
  }

  isLinked(peer: PeerId): boolean {
    return this.#ends.has(peer)
  }

  /** Loses the link, and whatever is on its way to here. */
  cut(peer: PeerId, reason: string): void {
    this.#ends.get(peer)?.break(reason)
  }

  /** Delivers what a silence held back. */
  resume(peer: PeerId): void {
    this.#ends.get(peer)?.resume()
  }

  crash(): void {
    this.#closed = true
    this.#notices.close()
    for (const end of this.#ends.values()) end.vanish()
    this.#ends.clear()
  }

  /** Runs the handshake with a peer; a link comes of it, or both are told why not. */
  dial(other: MemoryTransport): void {
    this.#counter += 1
    const dialler = new DiallerHandshake(this.#self(), other.id, 'data', this.#counter)
    const acceptor = new AcceptorHandshake(other.#self(), (peer) => other.lists(peer))
    let ours: HandshakeStep = { type: 'continue', frame: dialler.open() }
    for (;;) {
      if (ours.type === 'done') break
      if (ours.type === 'refused') this.refused(ours.facts)
      if (ours.frame === null) return
      const theirs = acceptor.onFrame(ours.frame)
      if (theirs.type === 'refused') other.refused(theirs.facts)
      if (theirs.frame === null || ours.type === 'refused') return
      const proved: HandshakeStep = theirs
      ours = dialler.onFrame(theirs.frame)
      if (ours.type === 'done' && proved.type === 'done') {
        this.#link(other, ours.remote, proved.remote)
      }
    }
  }

  refused(facts: RefusalFacts): void {
    const { code, by, peer } = facts
    const address = `memory:${peer}`
    this.#notices.addRefusal({ code, by, peer, address, reason: describeRefusal(facts, address) })
  }

  #self(): HandshakeSelf {
    return {
      identity: this.#identity,
      versions: this.#versions,
      boot: this.#boot,
      secret: this.#secret,
      random: this.#random,
    }
  }

  #link(other: MemoryTransport, theirHello: Acquaintance, ourHello: Acquaintance): void {
    const here = this.#openEnd(theirHello)
    const there = other.#openEnd(ourHello)
    here.join(there)
    there.join(here)
  }

  #openEnd(remote: Acquaintance): MemoryLinkEnd {
    const peer = remote.hello.from
    const end: MemoryLinkEnd = new MemoryLinkEnd({
      remote,
      codec: this.#codec,
      limits: this.#limits,
      ownId: this.id,
      schedule: (task) => this.#network.schedule(task),
      isSilent: () => this.#network.isSilent(this.id, peer),
      onMessages: (messages) => {
        this.#notices.add((listener) => listener.onMessages(peer, messages))
      },
      onBroken: (reason) => {
        if (this.#ends.get(peer) === end) this.#ends.delete(peer)
        this.#notices.add((listener) => listener.onLinkDown(peer, reason))
        this.#network.attemptLinks()
      },
    })
    this.#ends.set(peer, end)
    this.#notices.forgetRefusals()
    this.#notices.add((listener) => {
      end.announced = true
      const { hello, version } = remote
      listener.onLinkUp(peer, {
        address: `memory:${peer}`,
        protocolVersion: version,
        ensembleId: hello.ensembleId,
        configurationVersion: hello.configurationVersion,
      })
    })
    return end
  }
}
