/**
 * The Transport port over TCP: listens, keeps one link to every listed peer, and tells the listener
 * what becomes of them. How a link is made is the business of `dialler.ts` and `reception.ts`, what
 * it does once made that of `link.ts`.
 *
 * A link is replaced only by a newer one of the same peer that has proved itself on both
 * connections; what anyone merely claims changes nothing.
 */
import {
  assert,
  CoordinationError,
  type Message,
  type Page,
  type PeerId,
} from '@conclave/core/internal'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { systemClock, type Clock } from './clock.ts'
import { Codec } from './codec.ts'
import { formatAddress, type Connection } from './connection.ts'
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

function listen(server: Server, address: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const place = formatAddress(address.host, address.port)
      const message = `cannot listen on ${place}: ${error.message}; ${mendOf(error.code)}`
      reject(new CoordinationError('LISTEN_FAILED', message, { cause: error }))
    }
    server.once('error', onError)
    server.listen(address, () => {
      server.off('error', onError)
      resolve()
    })
  })
}

function mendOf(code: string | undefined): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'stop what holds this port, or choose another one'
    case 'EACCES':
      return 'choose a port above 1023, or grant the right to this one'
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'listen on an address of this machine; `listen` may differ from the one in `ensemble`'
    default:
      return 'choose another address with `listen`'
  }
}

/** A listed peer: how it is reached, and the link to it, if there is one. */
interface Neighbour {
  address: PeerAddress
  readonly dialler: Dialler
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
      handshake: () => new AcceptorHandshake(this.#self(), (peer) => this.#neighbours.has(peer)),
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
    for (const [peer, { link, dialler }] of this.#neighbours) {
      if (link === null) {
        dialler.dialNow()
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
    for (const [peer, { link, dialler }] of this.#neighbours) {
      if (listed.has(peer)) continue
      dialler.stop()
      link?.conclude(`peer ${peer} is no longer listed`)
      this.#neighbours.delete(peer)
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
    for (const { dialler, link } of this.#neighbours.values()) {
      dialler.stop()
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

  /** Makes a neighbour of a listed peer, or takes note of its address. */
  #list(address: PeerAddress): void {
    const known = this.#neighbours.get(address.id)
    if (known === undefined) {
      const dialler = this.#diallerOf(address)
      this.#neighbours.set(address.id, { address, dialler, link: null, knockedBy: null })
      dialler.dialNow()
    } else if (known.address.host !== address.host || known.address.port !== address.port) {
      known.address = address
      known.dialler.readdress(address)
      if (known.link === null) known.dialler.dialNow()
    }
  }

  #diallerOf(address: PeerAddress): Dialler {
    const dials = this.#identity.id > address.id
    return new Dialler(address, {
      purposes: dials ? ['liveness', 'data'] : ['knock'],
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
    const { link, dialler } = neighbour
    const { boot } = hello.incarnation
    if (link === null) {
      dialler.dialNow()
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
    const neighbour = this.#neighbours.get(hello.from)
    const fits = sameEnsemble(this.#identity.ensembleId, hello.ensembleId)
    // What was listed and whose ensemble it was may have changed since the handshake began.
    if (neighbour === undefined || !fits || this.#closing !== null) {
      liveness.connection.destroy()
      data.connection.destroy()
      return
    }
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
    neighbour.dialler.stop()
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
    const wasStable = this.#clock.nowMs() - link.openedAtMs >= this.#limits.stableLinkMs
    // Not before its connections are gone: they may still deliver what was sent on them, and a
    // newer link would cut that short.
    void link.gone.then(() => {
      const isCurrent = this.#neighbours.get(link.peer) === neighbour && neighbour.link === null
      if (!isCurrent || this.#closing !== null) return
      if (wasStable) neighbour.dialler.forgetFailures()
      // The side that only knocks gives the other one time to dial by itself.
      if (wasStable && this.#identity.id > link.peer) neighbour.dialler.dialNow()
      else neighbour.dialler.dialLater()
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
