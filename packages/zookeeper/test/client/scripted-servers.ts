/** Servers that say only what a test tells them to, and time that passes only when it does. */
import {
  Client,
  defaultClientLimits,
  type ClientCall,
  type ClientClock,
  type ClientLimits,
  type Dial,
  FrameSplitter,
  JuteReader,
  JuteWriter,
  opcodeName,
  readAuthRequest,
  readConnectRequest,
  readRequestHeader,
  readSetWatches2Request,
  type ServerAddress,
  type SessionEnding,
  type Wire,
  type WireListener,
  writeConnectResponse,
  writeReplyHeader,
  writeWatcherEvent,
  xids,
  type Long,
  type Proof,
  type ConnectRequest,
  type ConnectResponse,
} from '@conclave/zookeeper'

export class VirtualClock implements ClientClock {
  #nowMs = 1_000
  #lastTimer = 0
  readonly #timers = new Map<number, { readonly atMs: number; readonly callback: () => void }>()

  nowMs(): number {
    return this.#nowMs
  }

  after(ms: number, callback: () => void): () => void {
    this.#lastTimer += 1
    const timer = this.#lastTimer
    this.#timers.set(timer, { atMs: this.#nowMs + ms, callback })
    return () => this.#timers.delete(timer)
  }

  soon(callback: () => void): void {
    this.after(0, callback)
  }

  get timerCount(): number {
    return this.#timers.size
  }

  /** Lets time pass, timer by timer. */
  advance(ms: number): void {
    const end = this.#nowMs + ms
    for (;;) {
      const due = [...this.#timers].filter(([, { atMs }]) => atMs <= end)
      const next = due.sort(([, a], [, b]) => a.atMs - b.atMs)[0]
      if (next === undefined) break
      const [timer, { atMs, callback }] = next
      this.#timers.delete(timer)
      this.#nowMs = Math.max(this.#nowMs, atMs)
      callback()
    }
    this.#nowMs = end
  }

  /** The loop is blocked: time passes, and nothing else does. */
  block(ms: number): void {
    this.#nowMs += ms
  }
}

export interface SentRequest {
  readonly xid: number
  /** Its name. */
  readonly opcode: string | undefined
  readonly body: JuteReader
}

/** One connection, as its server sees it. */
export class ScriptedWire implements Wire {
  readonly server: ServerAddress
  readonly listener: WireListener
  /** What came and was not looked at. */
  #frames: Buffer[] = []
  isClosed = false

  constructor(server: ServerAddress, listener: WireListener) {
    this.server = server
    this.listener = listener
  }

  write(frame: Buffer): void {
    this.#frames.push(Buffer.from(frame))
  }

  close(): void {
    this.isClosed = true
  }

  /** Everything that came, in the words of a test: `create 3`, `ping`, `auth user:secret`. */
  takeNames(): string[] {
    return this.take().map(({ xid, opcode = '?', body }) => {
      if (xid === xids.auth) {
        return `auth ${Buffer.from(readAuthRequest(body).proof ?? []).toString()}`
      }
      if (opcode === 'setWatches2') {
        const { persistent, persistentRecursive } = readSetWatches2Request(body)
        return `setWatches2 ${String(persistent)} | ${String(persistentRecursive)}`
      }
      return xid > 0 ? `${opcode} ${String(xid)}` : opcode
    })
  }

  take(): SentRequest[] {
    return this.#takePayloads().map((body) => {
      const { xid, opcode } = readRequestHeader(body)
      return { xid, opcode: opcodeName(opcode), body }
    })
  }

  takeGreeting(): ConnectRequest {
    const [reader] = this.#takePayloads()
    return readConnectRequest(reader!)
  }

  greet(response: Partial<ConnectResponse> = {}): void {
    this.say((writer) => {
      writeConnectResponse(writer, {
        protocolVersion: 0,
        timeoutMs: 9_000,
        sessionId: 0x1234n << 48n,
        password: new Uint8Array(16).fill(7),
        readOnly: false,
        ...response,
      })
    })
  }

  reply(xid: number, zxid: Long, error = 0, write?: (writer: JuteWriter) => void): void {
    this.say((writer) => {
      writeReplyHeader(writer, xid, zxid, error)
      write?.(writer)
    })
  }

  event(type: number, path: string, zxid: Long = -1): void {
    this.say((writer) => {
      writeReplyHeader(writer, xids.notification, zxid, 0)
      writeWatcherEvent(writer, type, path)
    })
  }

  say(write: (writer: JuteWriter) => void): void {
    const writer = new JuteWriter()
    writer.begin()
    write(writer)
    writer.end()
    this.sayBytes(writer.take())
  }

  sayBytes(bytes: Buffer): void {
    if (!this.isClosed) this.listener.onData(bytes)
  }

  break(why = 'reset'): void {
    this.isClosed = true
    this.listener.onClosed(why)
  }

  #takePayloads(): JuteReader[] {
    const splitter = new FrameSplitter(0x7fffffff)
    splitter.push(Buffer.concat(this.#frames))
    this.#frames = []
    const payloads: JuteReader[] = []
    for (let reader = new JuteReader(); splitter.next(reader); reader = new JuteReader()) {
      payloads.push(reader)
    }
    return payloads
  }
}

export interface WorldOptions {
  readonly servers?: readonly ServerAddress[]
  readonly proofs?: readonly Proof[]
  readonly limits?: Partial<ClientLimits>
  readonly random?: () => number
}

/** A client, and all that it is told. */
export class ClientWorld {
  readonly clock = new VirtualClock()
  readonly wires: ScriptedWire[] = []
  readonly told: string[] = []
  readonly client: Client

  constructor(options: WorldOptions = {}) {
    const dial: Dial = (server, listener) => {
      const wire = new ScriptedWire(server, listener)
      this.wires.push(wire)
      return wire
    }
    this.client = new Client(
      {
        servers: options.servers ?? [{ host: 'a', port: 1 }],
        sessionTimeoutMs: 9_000,
        proofs: options.proofs ?? [],
        limits: { ...defaultClientLimits, ...options.limits },
      },
      { clock: this.clock, random: options.random ?? (() => 0), dial },
      {
        onOpened: () => this.told.push('opened'),
        onTime: () => undefined,
        onEnded: (ending: SessionEnding) => this.told.push(`ended: ${ending.reason}`),
      },
    )
    this.client.start()
  }

  /** The connection that is there, or is being made. */
  get wire(): ScriptedWire {
    return this.wires.at(-1)!
  }

  /** Connects, and says who the client is. */
  reach(): ConnectRequest {
    this.wire.listener.onOpen()
    return this.wire.takeGreeting()
  }

  /** Connects, and has the session. */
  up(response: Partial<ConnectResponse> = {}): ConnectRequest {
    const greeting = this.reach()
    this.wire.greet(response)
    return greeting
  }

  /** The connection breaks, and the next one is dialled. */
  breakAndDial(): void {
    const count = this.wires.length
    this.wire.break()
    for (let ms = 0; ms < 6_000 && this.wires.length === count; ms += 10) this.clock.advance(10)
  }

  submit(call: ClientCall): ClientCall {
    this.client.submit(call)
    return call
  }
}
