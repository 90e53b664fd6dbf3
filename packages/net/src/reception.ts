/**
 * Where connections arrive: greets each, and joins the two of a link. Until the other side has
 * proved itself it can take up nothing but a place among a bounded number and a kilobyte of memory,
 * for five seconds; and whatever it claims touches no link that exists.
 */
import type { PeerId } from '@conclave/core/internal'
import type { Socket } from 'node:net'
import type { CancelTimer, Clock } from './clock.ts'
import { formatAddress, type Connection } from './connection.ts'
import type { ProvedConnection } from './dialler.ts'
import { Greeting, type GreetingEnd } from './greeting.ts'
import type { AcceptorHandshake, Acquaintance } from './handshake.ts'
import type { Purpose } from './hello.ts'
import type { TransportLimits } from './limits.ts'
import type { RefusalCode, RefusalFacts } from './refusal.ts'

export interface ReceptionOptions {
  readonly clock: Clock
  readonly limits: TransportLimits
  readonly handshake: () => AcceptorHandshake
  readonly factsOf: (code: RefusalCode, peer: PeerId) => RefusalFacts
  /** True when a link of this peer makes the connection obsolete. */
  readonly isObsolete: (remote: Acquaintance) => boolean
  /** A connection exists, for whoever has to know them all. */
  readonly onConnection: (connection: Connection) => void
  /** Both connections of a link are proved. */
  readonly onPair: (pair: ReadonlyMap<Purpose, ProvedConnection>) => void
  readonly onKnock: (remote: Acquaintance) => void
  readonly onRefused: (facts: RefusalFacts, address: string) => void
}

/** The first connection of a link, until the second follows. */
interface Half extends ProvedConnection {
  readonly cancel: CancelTimer
}

export class Reception {
  readonly #options: ReceptionOptions
  /** Connections that are not proved, the oldest first; also those that are being refused. */
  readonly #strangers = new Map<Greeting, AcceptorHandshake>()
  /** At most one a listed peer. */
  readonly #halves = new Map<PeerId, Half>()
  #closed = false

  constructor(options: ReceptionOptions) {
    this.#options = options
  }

  accept(socket: Socket): void {
    if (this.#closed) {
      socket.destroy()
      return
    }
    const { clock, limits, factsOf, onConnection } = this.#options
    const handshake = this.#options.handshake()
    const greeting = new Greeting({
      socket,
      address: formatAddress(socket.remoteAddress ?? 'unknown', socket.remotePort ?? 0),
      handshake,
      clock,
      deadlineMs: limits.helloDeadlineMs,
      farewellMs: limits.farewellMs,
      factsOf: (code) => factsOf(code, handshake.claimed),
      onEnd: (ended, end) => {
        this.#onGreeted(ended, end, handshake)
      },
    })
    this.#strangers.set(greeting, handshake)
    void greeting.connection.gone.then(() => this.#strangers.delete(greeting))
    onConnection(greeting.connection)
    this.#makeRoom()
  }

  /** Closes every connection that belongs to no link. */
  close(): void {
    this.#closed = true
    for (const greeting of this.#strangers.keys()) greeting.abandon()
    for (const peer of [...this.#halves.keys()]) this.#dropHalf(peer)
  }

  /**
   * One connection too many closes the oldest, not the newest: a flood of silent ones would
   * otherwise lock every peer out, while an honest handshake takes only milliseconds.
   */
  #makeRoom(): void {
    if (this.#strangers.size <= this.#options.limits.maxUnauthenticated) return
    const [oldest] = this.#strangers
    if (oldest === undefined) return
    const [greeting, handshake] = oldest
    this.#strangers.delete(greeting)
    greeting.abandon()
    const facts = this.#options.factsOf('CROWDED', handshake.claimed)
    this.#options.onRefused(facts, greeting.connection.address)
  }

  #onGreeted(greeting: Greeting, end: GreetingEnd, handshake: AcceptorHandshake): void {
    if (end.type === 'refused') this.#options.onRefused(end.facts, greeting.connection.address)
    if (end.type !== 'proved') return

    const { remote } = end
    if (this.#options.isObsolete(remote) || !this.#supersedesHalf(remote)) {
      const step = handshake.refuse('DUPLICATE')
      greeting.refuse(step)
      if (step.type === 'refused') {
        this.#options.onRefused(step.facts, greeting.connection.address)
      }
      return
    }
    this.#strangers.delete(greeting)
    greeting.welcome()
    if (remote.hello.purpose === 'knock') {
      greeting.connection.end(this.#options.clock, this.#options.limits.farewellMs)
      this.#options.onKnock(remote)
    } else {
      this.#join({ connection: greeting.connection, remote })
    }
  }

  /** False when a half of the same life is newer, or is this very connection. */
  #supersedesHalf({ hello }: Acquaintance): boolean {
    const half = this.#halves.get(hello.from)?.remote.hello
    if (half === undefined || half.incarnation.boot !== hello.incarnation.boot) return true
    return half.incarnation.counter === hello.incarnation.counter
      ? half.purpose !== hello.purpose
      : half.incarnation.counter < hello.incarnation.counter
  }

  #join(proved: ProvedConnection): void {
    const { hello } = proved.remote
    const half = this.#halves.get(hello.from)
    if (half !== undefined && isOtherHalf(half.remote, proved.remote)) {
      half.cancel()
      this.#halves.delete(hello.from)
      this.#options.onPair(
        new Map([
          [half.remote.hello.purpose, half],
          [hello.purpose, proved],
        ]),
      )
      return
    }
    this.#dropHalf(hello.from)
    const drop = (): void => {
      if (this.#halves.get(hello.from)?.connection === proved.connection) {
        this.#dropHalf(hello.from)
      }
    }
    const cancel = this.#options.clock.after(this.#options.limits.helloDeadlineMs, drop)
    this.#halves.set(hello.from, { ...proved, cancel })
    proved.connection.assign({ onReadable: () => undefined, onFault: drop, onEnded: drop }, {})
  }

  #dropHalf(peer: PeerId): void {
    const half = this.#halves.get(peer)
    if (half === undefined) return
    this.#halves.delete(peer)
    half.cancel()
    half.connection.destroy()
  }
}

function isOtherHalf(a: Acquaintance, b: Acquaintance): boolean {
  const { boot, counter } = a.hello.incarnation
  return boot === b.hello.incarnation.boot && counter === b.hello.incarnation.counter
}
