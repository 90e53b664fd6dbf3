/**
 * The Transport port over TCP: listens, keeps one link to every listed peer, lets in guests that hold
 * the secret, and tells the listener what becomes of them. How a link is made is the business of `dialler.ts` and `reception.ts`, what
 * it does once made that of `link.ts`.
 *
 * A link is replaced only by a newer one of the same peer that has proved itself on both
 * connections; what anyone merely claims changes nothing.
 */
import { assert, type Message, type Page, type PeerId } from '@conclave/core/internal'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { systemClock, type Clock } from './clock.ts'
import { Codec } from './codec.ts'
import type { Connection } from './connection.ts'
import { Dialler, keepAlive, type ProvedConnection } from './dialler.ts'
import { systemEntropy, type RandomBytes } from './entropy.ts'
import {
  AcceptorHandshake,
  DiallerHandshake,
  protocolVersions,
  sameEnsemble,
  type Acquaintance,
  type HandshakeSelf,
} from './handshake.ts'
import { bootBytes, type Purpose } from './hello.ts'
import { defaultTransportLimits, type TransportLimits } from './limits.ts'
import { Link } from './link.ts'
import { listen } from './listening.ts'
import { Notices } from './notices.ts'
import { Reception } from './reception.ts'
import {
  describeRefusal,
  type RefusalCode,
  type RefusalFacts,
  type VersionRange,
} from './refusal.ts'
import type { Identity, PeerAddress, Transport, TransportListener } from './transport.ts'

export interface TcpTransportOptions {
  readonly identity: Identity
  /** Where to listen; may differ from what the other peers have listed. Port 0: any free one. */
  readonly listen: { readonly host: string; readonly port: number }
  /** The other peers; our own address among them is passed over. */
  readonly peers: readonly PeerAddress[]
  /** Shared by all peers. Without it anyone who reaches the port is believed: loopback only. */
  readonly secret?: string | Uint8Array
  /** A page of its bytes; throws when they are none. */
  readonly parsePage: (bytes: Uint8Array) => Page
  /** Bytes that were sent must arrive within this time, or others in their stead. */
  readonly silentPeerMs: number
  readonly limits?: Partial<TransportLimits>
  readonly clock?: Clock
  readonly random?: RandomBytes
  /** For tests of how versions meet. */
  readonly versions?: VersionRange
}

/**
 * Listens and begins to dial. Rejects with `LISTEN_FAILED` when the address cannot be had; every
 * later fault is told to the listener.
 */
export async function openTcpTransport(
  options: TcpTransportOptions,
  listener: TransportListener,
): Promise<Transport> {
  const server = createServer({ ...keepAlive })
  await listen(server, options.listen)
  return new TcpTransport(server, options, listener)
}

/** Another peer, and the link to it, if there is one. */
interface Neighbour {
  /** How a listed one is reached; a guest, which is not listed, is here for as long as its link. */
  listed: { address: PeerAddress; readonly dialler: Dialler } | null
  link: Link | null
  /** The boot whose knock broke the link before: not the one that answers if two run as this peer. */
  knockedBy: string | null
}

class TcpTransport implements Transport {
  readonly port: number
  readonly #options: TcpTransportOptions
  readonly #limits: TransportLimits
  readonly #clock: Clock
  readonly #random: RandomBytes
  readonly #secret: Uint8Array
  readonly #boot: string
  readonly #codec: Codec
  readonly #server: Server
  readonly #reception: Reception
  readonly #notices: Notices
  readonly #neighbours = new Map<PeerId, Neighbour>()
  readonly #connections = new Set<Connection>()
  /** Peers with larger ids that do not list this one: what they do not dial, it does itself. */
  readonly #hosts = new Set<PeerId>()
  #identity: Identity
  #counter = 0
  #closing: Promise<void> | null = null

  constructor(server: Server, options: TcpTransportOptions, listener: TransportListener) {
    this.#options = options
    this.#limits = { ...defaultTransportLimits, ...options.limits }
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? systemEntropy
    const secret = options.secret ?? ''
    this.#secret = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : secret
    this.#boot = Buffer.from(this.#random(bootBytes)).toString('hex')
    this.#codec = new Codec({ limits: this.#limits, parsePage: options.parsePage })
    this.#identity = options.identity
    this.#notices = new Notices(listener, this.#clock, (task) => process.nextTick(task))
    this.#reception = new Reception({
      clock: this.#clock,
      limits: this.#limits,
      handshake: () => new AcceptorHandshake(this.#self(), (peer) => this.#lists(peer)),
      factsOf: (code, peer) => this.#factsOf(code, peer),
      isObsolete: (remote) => this.#isObsolete(remote),
      onConnection: (connection) => this.#track(connection),
      onPair: (pair) => this.#onPair(pair),
      onKnock: (remote) => this.#onKnock(remote),
      onRefused: (facts, address) => this.#onRefused(facts, address),
    })
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (socket) => this.#reception.accept(socket))
    // A connection that could not be accepted: the other side tries again.
    server.on('error', () => undefined)
    this.setPeers(options.peers)
  }

  send(to: PeerId, messages: readonly Message[]): void {
    const link = this.#neighbours.get(to)?.link
    // What was computed before the listener heard of this link belongs to an earlier one.
    if (link?.announced === true) link.send(messages)
  }

  disconnect(peer: PeerId, reason: string): void {
    this.#neighbours.get(peer)?.link?.conclude(reason)
  }

  setIdentity(identity: Identity): void {
    assert(identity.id === this.#identity.id, 'a peer keeps its id')
    if (this.#closing !== null) return
    this.#identity = identity
    this.#notices.forgetRefusals()
    for (const [peer, { link, listed }] of this.#neighbours) {
      if (link === null) {
        listed?.dialler.dialNow()
      } else if (!sameEnsemble(identity.ensembleId, link.remote.ensembleId)) {
        this.#onRefused(this.#factsOf('OTHER_ENSEMBLE', peer), link.remote.address)
        link.conclude('we belong to another ensemble')
      }
    }
  }

  setPeers(peers: readonly PeerAddress[]): void {
    if (this.#closing !== null) return
    this.#notices.forgetRefusals()
    const listed = new Map(peers.map((peer) => [peer.id, peer]))
    listed.delete(this.#identity.id)
    for (const [peer, neighbour] of this.#neighbours) {
      if (listed.has(peer)) continue
      neighbour.listed?.dialler.stop()
      neighbour.listed = null
      if (neighbour.link === null) this.#neighbours.delete(peer)
    }
    for (const address of listed.values()) this.#list(address)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#notices.close()
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve()
      })
    })
    this.#reception.close()
    for (const { listed, link } of this.#neighbours.values()) {
      listed?.dialler.stop()
      link?.conclude(`peer ${this.#identity.id} closes`)
    }
    const gone = [...this.#connections].map((connection) => {
      if (!connection.closing) connection.destroy()
      return connection.gone
    })
    await Promise.all([closed, ...gone])
  }

  /** What we say of ourselves from now on. */
  #self(): HandshakeSelf {
    return {
      identity: this.#identity,
      versions: this.#options.versions ?? protocolVersions,
      boot: this.#boot,
      secret: this.#secret,
      random: this.#random,
    }
  }

  #lists(peer: PeerId): boolean {
    return (this.#neighbours.get(peer)?.listed ?? null) !== null
  }

  #neighbourOf(peer: PeerId): Neighbour {
    let neighbour = this.#neighbours.get(peer)
    if (neighbour === undefined) {
      neighbour = { listed: null, link: null, knockedBy: null }
      this.#neighbours.set(peer, neighbour)
    }
    return neighbour
  }

  /** Dials a listed peer from now on, or takes note of its address. */
  #list(address: PeerAddress): void {
    const neighbour = this.#neighbourOf(address.id)
    const { listed, link } = neighbour
    if (listed === null) {
      neighbour.listed = { address, dialler: this.#diallerOf(address) }
    } else {
      const isSame = listed.address.host === address.host && listed.address.port === address.port
      if (isSame) return
      listed.address = address
      listed.dialler.readdress(address)
    }
    if (link === null) neighbour.listed?.dialler.dialNow()
  }

  #diallerOf(address: PeerAddress): Dialler {
    const dials = (): boolean => this.#identity.id > address.id || this.#hosts.has(address.id)
    return new Dialler(address, {
      purposes: () => (dials() ? ['liveness', 'data'] : ['knock']),
      clock: this.#clock,
      random: this.#random,
      limits: this.#limits,
      handshake: (purpose, counter) =>
        new DiallerHandshake(this.#self(), address.id, purpose, counter),
      nextCounter: () => {
        this.#counter += 1
        return this.#counter
      },
      factsOf: (code, peer) => this.#factsOf(code, peer),
      onConnection: (connection) => this.#track(connection),
      onProved: (proved) => this.#onDialled(proved),
      onRefused: (facts, at) => this.#onRefused(facts, at),
    })
  }

  #track(connection: Connection): void {
    this.#connections.add(connection)
    void connection.gone.then(() => this.#connections.delete(connection))
  }

  #factsOf(code: RefusalCode, peer: PeerId): RefusalFacts {
    const ourVersions = this.#options.versions ?? protocolVersions
    const ownId = this.#identity.id
    return { code, by: 'us', ownId, peer, ourVersions, theirVersions: null }
  }

  #onRefused(facts: RefusalFacts, address: string): void {
    const { code, by, peer } = facts
    if (by === 'them' && code === 'STRANGER') this.#hosts.add(peer)
    // It lists this peer by now, and dials by itself.
    const isListedNow = by === 'them' && code === 'NOT_A_PEER' && this.#hosts.delete(peer)
    // A knock that tells how to come in is nothing that anybody has to mend.
    if (code === 'STRANGER' || isListedNow) return
    const reason = describeRefusal(facts, address)
    this.#notices.addRefusal({ code, by, peer, address, reason })
  }

  /** True when the peer has a link that a connection of this incarnation cannot replace. */
  #isObsolete({ hello }: Acquaintance): boolean {
    const link = this.#neighbours.get(hello.from)?.link
    if (link === undefined || link === null) return false
    const { boot, counter } = hello.incarnation
    // A boot that was replaced and comes back is a second process with the same id.
    if (boot === link.rivalBoot) return true
    if (hello.purpose === 'knock' || boot !== link.incarnation.boot) return false
    return counter <= link.incarnation.counter
  }

  #onDialled(proved: ReadonlyMap<Purpose, ProvedConnection>): void {
    const knock = proved.get('knock')
    if (knock === undefined) this.#onPair(proved)
    // The other side dials now; the dialler knocks again later, unless a link comes of it.
    else knock.connection.end(this.#clock, this.#limits.farewellMs)
  }

  #onKnock({ hello }: Acquaintance): void {
    const neighbour = this.#neighbours.get(hello.from)
    if (neighbour === undefined) return
    const { link, listed } = neighbour
    const { boot } = hello.incarnation
    if (link === null) {
      listed?.dialler.dialNow()
    } else if (link.incarnation.boot !== boot) {
      neighbour.knockedBy = boot
      link.break(`peer ${hello.from} was restarted`)
    }
  }

  #onPair(pair: ReadonlyMap<Purpose, ProvedConnection>): void {
    const liveness = pair.get('liveness')
    const data = pair.get('data')
    assert(liveness !== undefined && data !== undefined, 'a link has two connections')
    const { hello, version } = data.remote
    // Whose ensemble it was may have changed since the handshake began.
    if (!sameEnsemble(this.#identity.ensembleId, hello.ensembleId) || this.#closing !== null) {
      liveness.connection.destroy()
      data.connection.destroy()
      return
    }
    const neighbour = this.#neighbourOf(hello.from)
    const former = neighbour.link
    former?.break(`peer ${hello.from} has made a newer link`)
    const link = new Link({
      peer: hello.from,
      incarnation: hello.incarnation,
      remote: {
        address: data.connection.address,
        protocolVersion: version,
        ensembleId: hello.ensembleId,
        configurationVersion: hello.configurationVersion,
      },
      liveness: liveness.connection,
      data: data.connection,
      codec: this.#codec,
      limits: this.#limits,
      silentPeerMs: this.#options.silentPeerMs,
      clock: this.#clock,
      owner: {
        onMessages: (from, messages) => this.#onMessages(from, messages),
        onBroken: (broken, reason) => this.#onBroken(broken, reason),
      },
    })
    link.rivalBoot = rivalOf(link, former, neighbour.knockedBy)
    neighbour.knockedBy = null
    neighbour.link = link
    neighbour.listed?.dialler.stop()
    this.#notices.forgetRefusals()
    this.#notices.add((listener) => {
      link.announced = true
      listener.onLinkUp(link.peer, link.remote)
    })
    link.start()
  }

  #onMessages(link: Link, messages: readonly Message[]): void {
    this.#notices.add((listener) => listener.onMessages(link.peer, messages))
  }

  #onBroken(link: Link, reason: string): void {
    this.#notices.add((listener) => listener.onLinkDown(link.peer, reason))
    const neighbour = this.#neighbours.get(link.peer)
    if (neighbour?.link !== link) return
    neighbour.link = null
    if (neighbour.listed === null) this.#neighbours.delete(link.peer)
    const wasStable = this.#clock.nowMs() - link.openedAtMs >= this.#limits.stableLinkMs
    // Not before its connections are gone: they may still deliver what was sent on them, and a
    // newer link would cut that short.
    void link.gone.then(() => {
      const dialler = this.#neighbours.get(link.peer)?.listed?.dialler
      if (dialler === undefined || neighbour.link !== null || this.#closing !== null) return
      if (wasStable) dialler.forgetFailures()
      // The side that only knocks gives the other one time to dial by itself.
      if (wasStable && this.#identity.id > link.peer) dialler.dialNow()
      else dialler.dialLater()
    })
  }
}

/** Another process that runs as the same peer, as far as this link shows one. */
function rivalOf(link: Link, former: Link | null, knockedBy: string | null): string | null {
  const { boot } = link.incarnation
  if (former !== null) {
    return former.incarnation.boot === boot ? former.rivalBoot : former.incarnation.boot
  }
  return knockedBy === boot ? null : knockedBy
}
