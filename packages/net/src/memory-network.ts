/**
 * A network within one process: where its transports find each other, and where their links can be
 * disturbed. When things happen is the scheduler's to say, so that a test can replay them; what
 * happens keeps the port's promises under any order of tasks, since each lane is a queue of its own.
 */
import { assert, type PeerId } from '@conclave/core/internal'
import {
  MemoryTransport,
  type MemoryTransportOptions,
  type NetworkOfTransports,
} from './memory-transport.ts'
import type { Schedule } from './notices.ts'
import type { Transport, TransportListener } from './transport.ts'

/** Where the transports of one process find each other, and where their links can be disturbed. */
export class MemoryNetwork implements NetworkOfTransports {
  readonly #schedule: Schedule
  readonly #transports = new Map<PeerId, MemoryTransport>()
  /** Pairs whose links are broken, or only silent, until healed. */
  readonly #broken = new Set<string>()
  readonly #silent = new Set<string>()
  #nextPort = 1

  /** Tasks may be run in any order, each once, and never from within `schedule`. */
  constructor(schedule: Schedule = setImmediate) {
    this.#schedule = schedule
  }

  /** Takes the place of a peer, which must be free. */
  open(options: MemoryTransportOptions, listener: TransportListener): Transport {
    const { id } = options.identity
    assert(!this.#transports.has(id), 'a peer opens one transport at a time')
    const transport = new MemoryTransport(this, this.#nextPort, options, listener)
    this.#nextPort += 1
    this.#transports.set(id, transport)
    this.attemptLinks()
    return transport
  }

  /** Breaks the link of two peers, with all that is on its way, and allows no other. */
  partition(a: PeerId, b: PeerId): void {
    this.#broken.add(pairOf(a, b))
    this.#transports.get(a)?.cut(b, 'the network was partitioned')
    this.#transports.get(b)?.cut(a, 'the network was partitioned')
  }

  /** Holds back whatever two peers send each other, without either noticing. */
  silence(a: PeerId, b: PeerId): void {
    this.#silent.add(pairOf(a, b))
  }

  /** Ends partition and silence: what was held back arrives, peers without a link make one. */
  heal(a: PeerId, b: PeerId): void {
    this.#broken.delete(pairOf(a, b))
    if (this.#silent.delete(pairOf(a, b))) {
      this.#transports.get(a)?.resume(b)
      this.#transports.get(b)?.resume(a)
    }
    this.attemptLinks()
  }

  /** Ends a peer without a word: what it had sent and is not delivered is lost. */
  crash(id: PeerId): void {
    const transport = this.#transports.get(id)
    this.#transports.delete(id)
    transport?.crash()
  }

  schedule(task: () => void): void {
    this.#schedule(task)
  }

  isSilent(a: PeerId, b: PeerId): boolean {
    return this.#silent.has(pairOf(a, b))
  }

  forget(transport: MemoryTransport): void {
    if (this.#transports.get(transport.id) === transport) this.#transports.delete(transport.id)
  }

  attemptLinks(): void {
    this.#schedule(() => {
      for (const dialler of this.#transports.values()) {
        for (const acceptor of this.#transports.values()) {
          if (acceptor.id < dialler.id) this.#attempt(dialler, acceptor)
        }
      }
    })
  }

  #attempt(larger: MemoryTransport, smaller: MemoryTransport): void {
    const pair = pairOf(larger.id, smaller.id)
    if (this.#broken.has(pair) || this.#silent.has(pair)) return
    if (larger.isLinked(smaller.id) || smaller.isLinked(larger.id)) return
    if (larger.lists(smaller.id)) larger.dial(smaller)
    // As on TCP, where the smaller id knocks first, and is told that it is a guest.
    else if (smaller.lists(larger.id)) smaller.dial(larger)
  }
}

function pairOf(a: PeerId, b: PeerId): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}
