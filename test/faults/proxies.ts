/**
 * Loopback with a TCP proxy for each peer that dials and each that is dialled: bytes come late, in
 * drops, changed, or not at all. Works without privileges.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { freePorts } from '../processes/free-ports.ts'
import type { Network } from './network.ts'
import { Random } from './random.ts'

/** What happens to the bytes that pass, in either direction. */
export interface Disturbance {
  /** Each chunk comes so much later; order is kept. */
  readonly delayMs?: number
  /** Up to so much more, drawn for each chunk. */
  readonly jitterMs?: number
  /** The connection passes no more than this. */
  readonly bytesPerSecond?: number
  /** The share of chunks in which one bit is flipped. */
  readonly corrupt?: number
  /** The share of chunks of which half is passed, and then the connection reset. */
  readonly cut?: number
}

interface Proxy {
  readonly from: number
  readonly to: number
  readonly server: Server
  readonly port: number
}

const nothing: Disturbance = {}

export class Proxies implements Network {
  readonly type = 'proxies'
  readonly #ids: readonly number[]
  readonly #ports: ReadonlyMap<number, number>
  readonly #proxies: Proxy[] = []
  readonly #sockets = new Set<Socket>()
  readonly #disturbances = new Map<string, Disturbance>()
  readonly #random: Random
  /** How many chunks came late or changed, and connections were cut. */
  disturbedCount = 0

  constructor(ids: readonly number[], ports: ReadonlyMap<number, number>, seed: number) {
    this.#ids = ids
    this.#ports = ports
    this.#random = new Random(seed)
  }

  static async open(ids: readonly number[], seed: number): Promise<Proxies> {
    const free = await freePorts(ids.length)
    const ports = new Map(ids.map((id, index) => [id, free[index] ?? 0]))
    const proxies = new Proxies(ids, ports, seed)
    for (const from of ids) {
      for (const to of ids) if (to !== from) await proxies.#listen(from, to)
    }
    return proxies
  }

  optionsOf(id: number): ReturnType<Network['optionsOf']> {
    const ensemble = this.#ids.map((to) => {
      const proxy = this.#proxies.find((one) => one.from === id && one.to === to)
      return { id: to, host: '127.0.0.1', port: proxy?.port ?? this.#portOf(to) }
    })
    return { ensemble, listen: { host: '127.0.0.1', port: this.#portOf(id) } }
  }

  commandOf(): readonly string[] {
    return []
  }

  /** All that passes between this peer and the others, whoever has dialled. */
  disturb(id: number, disturbance: Disturbance): void {
    for (const other of this.#ids) this.#disturbances.set(pairOf(id, other), disturbance)
  }

  heal(): void {
    this.#disturbances.clear()
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(
      this.#proxies.map(({ server }) => new Promise((resolve) => server.close(resolve))),
    )
  }

  #portOf(id: number): number {
    return this.#ports.get(id) ?? 0
  }

  async #listen(from: number, to: number): Promise<void> {
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (dialling) => {
      const accepting = connect({ host: '127.0.0.1', port: this.#portOf(to), noDelay: true })
      const pair = pairOf(from, to)
      for (const socket of [dialling, accepting]) {
        this.#sockets.add(socket)
        socket.on('error', () => undefined)
        socket.once('close', () => {
          this.#sockets.delete(socket)
          dialling.destroy()
          accepting.destroy()
        })
      }
      accepting.once('connect', () => {
        void this.#pass(dialling, accepting, pair)
        void this.#pass(accepting, dialling, pair)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    this.#proxies.push({ from, to, server, port })
  }

  /** Passes chunks on in order, one after the other, until either side is gone. */
  async #pass(source: Socket, target: Socket, pair: string): Promise<void> {
    const due: { readonly chunk: Buffer; readonly atMs: number }[] = []
    let wake: () => void = () => undefined
    source.on('data', (chunk: Buffer) => {
      const { delayMs = 0, jitterMs = 0 } = this.#disturbances.get(pair) ?? nothing
      if (delayMs + jitterMs > 0) this.disturbedCount += 1
      due.push({ chunk, atMs: performance.now() + delayMs + jitterMs * this.#random.unit() })
      if (due.length > 64) source.pause()
      wake()
    })
    source.once('close', () => wake())
    source.resume()
    while (!source.destroyed && !target.destroyed) {
      const next = due.shift()
      if (next === undefined) {
        source.resume()
        await new Promise<void>((resolve) => (wake = resolve))
        continue
      }
      await pauseMs(next.atMs - performance.now())
      await this.#write(next.chunk, source, target, pair)
    }
  }

  async #write(chunk: Buffer, source: Socket, target: Socket, pair: string): Promise<void> {
    const { bytesPerSecond, corrupt = 0, cut = 0 } = this.#disturbances.get(pair) ?? nothing
    if (cut > 0 && this.#random.chance(cut)) {
      this.disturbedCount += 1
      await written(target, chunk.subarray(0, Math.ceil(chunk.length / 2)))
      source.resetAndDestroy()
      target.resetAndDestroy()
      return
    }
    if (corrupt > 0 && this.#random.chance(corrupt)) {
      this.disturbedCount += 1
      const at = this.#random.integer(0, chunk.length - 1)
      chunk[at] = (chunk[at] ?? 0) ^ (1 << this.#random.integer(0, 7))
    }
    if (bytesPerSecond !== undefined) {
      this.disturbedCount += 1
      await pauseMs((chunk.length / bytesPerSecond) * 1_000)
    }
    await written(target, chunk)
  }
}

function pairOf(one: number, other: number): string {
  return one < other ? `${one}-${other}` : `${other}-${one}`
}

function pauseMs(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms))
}

function written(target: Socket, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => target.write(chunk, () => resolve()))
}
