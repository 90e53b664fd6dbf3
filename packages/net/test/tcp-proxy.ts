/** A TCP proxy on loopback that tests put between two peers, to disturb what passes. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** One proxied connection: the side that dialled, and the side it was put through to. */
export interface Passage {
  readonly dialling: Socket
  readonly accepting: Socket
  /** The purpose byte of the hello, once it has passed. */
  purpose: 'liveness' | 'data' | 'knock' | null
}

/** Where the purpose lies: a frame header of 9 bytes, then 12 of the hello. */
const purposeAt = 21

export class TcpProxy {
  readonly #server: Server
  readonly #passages = new Set<Passage>()
  /** How many connections have been put through. */
  passageCount = 0

  constructor(server: Server, targetPort: () => number | undefined) {
    this.#server = server
    server.on('connection', (dialling) => this.#put(dialling, targetPort()))
  }

  static async open(targetPort: () => number | undefined): Promise<TcpProxy> {
    const server = createServer({ noDelay: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new TcpProxy(server, targetPort)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get passages(): readonly Passage[] {
    return [...this.#passages]
  }

  /** Resets every connection. */
  cut(): void {
    for (const { dialling, accepting } of this.#passages) {
      dialling.resetAndDestroy()
      accepting.resetAndDestroy()
    }
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #put(dialling: Socket, targetPort: number | undefined): void {
    dialling.on('error', () => undefined)
    if (targetPort === undefined) {
      dialling.destroy()
      return
    }
    const accepting = connect({ host: '127.0.0.1', port: targetPort, noDelay: true })
    accepting.on('error', () => undefined)
    const passage: Passage = { dialling, accepting, purpose: null }
    this.#passages.add(passage)
    this.passageCount += 1
    dialling.once('data', (chunk: Buffer) => {
      passage.purpose = (['liveness', 'data', 'knock'] as const)[chunk[purposeAt] ?? 0] ?? null
    })
    dialling.pipe(accepting)
    accepting.pipe(dialling)
    for (const [side, other] of [
      [dialling, accepting],
      [accepting, dialling],
    ] as const) {
      side.once('close', () => {
        this.#passages.delete(passage)
        other.destroy()
      })
    }
  }
}
