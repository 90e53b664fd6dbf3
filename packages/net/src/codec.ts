/**
 * Messages to the bytes of frames and back. Consecutive messages of one send share a frame, packed
 * by msgpackr as one array of tuples. A page and a chunk of a snapshot are frames of their own whose
 * bytes are sent as they are: the page that was packed once is never packed again.
 *
 * Every frame of the liveness lane also says how many bytes its sender has sent and received on the
 * data connection, so that each side can tell that bytes were lost on their way.
 *
 * Whatever is wrong with what comes in is a `ProtocolError`; what goes up shares no memory with a
 * frame, but for a page or chunk that owns most of the memory it lies in.
 */
import { laneOf, type Message, type Page } from '@conclave/core/internal'
import type { Packr } from 'msgpackr'
import * as packing from 'msgpackr/pack'
import { detach, encodeBulkFrame, encodeFrame, type Frame } from './frame.ts'
import { maxFrameElements, type TransportLimits } from './limits.ts'
import { readMessage, writeMessage, type TupleMessage } from './message-codec.ts'
import { ProtocolError } from './protocol-error.ts'
import { weighForwarded } from './request-codec.ts'
import { scanTokens } from './token-scanner.ts'

/** Bytes of the data connection, counted from its beginning, as one side knows them. */
export interface DataCount {
  readonly sent: number
  readonly received: number
}

export interface CodecOptions {
  readonly limits: TransportLimits
  /** A page of its bytes; throws when they are none. */
  readonly parsePage: (bytes: Uint8Array) => Page
}

/** Messages that share a frame weigh about this much at most, unless one alone weighs more. */
const batchBytes = 512 * 1024
const chunkPrefixBytes = 5

/** msgpackr without its native part, which it looks for by itself; that entry lacks its types. */
const packr = new (packing as { Packr: typeof Packr }).Packr({
  useRecords: false,
  structuredClone: false,
  moreTypes: false,
  copyBuffers: true,
  int64AsType: 'bigint',
})

export class Codec {
  readonly #limits: TransportLimits
  readonly #parsePage: (bytes: Uint8Array) => Page

  constructor(options: CodecOptions) {
    this.#limits = options.limits
    this.#parsePage = options.parsePage
  }

  /**
   * The frames of data messages, in pieces that follow one another. A long list of requests is
   * spread over several messages of the same type, in order.
   */
  encodeData(messages: readonly Message[]): Uint8Array[] {
    const pieces: Uint8Array[] = []
    const batch = new Batch((tuples) => {
      pieces.push(this.#pack('control', tuples, this.#limits.maxControlBytes))
    })
    for (const message of messages) {
      if (message.type === 'proposal' || message.type === 'snap-chunk') {
        batch.flush()
        pieces.push(...this.#encodeBulk(message))
      } else {
        batch.add(message)
      }
    }
    batch.flush()
    return pieces
  }

  /** The frame of liveness messages. */
  encodeLiveness(count: DataCount, messages: readonly Message[]): Uint8Array {
    const tuples = messages.map((message) => {
      if (laneOf(message) === 'liveness') return writeMessage(message as TupleMessage)
      throw new ProtocolError('MESSAGE_MALFORMED', `${message.type} has no place among liveness`)
    })
    const content = [count.sent, count.received, ...tuples]
    return this.#pack('liveness', content, this.#limits.maxLivenessBytes)
  }

  /** The messages of a frame of the data lane. Throws `ProtocolError`. */
  decodeData(frame: Frame): Message[] {
    if (frame.name === 'page') return [{ type: 'proposal', page: this.#readPage(frame.body) }]
    if (frame.name === 'snap-chunk') return [readChunk(frame.body)]
    return unpackArray(frame.body).map((tuple) => readOn('data', tuple))
  }

  /** The messages of a frame of the liveness lane, and what it counts. Throws `ProtocolError`. */
  decodeLiveness(frame: Frame): { readonly count: DataCount; readonly messages: Message[] } {
    const [sent, received, ...tuples] = unpackArray(frame.body)
    if (!isCount(sent) || !isCount(received)) {
      throw new ProtocolError('MESSAGE_MALFORMED', 'a liveness frame does not count its bytes')
    }
    return { count: { sent, received }, messages: tuples.map((tuple) => readOn('liveness', tuple)) }
  }

  #pack(name: 'control' | 'liveness', content: unknown[], maxBytes: number): Uint8Array {
    const body = packr.pack(content)
    if (body.length > maxBytes) throw tooLong(`a ${name} frame`, body.length, maxBytes)
    return encodeFrame(name, body)
  }

  #encodeBulk(message: Extract<Message, { type: 'proposal' | 'snap-chunk' }>): Uint8Array[] {
    if (message.type === 'proposal') {
      const { bytes } = message.page
      const { maxPageBytes } = this.#limits
      if (bytes.length > maxPageBytes) throw tooLong('a page', bytes.length, maxPageBytes)
      return encodeBulkFrame('page', new Uint8Array(0), bytes)
    }
    const { bytes, number, last } = message
    const { maxSnapshotChunkBytes } = this.#limits
    if (bytes.length > maxSnapshotChunkBytes - chunkPrefixBytes) {
      throw tooLong('a chunk of a snapshot', bytes.length, maxSnapshotChunkBytes)
    }
    const prefix = new Uint8Array(chunkPrefixBytes)
    const view = new DataView(prefix.buffer)
    view.setUint32(0, number)
    view.setUint8(4, last ? 1 : 0)
    return encodeBulkFrame('snap-chunk', prefix, bytes)
  }

  #readPage(body: Uint8Array): Page {
    try {
      return this.#parsePage(detach(body))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new ProtocolError('PAGE_INVALID', `a page is refused: ${reason}`, error)
    }
  }
}

/** Gathers tuples until they fill a frame. */
class Batch {
  readonly #write: (tuples: unknown[]) => void
  #tuples: unknown[] = []
  #weight = 0

  constructor(write: (tuples: unknown[]) => void) {
    this.#write = write
  }

  add(message: TupleMessage): void {
    if (message.type === 'requests') {
      this.#addList(message, message.requests, weighForwarded)
    } else if (message.type === 'session-requests' || message.type === 'session-moves') {
      this.#addList<unknown>(message, message.requests, () => 64)
    } else {
      this.#addWhole(
        message,
        message.type === 'ack-epoch' ? 64 + 18 * message.epochEnds.length : 64,
      )
    }
  }

  flush(): void {
    if (this.#tuples.length === 0) return
    const tuples = this.#tuples
    this.#tuples = []
    this.#weight = 0
    this.#write(tuples)
  }

  #addWhole(message: TupleMessage, weight: number): void {
    if (this.#weight > 0 && this.#weight + weight > batchBytes) this.flush()
    this.#tuples.push(writeMessage(message))
    this.#weight += weight
  }

  #addList<T>(message: TupleMessage, list: readonly T[], weigh: (item: T) => number): void {
    let start = 0
    let weight = 0
    list.forEach((item, index) => {
      const itemWeight = weigh(item)
      if (index > start && weight + itemWeight > batchBytes) {
        this.#addWhole({ ...message, requests: list.slice(start, index) } as TupleMessage, weight)
        start = index
        weight = 0
      }
      weight += itemWeight
    })
    const rest = start === 0 ? message : { ...message, requests: list.slice(start) }
    this.#addWhole(rest as TupleMessage, weight)
  }
}

function unpackArray(body: Uint8Array): unknown[] {
  scanTokens(body, maxFrameElements)
  const value: unknown = packr.unpack(body)
  if (Array.isArray(value)) return value as unknown[]
  throw new ProtocolError('MESSAGE_MALFORMED', 'a frame holds no list of messages')
}

function readOn(lane: 'liveness' | 'data', tuple: unknown): Message {
  const message = readMessage(tuple)
  if (laneOf(message) === lane) return message
  throw new ProtocolError('MESSAGE_MALFORMED', `${message.type} has no place on the ${lane} lane`)
}

function readChunk(body: Uint8Array): Message {
  if (body.length < chunkPrefixBytes) {
    throw new ProtocolError('MESSAGE_MALFORMED', 'a chunk of a snapshot is cut short')
  }
  const view = new DataView(body.buffer, body.byteOffset)
  const bytes = detach(body.subarray(chunkPrefixBytes))
  const flags = view.getUint8(4)
  if (flags > 1) {
    throw new ProtocolError('MESSAGE_MALFORMED', `a chunk has flags ${String(flags)}`)
  }
  return { type: 'snap-chunk', number: view.getUint32(0), bytes, last: flags === 1 }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function tooLong(what: string, bytes: number, limit: number): ProtocolError {
  return new ProtocolError(
    'MESSAGE_TOO_LONG',
    `${what} of ${String(bytes)} bytes exceeds the limit of ${String(limit)}; raise it on all peers`,
  )
}
