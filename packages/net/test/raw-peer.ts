/** A peer that is only a socket: it can finish a handshake properly, and send whatever it likes. */
import { connect, type Socket } from 'node:net'
import { encodeFrame, FrameSplitter, type Frame, type FrameName } from '../src/frame.ts'
import { DiallerHandshake, type HandshakeSelf } from '../src/handshake.ts'
import type { Purpose } from '../src/hello.ts'

const everyFrame = Object.fromEntries(
  ['hello', 'challenge', 'proof', 'welcome', 'refusal', 'liveness', 'control', 'farewell'].map(
    (name) => [name as FrameName, 2 ** 20],
  ),
)

export class RawPeer {
  readonly socket: Socket
  readonly frames: Frame[] = []
  readonly #splitter = new FrameSplitter(everyFrame)
  readonly #waiting: (() => void)[] = []
  /** Resolves when the other side is through with the connection. */
  readonly ended: Promise<void>

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.socket.on('error', () => undefined)
    this.socket.on('data', (chunk) => {
      this.#splitter.push(chunk)
      for (let frame = this.#splitter.next(); frame !== null; frame = this.#splitter.next()) {
        this.frames.push(frame)
      }
      for (const wake of this.#waiting.splice(0)) wake()
    })
    this.ended = new Promise((resolve) => {
      this.socket.once('close', () => {
        for (const wake of this.#waiting.splice(0)) wake()
        resolve()
      })
    })
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  /** The frame with this number, once it has come. Rejects when the connection ends before. */
  async frame(index: number): Promise<Frame> {
    for (;;) {
      const frame = this.frames[index]
      if (frame !== undefined) return frame
      if (this.socket.closed) throw new Error('the connection ended')
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** What it was told when it was refused, or when its link was broken. */
  async lastWords(): Promise<Frame | undefined> {
    await this.ended
    return this.frames.at(-1)
  }

  /** Greets as a peer that holds the secret, up to and with the welcome. */
  async greet(self: HandshakeSelf, to: number, purpose: Purpose, counter: number): Promise<this> {
    const handshake = new DiallerHandshake(self, to, purpose, counter)
    const hello = handshake.open()
    this.send(encodeFrame(hello.name, hello.body))
    for (let index = 0; ; index += 1) {
      const step = handshake.onFrame(await this.frame(index))
      if (step.type === 'refused') throw new Error(step.facts.code)
      if (step.type === 'done') return this
      this.send(encodeFrame(step.frame.name, step.frame.body))
    }
  }
}

/** What a raw peer says of itself; another boot each time, unless told. */
export function rawSelf(id: number, secret: string, boot = `${id}`): HandshakeSelf {
  return {
    identity: { id, ensembleId: 0, configuration: null },
    versions: { min: 1, max: 1 },
    boot: Buffer.alloc(8, boot).toString('hex'),
    secret: Buffer.from(secret),
    random: (length) => new Uint8Array(length).fill(length),
  }
}

/** Both connections of a link, made by a peer that is only sockets. */
export async function rawLink(
  port: number,
  self: HandshakeSelf,
  to: number,
  counter = 1,
): Promise<{ readonly liveness: RawPeer; readonly data: RawPeer }> {
  const liveness = await new RawPeer(port).greet(self, to, 'liveness', counter)
  const data = await new RawPeer(port).greet(self, to, 'data', counter)
  return { liveness, data }
}
