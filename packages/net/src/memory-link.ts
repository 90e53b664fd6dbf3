/**
 * One side of a link in one process: the queues of what is on its way to it, one a lane, and the
 * bytes in them taken apart by the same splitter and codec as those of a socket.
 */
import { laneOf, type Message, type PeerId } from '@conclave/core/internal'
import type { Codec } from './codec.ts'
import { FrameSplitter } from './frame.ts'
import type { Acquaintance } from './handshake.ts'
import type { TransportLimits } from './limits.ts'
import type { Schedule } from './notices.ts'
import { ProtocolError } from './protocol-error.ts'

type Lane = 'liveness' | 'data'

export interface MemoryLinkEndOptions {
  readonly remote: Acquaintance
  readonly codec: Codec
  readonly limits: TransportLimits
  readonly ownId: PeerId
  readonly schedule: Schedule
  /** True while nothing is delivered, and nothing lost. */
  readonly isSilent: () => boolean
  readonly onMessages: (messages: readonly Message[]) => void
  readonly onBroken: (reason: string) => void
}

/** What arrives on a lane: bytes, or word that the other side gave the link up. */
type Arrival = Uint8Array | { readonly ended: string }

function sizeOf(arrival: Arrival): number {
  return arrival instanceof Uint8Array ? arrival.length : 0
}

/** One side of a link, with the queues of what is on its way to it. */
export class MemoryLinkEnd {
  readonly remote: Acquaintance
  announced = false
  readonly #options: MemoryLinkEndOptions
  readonly #arrivals: Readonly<Record<Lane, Arrival[]>> = { liveness: [], data: [] }
  readonly #queued: Record<Lane, number> = { liveness: 0, data: 0 }
  readonly #splitters: Readonly<Record<Lane, FrameSplitter>>
  readonly #count = { sent: 0, received: 0 }
  #other: MemoryLinkEnd | null = null
  #broken = false

  constructor(options: MemoryLinkEndOptions) {
    this.#options = options
    this.remote = options.remote
    const { limits } = options
    this.#splitters = {
      liveness: new FrameSplitter({ liveness: limits.maxLivenessBytes }),
      data: new FrameSplitter({
        control: limits.maxControlBytes,
        page: limits.maxPageBytes,
        'snap-chunk': limits.maxSnapshotChunkBytes,
      }),
    }
  }

  join(other: MemoryLinkEnd): void {
    this.#other = other
  }

  send(messages: readonly Message[]): void {
    if (this.#broken) return
    const { codec, limits } = this.#options
    const ofData = messages.filter((message) => laneOf(message) === 'data')
    const ofLiveness = messages.filter((message) => laneOf(message) === 'liveness')
    try {
      if (ofData.length > 0) {
        const bytes = Buffer.concat(codec.encodeData(ofData))
        this.#post('data', bytes, limits.maxDataQueueBytes)
        this.#count.sent += bytes.length
      }
      if (ofLiveness.length > 0) {
        const frame = codec.encodeLiveness({ ...this.#count }, ofLiveness)
        this.#post('liveness', frame, limits.maxLivenessQueueBytes)
      }
    } catch (error) {
      this.#onFault(error)
    }
  }

  /** Gives the link up; what was sent arrives before the other side hears of it. */
  conclude(reason: string): void {
    if (this.#broken) return
    this.#other?.arrive('data', { ended: `peer ${this.#options.ownId} broke the link: ${reason}` })
    this.break(reason)
  }

  /** Loses the link and what is on its way to here. */
  break(reason: string): void {
    if (this.#broken) return
    this.#broken = true
    this.#forgetArrivals()
    this.#options.onBroken(reason)
  }

  /** Is gone without a word; what was on its way to the other side is lost. */
  vanish(): void {
    this.#broken = true
    this.#other?.lose()
  }

  /** The other side is gone. */
  lose(): void {
    this.#forgetArrivals()
    this.arrive('data', { ended: 'the other side is gone' })
  }

  arrive(lane: Lane, arrival: Arrival): void {
    if (this.#broken) return
    this.#arrivals[lane].push(arrival)
    this.#queued[lane] += sizeOf(arrival)
    this.#scheduleDelivery(lane)
  }

  /** Delivers what a silence held back. */
  resume(): void {
    for (const lane of ['liveness', 'data'] as const) {
      this.#arrivals[lane].forEach(() => this.#scheduleDelivery(lane))
    }
  }

  /** Bytes on their way to here. */
  queuedBytes(lane: Lane): number {
    return this.#queued[lane]
  }

  #forgetArrivals(): void {
    for (const lane of ['liveness', 'data'] as const) {
      this.#arrivals[lane].length = 0
      this.#queued[lane] = 0
    }
  }

  #post(lane: Lane, bytes: Uint8Array, maxQueueBytes: number): void {
    const queued = this.#other?.queuedBytes(lane) ?? 0
    if (queued + bytes.length > maxQueueBytes) {
      throw new ProtocolError(
        'QUEUE_OVERFLOW',
        `${queued} bytes wait to be sent and ${bytes.length} more exceed the limit of ` +
          `${maxQueueBytes}; look at the load of the peer`,
      )
    }
    this.#other?.arrive(lane, bytes)
  }

  #scheduleDelivery(lane: Lane): void {
    this.#options.schedule(() => {
      if (this.#broken || this.#options.isSilent()) return
      const arrival = this.#arrivals[lane].shift()
      if (arrival === undefined) return
      this.#queued[lane] -= sizeOf(arrival)
      if (arrival instanceof Uint8Array) this.#deliver(lane, arrival)
      else this.break(arrival.ended)
    })
  }

  #deliver(lane: Lane, bytes: Uint8Array): void {
    const { codec, onMessages } = this.#options
    const splitter = this.#splitters[lane]
    const messages: Message[] = []
    try {
      if (lane === 'data') this.#count.received += bytes.length
      splitter.push(bytes)
      for (let frame = splitter.next(); frame !== null; frame = splitter.next()) {
        const decoded =
          lane === 'data' ? codec.decodeData(frame) : codec.decodeLiveness(frame).messages
        for (const message of decoded) messages.push(message)
      }
    } catch (error) {
      this.#onFault(error)
      return
    }
    onMessages(messages)
  }

  #onFault(error: unknown): void {
    if (!(error instanceof ProtocolError)) throw error
    this.conclude(`${error.code} on the link to peer ${this.remote.hello.from}: ${error.message}`)
  }
}
