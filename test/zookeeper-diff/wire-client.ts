/**
 * One connection to a server, and every frame that came over it, as it came. It knows nothing of
 * sessions: what to send, and what is to be expected, is for whoever runs a program (run-program.ts).
 */
import { connect, type Socket } from 'node:net'

/** What came: a payload, or the end of the connection. */
export type Frame = Buffer | 'closed'

export class WireClient {
  readonly #socket: Socket
  #bytes = Buffer.alloc(0)
  #isClosed = false
  #onFrame: ((frame: Frame) => void) | undefined
  readonly #waiting: Frame[] = []
  /** Resolves at the end of the connection. */
  readonly closed: Promise<void>

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isClosed = true
        resolve()
        this.#give('closed')
      })
    })
    socket.on('data', (chunk) => {
      this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
      this.#cut()
    })
  }

  static async reach(port: number): Promise<WireClient> {
    const socket = connect(port, '127.0.0.1')
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve())
      socket.once('error', reject)
    })
    return new WireClient(socket)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** What came and is no frame yet, as text. */
  get unframed(): string {
    return this.#bytes.toString('latin1')
  }

  send(bytes: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Hands over every frame, also those that have come already. */
  onFrame(take: (frame: Frame) => void): void {
    this.#onFrame = take
    for (const frame of this.#waiting.splice(0)) take(frame)
  }

  #cut(): void {
    let at = 0
    while (this.#bytes.length - at >= 4) {
      const length = this.#bytes.readInt32BE(at)
      // No frame is as long as a word that is text.
      if (length < 0 || length > 0xffffff || this.#bytes.length - at - 4 < length) break
      const end = at + 4 + length
      this.#give(Buffer.from(this.#bytes.subarray(at + 4, end)))
      at = end
    }
    if (at > 0) this.#bytes = this.#bytes.subarray(at)
  }

  #give(frame: Frame): void {
    if (this.#onFrame === undefined) this.#waiting.push(frame)
    else this.#onFrame(frame)
  }
}
