/**
 * One connection of a client: frames in, frames out, and when to read no more. Which session it speaks
 * for, and what it asks, is its session's (client-session.ts); how it comes to one, endpoint.ts's.
 *
 * All that is written within one tick goes to the kernel in one call. A client that does not read is
 * not read from either; one that still does not, and is told of changes, is let go.
 */
import type { Socket } from 'node:net'
import type { Identity, Zxid } from '@conclave/core/internal'
import { FrameSplitter } from '../jute/frame-splitter.ts'
import { MalformedError } from '../jute/malformed-error.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { wireErrors } from '../messages/error-codes.ts'
import { writeReplyHeader, xids } from '../messages/headers.ts'
import { writeWatcherEvent } from '../messages/watcher-event.ts'
import type { EndpointClock } from './endpoint-host.ts'
import type { EndpointLimits } from './endpoint-limits.ts'
import type { Output, OutputOwner } from './output.ts'
import { ConnectionStatistics, type Statistics } from './statistics.ts'

const unknownZxid = -1

/** Whoever a connection's frames are for. */
export interface ConnectionListener {
  /** A whole frame. The reader is valid until this returns. */
  onFrame(connection: ClientConnection, reader: JuteReader): void
  /** Bytes came, of whatever. */
  onHeard(connection: ClientConnection): void
  /** What came is no frame. The connection is at its end when this returns. */
  onMalformed(connection: ClientConnection, error: MalformedError): void
  /** What came met a defect of ours. The connection is gone; the peer must not go on. */
  onDefect(error: unknown): void
  onClosed(connection: ClientConnection): void
}

export class ClientConnection implements OutputOwner {
  /** Where the client is. */
  readonly address: string
  readonly port: number
  /** Who its certificate says that it is, if it has shown one. */
  readonly identity: Identity | null
  readonly openedMs: number
  /** By the wall clock, as operators are told it. */
  readonly openedWallMs: number
  readonly statistics = new ConnectionStatistics()
  /** The highest zxid that it was told: no reply has a lower one. */
  lastZxid = 0
  readonly #socket: Socket
  readonly #limits: EndpointLimits
  readonly #clock: EndpointClock
  readonly #listener: ConnectionListener
  readonly #output: Output
  readonly #reader: JuteReader
  readonly #all: Statistics
  readonly #splitter: FrameSplitter
  #pieces: Buffer[] = []
  #piecesBytes = 0
  #isFlushing = false
  /** Why it is not read from: until its session is there, too much asked, too much to write. */
  readonly #holds = new Set<'handshake' | 'requests' | 'output'>()
  #isReading = false
  #owesLastWords = false
  #isClosed = false

  constructor(
    socket: Socket,
    shared: {
      readonly output: Output
      readonly reader: JuteReader
      readonly statistics: Statistics
    },
    limits: EndpointLimits,
    clock: EndpointClock,
    listener: ConnectionListener,
    identity: Identity | null,
  ) {
    this.identity = identity
    this.#socket = socket
    this.address = plainAddress(socket.remoteAddress ?? '')
    this.port = socket.remotePort ?? 0
    this.#limits = limits
    this.#clock = clock
    this.openedMs = clock.nowMs()
    this.openedWallMs = clock.wallMs()
    this.#listener = listener
    this.#output = shared.output
    this.#reader = shared.reader
    this.#all = shared.statistics
    this.#splitter = new FrameSplitter(limits.maxFrameBytes)
    socket.setNoDelay(true)
    // Without this the host process would die of a connection that was reset: `close` follows.
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      this.#onRead(chunk)
    })
    socket.on('end', () => {
      // Who asks for a word often says no more behind it, and waits for the answer.
      if (!this.#owesLastWords) socket.end()
    })
    socket.on('drain', () => {
      this.release('output')
    })
    socket.once('close', () => {
      this.#close()
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Bytes that were given to it and that the kernel has not taken. */
  get unwrittenBytes(): number {
    return this.#socket.writableLength + this.#piecesBytes + this.#output.pendingOf(this)
  }

  get isReading(): boolean {
    return !this.#isClosed && this.#holds.size === 0
  }

  /** Reads no more, for this reason, until it is released. */
  hold(reason: 'handshake' | 'requests' | 'output'): void {
    this.#holds.add(reason)
    this.#socket.pause()
  }

  release(reason: 'handshake' | 'requests' | 'output'): void {
    if (!this.#holds.delete(reason) || this.#holds.size > 0 || this.#isClosed) return
    this.#readFrames()
    if (this.#holds.size === 0 && !this.#socket.destroyed) this.#socket.resume()
  }

  /** Begins a reply; what follows its header is the caller's, and `end` ends it. */
  beginReply(xid: number, zxid: Zxid, error: number): JuteWriter {
    if (zxid > this.lastZxid) this.lastZxid = zxid
    const writer = this.begin()
    writeReplyHeader(writer, xid, xid === xids.auth ? 0 : this.lastZxid, error)
    return writer
  }

  /** A reply that is a header alone. */
  reply(xid: number, zxid: Zxid, error: number): void {
    this.beginReply(xid, zxid, error)
    this.end()
  }

  /** To what is asked by an opcode that there is not: at no zxid, as in ZooKeeper. */
  replyUnknown(xid: number): void {
    writeReplyHeader(this.begin(), xid, unknownZxid, wireErrors.unimplemented)
    this.end()
  }

  /** Tells of a change; `null` stands for one that was missed. */
  tell(type: number, path: string, zxid: Zxid | null): void {
    const writer = this.begin()
    writeReplyHeader(writer, xids.notification, zxid ?? unknownZxid, 0)
    writeWatcherEvent(writer, type, path)
    this.end()
    if (this.unwrittenBytes > this.#limits.maxUnwrittenBytes) this.destroy()
  }

  /** A request was answered that came at `receivedMs`; `null` of one that was answered at once. */
  noteAnswer(opcode: number, xid: number, receivedMs: number | null): void {
    const nowMs = this.#clock.nowMs()
    const latencyMs = receivedMs === null ? 0 : nowMs - receivedMs
    const { statistics } = this
    statistics.lastOpcode = opcode
    statistics.lastXid = xid
    statistics.lastLatencyMs = latencyMs
    statistics.lastAnsweredMs = nowMs
    statistics.latency.add(latencyMs)
    this.#all.latency.add(latencyMs)
  }

  /** Something came that counts as a request. */
  noteReceived(): void {
    this.statistics.receivedCount += 1
    this.#all.receivedCount += 1
  }

  /** Who is there has failed to prove to be somebody. */
  noteFailedProof(): void {
    this.#all.failedProofCount += 1
  }

  /** Begins a frame; `end` ends it. */
  begin(): JuteWriter {
    return this.#output.begin(this)
  }

  end(): void {
    this.#all.sent(this.#output.end())
    this.statistics.sentCount += 1
    // Many answers to one read can be much: whether there is room for more must be known between them.
    if (this.#piecesBytes + this.#output.pendingOf(this) < this.#limits.highWaterBytes) {
      this.#flushSoon()
    } else this.#flush()
  }

  addPiece(piece: Buffer): void {
    if (this.#isClosed) return
    this.#pieces.push(piece)
    this.#piecesBytes += piece.length
  }

  /** Reads no more: `finish` will have the last words. */
  awaitLastWords(): void {
    this.#owesLastWords = true
    this.hold('handshake')
  }

  /** Ends it once what was written has been taken, or is not taken in time. */
  finish(lastWords?: string): void {
    this.hold('requests')
    this.#flush()
    const cancel = this.#clock.after(this.#limits.farewellMs, () => {
      this.#socket.destroy()
    })
    this.#socket.once('close', cancel)
    if (lastWords === undefined) this.#socket.end()
    else this.#socket.end(lastWords)
    // What it still sends is of no interest, but must be read, or the kernel resets the connection.
    this.#close()
    this.#socket.resume()
  }

  /** Ends it at once. */
  destroy(): void {
    this.#socket.destroy()
    this.#close()
  }

  #onRead(chunk: Buffer): void {
    if (this.#isClosed) return
    this.#all.receivedBytes += chunk.length
    this.#listener.onHeard(this)
    this.#splitter.push(chunk)
    this.#readFrames()
  }

  #readFrames(): void {
    // What a frame brings about can release what held the ones behind it.
    if (this.#isReading) return
    this.#isReading = true
    try {
      while (!this.#isClosed && this.#holds.size === 0 && this.#splitter.next(this.#reader)) {
        this.noteReceived()
        this.#listener.onFrame(this, this.#reader)
      }
    } catch (error) {
      this.#output.abandon()
      if (error instanceof MalformedError) {
        this.#listener.onMalformed(this, error)
      } else {
        // Never into the host process: it belongs to the application.
        this.destroy()
        this.#listener.onDefect(error)
      }
    } finally {
      this.#isReading = false
    }
  }

  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    process.nextTick(() => {
      this.#flush()
    })
  }

  #flush(): void {
    this.#isFlushing = false
    if (this.#output.pendingOf(this) > 0) this.#output.hand()
    const pieces = this.#pieces
    if (pieces.length === 0 || this.#isClosed) return
    this.#pieces = []
    this.#piecesBytes = 0
    this.#socket.write(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces))
    if (this.#socket.writableLength > this.#limits.highWaterBytes) this.hold('output')
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#pieces = []
    this.#piecesBytes = 0
    this.#listener.onClosed(this)
  }
}

/** An IPv4 address that came by way of IPv6, as what it is. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}
