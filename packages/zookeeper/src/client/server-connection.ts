/**
 * One connection of a client to a server: the handshake, requests by their numbers, and what comes
 * between. It lives until the wire breaks, or until what comes is not what a server can say: then it
 * hangs up, whatever is asked again is asked elsewhere.
 *
 * Replies come in the order of requests; a reply with any other number ends the connection, since from
 * then on nobody knows what answers what. Pings, proofs and restored watches have numbers of their own.
 */
import { Fifo, isZxid, type Zxid } from '@conclave/core/internal'
import { FrameSplitter } from '../jute/frame-splitter.ts'
import type { Long } from '../jute/long.ts'
import { MalformedError } from '../jute/malformed-error.ts'
import { JuteReader } from '../jute/reader.ts'
import { JuteWriter } from '../jute/writer.ts'
import {
  readConnectResponse,
  writeConnectRequest,
  type ConnectRequest,
  type ConnectResponse,
} from '../messages/connect.ts'
import { readReplyHeader, writeRequestHeader, xids, type ReplyHeader } from '../messages/headers.ts'
import { opcodes, type Opcode } from '../messages/opcodes.ts'
import { readWatcherEvent, type WatcherEvent } from '../messages/watcher-event.ts'
import type { ClientCall } from './client-call.ts'
import type { ServerAddress } from './server-list.ts'
import type { ClientClock, Dial, Wire, WireListener } from './wire.ts'

/** Who is told of what a server says. */
export interface ConnectionListener {
  /** The wire is open: says who the client is. */
  greeting(): ConnectRequest
  /** Whether the session goes on at this server. If so, `onUp` follows. */
  onGreeted(connection: ServerConnection, response: ConnectResponse): boolean
  onUp(connection: ServerConnection): void
  /** A zxid that the server has applied. */
  onZxid(zxid: Zxid): void
  onEvent(event: WatcherEvent, zxid: Zxid | undefined): void
  onAuthenticated(error: number): void
  onRestored(error: number): void
  /** Something that was sent at this time was answered. */
  onProof(sentMs: number): void
  /** It has taken answers, so that more may be sent. */
  onRoom(): void
  onBroken(connection: ServerConnection, why: string): void
  /** What came met a defect of ours. */
  onDefect(error: unknown): void
}

const lastXid = 0x7fffffff

export class ServerConnection implements WireListener {
  readonly server: ServerAddress
  readonly openedMs: number
  /** When bytes came last. */
  heardMs: number
  /** When the ping was sent that is not answered. */
  pingedMs: number | undefined
  readonly #clock: ClientClock
  readonly #listener: ConnectionListener
  readonly #splitter: FrameSplitter
  readonly #reader = new JuteReader()
  readonly #wire: Wire
  readonly #sent = new Fifo<SentCall>()
  #sentBytes = 0
  #lastXid = 0
  #greetedMs = 0
  readonly #authMs: number[] = []
  readonly #restoreMs: number[] = []
  #isGreeted = false
  #isOver = false

  constructor(
    server: ServerAddress,
    dial: Dial,
    clock: ClientClock,
    maxAnswerBytes: number,
    listener: ConnectionListener,
  ) {
    this.server = server
    this.#clock = clock
    this.#listener = listener
    this.#splitter = new FrameSplitter(maxAnswerBytes)
    this.openedMs = this.heardMs = clock.nowMs()
    this.#wire = dial(server, this)
  }

  /** True once the server has taken the session up. */
  get isGreeted(): boolean {
    return this.#isGreeted
  }

  /** False once it has ended, at whichever side. */
  get isOpen(): boolean {
    return !this.#isOver
  }

  /** Requests that were sent and are not answered, and their bytes. */
  get sentCount(): number {
    return this.#sent.size
  }

  get sentBytes(): number {
    return this.#sentBytes
  }

  send(call: ClientCall): void {
    this.#lastXid = this.#lastXid === lastXid ? 1 : this.#lastXid + 1
    this.#sent.push({ xid: this.#lastXid, call })
    this.#sentBytes += call.frame.length
    this.#wire.write(call.sendAs(this.#lastXid, this.#clock.nowMs()))
  }

  ping(): void {
    this.pingedMs = this.#clock.nowMs()
    this.#wire.write(frameOf(xids.ping, opcodes.ping))
  }

  authenticate(write: (writer: JuteWriter) => void): void {
    this.#authMs.push(this.#clock.nowMs())
    this.#wire.write(frameOf(xids.auth, opcodes.auth, write))
  }

  restoreWatches(opcode: Opcode, write: (writer: JuteWriter) => void): void {
    this.#restoreMs.push(this.#clock.nowMs())
    this.#wire.write(frameOf(xids.setWatches, opcode, write))
  }

  /** Ends it without a word to the listener. */
  close(): void {
    this.#isOver = true
    this.#wire.close()
  }

  /** Ends it: what the server does, or does not, is not what a server should. */
  hangUp(why: string): void {
    if (this.#isOver) return
    this.close()
    this.#listener.onBroken(this, why)
  }

  /** The calls that were sent and not answered, in order. */
  takeUnanswered(): ClientCall[] {
    const calls = [...this.#sent].map(({ call }) => call)
    this.#sent.clear()
    this.#sentBytes = 0
    return calls
  }

  /** For the wire; so are the two that follow. */
  onOpen(): void {
    if (this.#isOver) return
    this.#greetedMs = this.#clock.nowMs()
    const writer = new JuteWriter()
    writer.begin()
    writeConnectRequest(writer, this.#listener.greeting())
    writer.end()
    this.#wire.write(writer.take())
  }

  onData(chunk: Buffer): void {
    if (this.#isOver) return
    this.heardMs = this.#clock.nowMs()
    const answered = this.#sent.size
    try {
      this.#splitter.push(chunk)
      while (this.isOpen && this.#splitter.next(this.#reader)) this.#onFrame(this.#reader)
    } catch (error) {
      if (error instanceof MalformedError) this.#onMalformed(error)
      // Never into the host process: it belongs to the application.
      else this.#listener.onDefect(error)
      return
    }
    if (this.isOpen && this.#sent.size < answered) this.#listener.onRoom()
  }

  onClosed(why: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#listener.onBroken(this, why)
  }

  #onFrame(reader: JuteReader): void {
    if (!this.#isGreeted) {
      this.#isGreeted = this.#listener.onGreeted(this, readConnectResponse(reader))
      if (!this.#isGreeted) return
      this.#listener.onProof(this.#greetedMs)
      this.#listener.onUp(this)
      return
    }
    const header = readReplyHeader(reader)
    const zxid = zxidOf(header.zxid)
    switch (header.xid) {
      case xids.notification:
        // First what it tells, then its zxid: whoever asks what was seen has been told of it.
        this.#listener.onEvent(readWatcherEvent(reader), zxid)
        if (zxid !== undefined) this.#listener.onZxid(zxid)
        return
      case xids.ping:
        this.#onProof(this.pingedMs)
        this.pingedMs = undefined
        break
      case xids.auth:
        this.#onProof(this.#authMs.shift())
        this.#listener.onAuthenticated(header.error)
        return
      case xids.setWatches:
        this.#onProof(this.#restoreMs.shift())
        this.#listener.onRestored(header.error)
        break
      default:
        this.#onReply(header, zxid, reader)
        return
    }
    if (zxid !== undefined) this.#listener.onZxid(zxid)
  }

  #onReply({ xid, error }: ReplyHeader, zxid: Zxid | undefined, body: JuteReader): void {
    const first = this.#sent.first
    if (first?.xid !== xid) {
      const expected = first === undefined ? 'none' : String(first.xid)
      this.hangUp(`it answered request ${String(xid)}, and ${expected} was to be answered`)
      return
    }
    const { call } = first
    this.#sent.shift()
    this.#sentBytes -= call.frame.length
    if (zxid !== undefined) this.#listener.onZxid(zxid)
    this.#onProof(call.sentMs)
    try {
      call.answer({ zxid: zxid ?? (0 as Zxid), error, body })
    } catch (fault) {
      if (!(fault instanceof MalformedError)) throw fault
      this.#onDamaged(call, fault)
    }
  }

  #onDamaged(call: ClientCall, { message }: MalformedError): void {
    this.close()
    this.#listener.onBroken(this, `its answer cannot be read: ${message}`)
    call.fail('damaged')
  }

  /** What came is no frame. One that is too long is an answer, to what is to be answered next. */
  #onMalformed(error: MalformedError): void {
    const isTooLong = error.reason === 'FRAME_LENGTH' && error.prefix > 0
    const call = isTooLong ? this.#sent.shift()?.call : undefined
    this.hangUp(`what it sent cannot be read: ${error.message}`)
    call?.fail('too-long')
  }

  #onProof(sentMs: number | undefined): void {
    if (sentMs !== undefined) this.#listener.onProof(sentMs)
  }
}

interface SentCall {
  readonly xid: number
  readonly call: ClientCall
}

function frameOf(xid: number, opcode: Opcode, write?: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter(64)
  writer.begin()
  writeRequestHeader(writer, xid, opcode)
  write?.(writer)
  writer.end()
  return writer.take()
}

/** Unknown below 0, as of events before 3.9. Throws for what is beyond our zxids. */
function zxidOf(zxid: Long): Zxid | undefined {
  if (zxid < 0) return undefined
  if (isZxid(zxid)) return zxid
  throw new MalformedError('RECORD', `the zxid ${zxid.toString()} is beyond 2^53`)
}
