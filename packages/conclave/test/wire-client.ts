/** A client of ZooKeeper's protocol that does only what a test tells it to. */
import {
  FrameSplitter,
  JuteReader,
  JuteWriter,
  opcodes,
  readConnectResponse,
  readReplyHeader,
  readWatcherEvent,
  writeConnectRequest,
  writeRequestHeader,
  xids,
  type ConnectResponse,
} from '@conclave/zookeeper'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A reply, with what is behind its header. */
export interface Reply {
  readonly xid: number
  readonly zxid: number
  readonly error: number
  readonly body: JuteReader
}

export interface Greeting {
  readonly lastZxidSeen?: number | bigint
  readonly timeoutMs?: number
  readonly sessionId?: number | bigint
  readonly password?: Uint8Array
  readonly readOnly?: boolean | undefined
}

const longest = 0x7fffffff
const plain = { readOnly: false }

export class WireClient {
  /** What came, in order: replies by their xid, events by what they tell, `closed`. */
  readonly told: string[] = []
  readonly #socket: Socket
  readonly #splitter = new FrameSplitter(longest)
  readonly #reader = new JuteReader()
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #onGreeted: ((payload: Buffer) => void) | undefined
  #lastXid = 0
  readonly closed: Promise<void>

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.told.push('closed')
        resolve()
      })
    })
    socket.on('data', (chunk) => {
      this.#splitter.push(chunk)
      while (this.#splitter.next(this.#reader)) this.#onFrame(this.#reader)
    })
  }

  /** Connects, and says nothing. */
  static async reach(port: number): Promise<WireClient> {
    const socket = connect(port, '127.0.0.1')
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve())
      socket.once('error', reject)
    })
    const client = new WireClient(socket)
    onTestFinished(() => void socket.destroy())
    return client
  }

  /** Connects and has a session. */
  static async open(port: number, greeting: Greeting = plain): Promise<OpenedClient> {
    const client = await WireClient.reach(port)
    const response = await client.greet(greeting)
    return { client, response }
  }

  /** Shakes hands; the payload of the response. */
  greetRaw(greeting: Greeting = plain): Promise<Buffer> {
    const answered = new Promise<Buffer>((resolve) => {
      this.#onGreeted = resolve
    })
    this.sendFrame((writer) => {
      writeConnectRequest(writer, {
        protocolVersion: 0,
        lastZxidSeen: greeting.lastZxidSeen ?? 0,
        timeoutMs: greeting.timeoutMs ?? 10_000,
        sessionId: greeting.sessionId ?? 0,
        password: greeting.password ?? new Uint8Array(16),
        readOnly: greeting.readOnly,
      })
    })
    return answered
  }

  async greet(greeting: Greeting = plain): Promise<ConnectResponse> {
    const reader = new JuteReader()
    reader.reset(await this.greetRaw(greeting))
    return readConnectResponse(reader)
  }

  /** Asks, with an xid of its own unless told. */
  ask(opcode: number, write?: (writer: JuteWriter) => void, xid?: number): Promise<Reply> {
    this.#lastXid += 1
    const number = xid ?? this.#lastXid
    const answered = new Promise<Reply>((resolve) => {
      this.#waiting.set(number, resolve)
    })
    this.sendFrame((writer) => {
      writeRequestHeader(writer, number, opcode)
      write?.(writer)
    })
    return answered
  }

  ping(): Promise<Reply> {
    return this.ask(opcodes.ping, undefined, xids.ping)
  }

  sendFrame(write: (writer: JuteWriter) => void): void {
    const writer = new JuteWriter()
    writer.begin()
    write(writer)
    writer.end()
    this.sendBytes(writer.take())
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** Reads nothing any more, until told to. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #onFrame(reader: JuteReader): void {
    const onGreeted = this.#onGreeted
    if (onGreeted !== undefined) {
      this.#onGreeted = undefined
      onGreeted(reader.rest())
      return
    }
    const { xid, zxid, error } = readReplyHeader(reader)
    if (xid === xids.notification) {
      const { type, path } = readWatcherEvent(reader)
      const name = ['', 'created', 'deleted', 'changed', 'children'][type] ?? '?'
      this.told.push(`${name} ${String(path)}${zxid === -1 ? ' missed' : ''}`)
      return
    }
    this.told.push(error === 0 ? String(xid) : `${String(xid)} ${String(error)}`)
    const body = new JuteReader()
    body.reset(reader.rest())
    this.#waiting.get(xid)?.({ xid, zxid: Number(zxid), error, body })
    this.#waiting.delete(xid)
  }
}

export interface OpenedClient {
  readonly client: WireClient
  readonly response: ConnectResponse
}
