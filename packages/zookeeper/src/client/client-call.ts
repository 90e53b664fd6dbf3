/**
 * One request of a client on its way: its frame, whether it may be asked twice, and who is told what
 * came of it. It is told once, unless it was given up before.
 */
import type { Zxid } from '@conclave/core/internal'
import type { JuteReader } from '../jute/reader.ts'
import { JuteWriter } from '../jute/writer.ts'
import { writeRequestHeader } from '../messages/headers.ts'

/** What a server has answered. */
export interface Answer {
  readonly zxid: Zxid
  /** One of `wireErrors`. */
  readonly error: number
  /** What is behind the header, valid until the callback returns. */
  readonly body: JuteReader
}

/**
 * Why there is no answer. `lost`: it was sent, and its connection broke. `too-long`: the answer has more
 * bytes than may come. `damaged`: it cannot be read. `over`: the session has ended.
 */
export type NoAnswer = 'lost' | 'too-long' | 'damaged' | 'over'

export interface CallTaker {
  /** May throw `MalformedError` for a body that cannot be read: then it is told `damaged`. */
  onAnswer(answer: Answer): void
  /** `wasSent` is false of what no server can have seen. */
  onNoAnswer(why: NoAnswer, wasSent: boolean): void
}

/** A request as it is made: see requests.ts. */
export interface RequestFrame {
  readonly opcode: number
  /** True of what must not be asked twice. */
  readonly isWrite: boolean
  write(writer: JuteWriter): void
}

const prefixBytes = 4

export class ClientCall {
  readonly isWrite: boolean
  /** Length, xid, opcode, record. */
  readonly frame: Buffer
  sentMs = -Infinity
  #taker: CallTaker | undefined
  #wasSent = false

  constructor(request: RequestFrame, taker: CallTaker) {
    this.isWrite = request.isWrite
    this.#taker = taker
    const writer = new JuteWriter(firstBytes)
    writer.begin()
    writeRequestHeader(writer, 0, request.opcode)
    request.write(writer)
    writer.end()
    this.frame = writer.take()
  }

  /** What jute.maxbuffer counts. */
  get payloadBytes(): number {
    return this.frame.length - prefixBytes
  }

  get wasSent(): boolean {
    return this.#wasSent
  }

  /** True once it was answered, has failed or was given up. */
  get isSettled(): boolean {
    return this.#taker === undefined
  }

  /** The frame, as a request with this number. */
  sendAs(xid: number, nowMs: number): Buffer {
    this.#wasSent = true
    this.sentMs = nowMs
    this.frame.writeInt32BE(xid, prefixBytes)
    return this.frame
  }

  answer(answer: Answer): void {
    // Kept until the body was read: what cannot be read is told, too.
    this.#taker?.onAnswer(answer)
    this.#taker = undefined
  }

  fail(why: NoAnswer): void {
    const taker = this.#taker
    this.#taker = undefined
    taker?.onNoAnswer(why, this.#wasSent)
  }

  /** Nobody waits for it any more. */
  giveUp(): void {
    this.#taker = undefined
  }
}

/** Most requests are short. */
const firstBytes = 256
