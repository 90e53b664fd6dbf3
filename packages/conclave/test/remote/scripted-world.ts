/** A session over a wire whose other end says what the test says, in time that the test lets pass. */
import { defaultLimits, type Limits } from '@conclave/core/internal'
import {
  Chroot,
  Client,
  defaultClientLimits,
  eventTypes,
  FrameSplitter,
  JuteReader,
  JuteWriter,
  opcodeName,
  readRequestHeader,
  writeAddWatchResponse,
  writeConnectResponse,
  writeGetDataResponse,
  writeReplyHeader,
  writeWatcherEvent,
  xids,
  type WireListener,
  type WireStat,
} from '@conclave/zookeeper'
import { RemoteSession } from '../../src/remote/remote-session.ts'
import { ManualClock } from '../manual-clock.ts'

export interface WorldOptions {
  readonly chroot?: string
  readonly limits?: Partial<Limits>
  readonly maxFrameBytes?: number
}

/** A request as it came. */
export interface Asked {
  readonly xid: number
  readonly opcode: string | undefined
  readonly body: JuteReader
}

export const timeoutMs = 9_000
const zeroStat: WireStat = {
  czxid: 1,
  mzxid: 1,
  ctime: 1,
  mtime: 1,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0,
  dataLength: 0,
  numChildren: 0,
  pzxid: 1,
}

export class ScriptedWorld {
  readonly clock = new ManualClock()
  readonly client: Client
  readonly session: RemoteSession
  #listener!: WireListener
  #frames: Buffer[] = []
  #wireCount = 0
  #isGone = false

  constructor({ chroot = '/', limits = {}, maxFrameBytes = 0xfffff }: WorldOptions = {}) {
    const { clock } = this
    const client = new Client(
      {
        servers: [{ host: 'a', port: 1 }],
        sessionTimeoutMs: timeoutMs,
        proofs: [],
        limits: { ...defaultClientLimits, maxFrameBytes },
      },
      {
        clock,
        random: () => 0,
        dial: (_server, listener) => {
          this.#wireCount += 1
          this.#listener = listener
          this.#frames = []
          return {
            write: (frame) => this.#frames.push(Buffer.from(frame)),
            close: () => undefined,
          }
        },
      },
      {
        onOpened: () => undefined,
        onTime: () => this.session.onTime(),
        onEnded: (ending) => this.session.onEnding(ending),
      },
    )
    this.client = client
    this.session = new RemoteSession(client, {
      clock,
      limits: { ...defaultLimits, ...limits },
      maxFrameBytes,
      chroot: new Chroot(chroot),
    })
    client.start()
    this.greet()
  }

  /** The server takes the session up, or says that there is none. */
  greet(grantedMs = timeoutMs): void {
    this.#listener.onOpen()
    this.#frames = []
    this.say((writer) => {
      writeConnectResponse(writer, {
        protocolVersion: 0,
        timeoutMs: grantedMs,
        sessionId: grantedMs === 0 ? 0 : 77,
        password: new Uint8Array(16),
        readOnly: false,
      })
    })
  }

  /** The connection breaks, and the next one is dialled. */
  breakAndDial(): void {
    const before = this.#wireCount
    this.#listener.onClosed('reset')
    while (this.#wireCount === before) this.pass(50)
  }

  /** The connection breaks, and no server can be reached from now on. */
  loseServers(): void {
    this.#isGone = true
    this.#listener.onClosed('reset')
  }

  /** Lets time pass, as the loop does. */
  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 50) {
      this.clock.advance(50)
      this.clock.turn()
      if (this.#isGone) this.#listener.onClosed('refused')
    }
  }

  /** What came and was not looked at. */
  take(): Asked[] {
    const splitter = new FrameSplitter(0x7fffffff)
    splitter.push(Buffer.concat(this.#frames))
    this.#frames = []
    const asked: Asked[] = []
    for (let body = new JuteReader(); splitter.next(body); body = new JuteReader()) {
      const { xid, opcode } = readRequestHeader(body)
      asked.push({ xid, opcode: opcodeName(opcode), body })
    }
    return asked
  }

  /** The same, as `getData /a`. */
  takeNames(): string[] {
    return this.take().map(({ opcode = '?', body }) => {
      const hasPath = !['ping', 'setWatches2', 'multi', 'closeSession'].includes(opcode)
      return hasPath ? `${opcode} ${String(body.string())}` : opcode
    })
  }

  reply(xid: number, zxid: number, error = 0, write?: (writer: JuteWriter) => void): void {
    this.say((writer) => {
      writeReplyHeader(writer, xid, zxid, error)
      write?.(writer)
    })
  }

  /** Answers a read of data. */
  replyData(xid: number, zxid: number, data: string, stat: Partial<WireStat> = {}): void {
    this.reply(xid, zxid, 0, (writer) => {
      writeGetDataResponse(writer, Buffer.from(data), { ...zeroStat, ...stat })
    })
  }

  /** Answers an `addWatch`. */
  replyArmed(xid: number, zxid: number): void {
    this.reply(xid, zxid, 0, (writer) => writeAddWatchResponse(writer, 0))
  }

  event(type: keyof typeof eventTypes, path: string, zxid: number): void {
    this.say((writer) => {
      writeReplyHeader(writer, xids.notification, zxid, 0)
      writeWatcherEvent(writer, eventTypes[type], path)
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
    this.#listener.onData(bytes)
  }
}

/** What promises that are settled have come to by now. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}
