/**
 * Reaches for one listed peer until told to stop: opens the connections it is made for, runs their
 * handshakes, and tries again with a back-off that doubles, with jitter, when any of them fails.
 *
 * The peer with the larger id dials both connections of a link, so that a pair never makes two. The
 * one with the smaller id only knocks: a connection that, once both have proved themselves, asks the
 * other side to dial now. So a peer that was restarted need not wait for the other's back-off. One
 * that the other side does not list is told so, and dials whatever its id.
 */
import type { PeerId } from '@conclave/core/internal'
import { connect, type Socket } from 'node:net'
import type { CancelTimer, Clock } from './clock.ts'
import { formatAddress, type Connection } from './connection.ts'
import { randomFraction, type RandomBytes } from './entropy.ts'
import { Greeting, type GreetingEnd } from './greeting.ts'
import type { Acquaintance, DiallerHandshake } from './handshake.ts'
import type { Purpose } from './hello.ts'
import type { TransportLimits } from './limits.ts'
import type { RefusalCode, RefusalFacts } from './refusal.ts'
import type { PeerAddress } from './transport.ts'

/** A connection whose other side has proved itself; held until it is assigned. */
export interface ProvedConnection {
  readonly connection: Connection
  readonly remote: Acquaintance
}

export interface DiallerOptions {
  /** What the connections of the next attempt are for. */
  readonly purposes: () => readonly Purpose[]
  readonly clock: Clock
  readonly random: RandomBytes
  readonly limits: TransportLimits
  /** A handshake for the attempt with this number. */
  readonly handshake: (purpose: Purpose, counter: number) => DiallerHandshake
  /** Numbers the attempts of all diallers of a transport, rising. */
  readonly nextCounter: () => number
  readonly factsOf: (code: RefusalCode, peer: PeerId) => RefusalFacts
  /** A connection exists, for whoever has to know them all. */
  readonly onConnection: (connection: Connection) => void
  /** All connections of an attempt are proved. The dialler goes on trying until it is stopped. */
  readonly onProved: (proved: ReadonlyMap<Purpose, ProvedConnection>) => void
  readonly onRefused: (facts: RefusalFacts, address: string) => void
}

export const keepAlive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 } as const

export class Dialler {
  readonly #options: DiallerOptions
  #peer: PeerAddress
  #attempt: Attempt | null = null
  #cancelWait: CancelTimer | null = null
  /** Attempts since the back-off began; they double it. */
  #failures = 0

  constructor(peer: PeerAddress, options: DiallerOptions) {
    this.#peer = peer
    this.#options = options
  }

  /** From the next attempt on, the peer is looked for here. */
  readdress(peer: PeerAddress): void {
    this.#peer = peer
  }

  /** Begins the back-off anew. */
  forgetFailures(): void {
    this.#failures = 0
  }

  /** Tries at once, unless it is trying already, and begins the back-off anew. */
  dialNow(): void {
    this.forgetFailures()
    if (this.#attempt !== null) return
    this.#cancelWait?.()
    this.#cancelWait = null
    this.#dial()
  }

  /** Tries after the back-off, unless it is trying or waiting already. */
  dialLater(): void {
    if (this.#attempt !== null || this.#cancelWait !== null) return
    const { clock, random, limits } = this.#options
    const backoffMs = Math.min(limits.maxBackoffMs, limits.minBackoffMs * 2 ** this.#failures)
    this.#failures = Math.min(this.#failures + 1, 30)
    // At least half of it, so that a back-off backs off; the rest by chance, so that peers part.
    const delayMs = backoffMs * (0.5 + randomFraction(random) / 2)
    this.#cancelWait = clock.after(delayMs, () => {
      this.#cancelWait = null
      this.#dial()
    })
  }

  /** Gives up the attempt and waits no more; `dialNow` and `dialLater` begin again. */
  stop(): void {
    this.#cancelWait?.()
    this.#cancelWait = null
    this.#attempt?.abandon()
    this.#attempt = null
  }

  #dial(): void {
    const { onProved, onRefused } = this.#options
    const attempt: Attempt = new Attempt(this.#peer, this.#options, {
      onProved: (proved) => {
        if (this.#attempt !== attempt) return
        this.#attempt = null
        // In case what comes of it does not last; whoever makes a link of it calls `stop`.
        this.dialLater()
        onProved(proved)
      },
      onFailed: () => {
        if (this.#attempt !== attempt) return
        this.#attempt = null
        this.dialLater()
      },
      onRefused,
    })
    this.#attempt = attempt
    attempt.begin()
  }
}

interface AttemptOwner {
  onProved(proved: ReadonlyMap<Purpose, ProvedConnection>): void
  onFailed(): void
  onRefused(facts: RefusalFacts, address: string): void
}

/** All connections of one try: proved together, or given up together. */
class Attempt {
  readonly #peer: PeerAddress
  readonly #options: DiallerOptions
  readonly #owner: AttemptOwner
  readonly #counter: number
  readonly #purposes: readonly Purpose[]
  readonly #sockets = new Set<Socket>()
  readonly #greetings = new Set<Greeting>()
  readonly #proved = new Map<Purpose, ProvedConnection>()
  readonly #cancelConnect: CancelTimer
  #over = false

  constructor(peer: PeerAddress, options: DiallerOptions, owner: AttemptOwner) {
    this.#peer = peer
    this.#options = options
    this.#owner = owner
    this.#counter = options.nextCounter()
    this.#purposes = options.purposes()
    this.#cancelConnect = options.clock.after(options.limits.connectDeadlineMs, () => {
      if (this.#sockets.size > 0) this.#fail()
    })
  }

  begin(): void {
    for (const purpose of this.#purposes) {
      if (this.#over) return
      this.#connect(purpose)
    }
  }

  /** Frees everything that is not proved and handed over. Nothing is told any more. */
  abandon(): void {
    this.#over = true
    this.#cancelConnect()
    for (const socket of this.#sockets) socket.destroy()
    for (const greeting of this.#greetings) greeting.abandon()
    for (const { connection } of this.#proved.values()) connection.destroy()
  }

  #connect(purpose: Purpose): void {
    const { host, port } = this.#peer
    let socket: Socket
    try {
      socket = connect({ host, port, ...keepAlive })
    } catch {
      // A port that is none: the option's owner says so; here it is one more peer out of reach.
      this.#fail()
      return
    }
    this.#sockets.add(socket)
    const onClose = (): void => {
      this.#fail()
    }
    // What `error` says, `close` follows; without a listener it would end the process.
    socket.on('error', () => undefined)
    socket.once('close', onClose)
    socket.once('connect', () => {
      socket.off('close', onClose)
      this.#sockets.delete(socket)
      if (this.#over) socket.destroy()
      else this.#greet(socket, purpose)
    })
  }

  #greet(socket: Socket, purpose: Purpose): void {
    const { clock, limits, handshake, factsOf, onConnection } = this.#options
    const greeting = new Greeting({
      socket,
      address: formatAddress(this.#peer.host, this.#peer.port),
      handshake: handshake(purpose, this.#counter),
      clock,
      deadlineMs: limits.helloDeadlineMs,
      farewellMs: limits.farewellMs,
      factsOf: (code) => factsOf(code, this.#peer.id),
      onEnd: (ended, end) => {
        this.#onGreeted(purpose, ended, end)
      },
    })
    this.#greetings.add(greeting)
    onConnection(greeting.connection)
  }

  #onGreeted(purpose: Purpose, greeting: Greeting, end: GreetingEnd): void {
    this.#greetings.delete(greeting)
    if (end.type === 'refused') this.#owner.onRefused(end.facts, greeting.connection.address)
    if (end.type !== 'proved') return this.#fail()

    const { connection } = greeting
    this.#proved.set(purpose, { connection, remote: end.remote })
    const onLost = (): void => {
      this.#fail()
    }
    connection.assign({ onReadable: () => undefined, onFault: onLost, onEnded: onLost }, {})
    if (this.#proved.size < this.#purposes.length || !this.#ofOneLife()) return
    this.#over = true
    this.#cancelConnect()
    this.#owner.onProved(this.#proved)
  }

  /** True when one process answered on all connections; fails the attempt otherwise. */
  #ofOneLife(): boolean {
    const boots = [...this.#proved.values()].map(({ remote }) => remote.hello.incarnation.boot)
    if (boots.every((boot) => boot === boots[0])) return true
    this.#fail()
    return false
  }

  #fail(): void {
    if (this.#over) return
    this.abandon()
    this.#owner.onFailed()
  }
}
