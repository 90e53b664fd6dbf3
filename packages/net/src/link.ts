/**
 * A link: two connections of one incarnation that live and die together. Messages go out on their
 * lane and come in as they were sent; whatever does not fit the promise (a fault of either
 * connection, a queue over its bound, bytes that do not arrive) breaks both, once.
 *
 * Whether a peer that says nothing is gone is agreement's to judge; here only the connections are
 * watched: that what is sent arrives (`data-watch.ts`), and that a frame once begun goes on.
 */
import { laneOf, type Message, type PeerId } from '@conclave/core/internal'
import type { CancelTimer, Clock } from './clock.ts'
import type { Codec } from './codec.ts'
import type { Connection, ConnectionOwner } from './connection.ts'
import { DataWatch, ticksPerDeadline } from './data-watch.ts'
import { encodeFrame, type FrameLimits } from './frame.ts'
import type { Incarnation } from './hello.ts'
import { maxFarewellBytes, type TransportLimits } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'
import type { RemotePeer } from './transport.ts'

/** Whoever made the link. Called at most once a read, and once at its end. */
export interface LinkOwner {
  onMessages(link: Link, messages: readonly Message[]): void
  onBroken(link: Link, reason: string): void
}

export interface LinkOptions {
  readonly peer: PeerId
  /** The boot of the other side, the counter of the dialling one. */
  readonly incarnation: Incarnation
  readonly remote: RemotePeer
  readonly liveness: Connection
  readonly data: Connection
  readonly codec: Codec
  readonly limits: TransportLimits
  readonly silentPeerMs: number
  readonly clock: Clock
  readonly owner: LinkOwner
}

type Lane = 'liveness' | 'data'

/** What is said of a fault, for people and for `onLinkDown`. */
function describeFault(error: ProtocolError, where: string): string {
  return `${error.code} on ${where}: ${error.message}`
}

/** Text from the other side, made fit to be shown: one line, no control characters, not long. */
function tame(text: string): string {
  return text.replace(/\p{C}/gu, '?').slice(0, 300)
}

export class Link {
  readonly peer: PeerId
  readonly incarnation: Incarnation
  readonly remote: RemotePeer
  readonly openedAtMs: number
  /** True once the listener knows of it: only then are messages sent on it. */
  announced = false
  /** Another boot of the same peer, which this link has taken the place of. */
  rivalBoot: string | null = null
  readonly #options: LinkOptions
  readonly #watch = new DataWatch()
  #broken = false
  #cancelTick: CancelTimer = () => undefined
  /** Ticks for which each connection has been in the middle of a frame without a byte. */
  readonly #stalls = { liveness: new Stall(), data: new Stall() }

  constructor(options: LinkOptions) {
    this.#options = options
    this.peer = options.peer
    this.incarnation = options.incarnation
    this.remote = options.remote
    this.openedAtMs = options.clock.nowMs()
  }

  get broken(): boolean {
    return this.#broken
  }

  /** Resolves when both sockets are closed for good. */
  get gone(): Promise<unknown> {
    return Promise.all([this.#options.liveness.gone, this.#options.data.gone])
  }

  /** Begins to hand over what comes. */
  start(): void {
    const { liveness, data, limits } = this.#options
    const livenessFrames: FrameLimits = { liveness: limits.maxLivenessBytes }
    const dataFrames: FrameLimits = {
      control: limits.maxControlBytes,
      page: limits.maxPageBytes,
      'snap-chunk': limits.maxSnapshotChunkBytes,
      farewell: maxFarewellBytes,
    }
    liveness.assign(this.#ownerOf('liveness'), livenessFrames)
    data.assign(this.#ownerOf('data'), dataFrames)
    this.#scheduleTick()
    liveness.release()
    if (!this.#broken) data.release()
  }

  /** Writes at the end of this tick. Breaks the link when a lane cannot take its messages. */
  send(messages: readonly Message[]): void {
    if (this.#broken) return
    const { liveness, data, codec, limits } = this.#options
    const ofData = messages.filter((message) => laneOf(message) === 'data')
    const ofLiveness =
      ofData.length === 0 ? messages : messages.filter((message) => laneOf(message) === 'liveness')
    try {
      // Data first: a heartbeat of the same send already counts it.
      if (ofData.length > 0) {
        this.#write(data, codec.encodeData(ofData), limits.maxDataQueueBytes)
      }
      if (ofLiveness.length > 0) {
        const count = { sent: data.sentBytes, received: data.receivedBytes }
        const frame = codec.encodeLiveness(count, ofLiveness)
        this.#write(liveness, [frame], limits.maxLivenessQueueBytes)
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.break(describeFault(error, `the link to ${this.remote.address}`))
    }
  }

  /** Frees both connections at once. The owner is told, the first time. */
  break(reason: string): void {
    if (!this.#end(reason)) return
    this.#options.liveness.destroy()
    this.#options.data.destroy()
  }

  /**
   * Breaks the link, but lets what was sent arrive first, and the reason behind it. The owner is
   * told at once. The liveness lane stays open till the data lane is through: whoever sees either
   * end gives up both.
   */
  conclude(reason: string): void {
    if (!this.#end(reason)) return
    const { liveness, data, clock, limits } = this.#options
    const farewell = Buffer.from(tame(reason), 'utf8').subarray(0, maxFarewellBytes)
    if (farewell.length > 0) data.write([encodeFrame('farewell', farewell)])
    data.end(clock, limits.farewellMs)
    liveness.ignore()
    void data.gone.then(() => {
      liveness.destroy()
    })
  }

  /** True the first time. */
  #end(reason: string): boolean {
    if (this.#broken) return false
    this.#broken = true
    this.#cancelTick()
    this.#options.owner.onBroken(this, reason)
    return true
  }

  #write(connection: Connection, pieces: readonly Uint8Array[], maxQueueBytes: number): void {
    const bytes = pieces.reduce((total, piece) => total + piece.length, 0)
    if (connection.queuedBytes + bytes > maxQueueBytes) {
      throw new ProtocolError(
        'QUEUE_OVERFLOW',
        `${connection.queuedBytes} bytes wait to be sent and ${bytes} more exceed the limit of ` +
          `${maxQueueBytes}: the peer does not read as fast as we write; look at its load and ` +
          'at the network between',
      )
    }
    connection.write(pieces)
  }

  #ownerOf(lane: Lane): ConnectionOwner {
    return {
      onReadable: () => {
        this.#onReadable(lane)
      },
      onFault: (error) => {
        this.#onFault(error, lane)
      },
      onEnded: (reason) => {
        this.break(`the ${lane} connection to ${this.remote.address} is gone: ${reason}`)
      },
    }
  }

  #onReadable(lane: Lane): void {
    const { codec, data, owner } = this.#options
    const connection = this.#options[lane]
    const messages: Message[] = []
    let farewell: string | null = null
    for (let frame = connection.next(); frame !== null; frame = connection.next()) {
      if (frame.name === 'farewell') {
        farewell = tame(Buffer.from(frame.body).toString('utf8'))
        break
      }
      if (lane === 'data') {
        for (const message of codec.decodeData(frame)) messages.push(message)
      } else {
        const decoded = codec.decodeLiveness(frame)
        this.#watch.onCount(decoded.count, data.sentBytes)
        for (const message of decoded.messages) messages.push(message)
      }
    }
    if (messages.length > 0) owner.onMessages(this, messages)
    if (farewell !== null) this.break(`peer ${this.peer} broke the link: ${farewell}`)
  }

  /** The other side is told, so that its operator need not guess. */
  #onFault(error: ProtocolError, lane: Lane): void {
    const reason = describeFault(error, `the ${lane} connection from ${this.remote.address}`)
    if (error.code === 'FRAME_TRUNCATED') this.break(reason)
    else this.conclude(reason)
  }

  #scheduleTick(): void {
    const { clock, silentPeerMs } = this.#options
    this.#cancelTick = clock.after(silentPeerMs / ticksPerDeadline, () => {
      this.#onTick()
    })
  }

  #onTick(): void {
    const { data, liveness, silentPeerMs, limits } = this.#options
    this.#scheduleTick()
    if (this.#watch.tick({ sent: data.sentBytes, received: data.receivedBytes })) {
      const message =
        `bytes that were sent on the data connection did not arrive within ${silentPeerMs} ms, nor ` +
        'did any other; look at the network between'
      const error = new ProtocolError('DATA_LOST', message)
      return this.break(describeFault(error, `the link to ${this.remote.address}`))
    }
    const tickMs = silentPeerMs / ticksPerDeadline
    for (const [lane, connection] of [
      ['data', data],
      ['liveness', liveness],
    ] as const) {
      if (this.#stalls[lane].tick(connection) * tickMs > limits.frameStallMs) {
        const message = `a frame was begun and not continued for ${limits.frameStallMs} ms`
        return this.break(
          describeFault(
            new ProtocolError('FRAME_STALLED', message),
            `the ${lane} connection from ${this.remote.address}`,
          ),
        )
      }
    }
  }
}

/** Counts the ticks during which a frame was begun and no byte came. */
class Stall {
  #receivedBytes = -1
  #ticks = 0

  tick({ partial, receivedBytes }: Connection): number {
    this.#ticks = partial && receivedBytes === this.#receivedBytes ? this.#ticks + 1 : 0
    this.#receivedBytes = receivedBytes
    return this.#ticks
  }
}
