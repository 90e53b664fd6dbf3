/**
 * The load of the wire bench: a process that speaks ZooKeeper's protocol over as many connections as it
 * is told, each with so many requests outstanding, and counts what comes back. It reads of a reply what
 * it needs, the xid and the error, and sends as many requests as came back in one write.
 */
import { connect, type Socket } from 'node:net'
import { createHistogram } from 'node:perf_hooks'
import type { LoadResult } from './load.ts'
import { answerQuestions } from './processes.ts'
import { connectRequest, createRequest, getRequest, setRequest } from './wire-frames.ts'

export type WireQuestion =
  /** Connects to these ports in turn, and makes a znode of 100 B for each connection. */
  | {
      readonly type: 'connect'
      readonly ports: readonly number[]
      readonly connections: number
    }
  | {
      readonly type: 'run'
      readonly operation: 'set' | 'get'
      readonly outstanding: number
      readonly seconds: number
      /** It goes on until so many are answered. */
      readonly atLeast: number
    }

export interface WireResult extends LoadResult {
  readonly errors: number
  /** With those of the warm-up. */
  readonly answers: number
}

const value = Buffer.alloc(100, 0x61)
const headerBytes = 4 + 4 + 8 + 4
/** Requests that one connection may have outstanding: a power of two. */
const maxOutstanding = 1_024

/** One connection: what it has outstanding goes by xid. */
class Wire {
  readonly path: string
  readonly #socket: Socket
  readonly #sentMs = new Float64Array(maxOutstanding)
  #xid = 0
  #rest: Buffer = Buffer.alloc(0)
  #onReply: (xid: number, error: number) => void = () => undefined
  #onRead: () => void = () => undefined

  constructor(socket: Socket, path: string) {
    this.#socket = socket
    this.path = path
    socket.setNoDelay(true)
    socket.on('data', (bytes) => this.#take(bytes))
  }

  static async open(port: number, path: string): Promise<Wire> {
    const socket = connect(port, '127.0.0.1')
    await new Promise<void>((resolve, reject) =>
      socket.once('connect', resolve).once('error', reject),
    )
    const wire = new Wire(socket, path)
    await new Promise<void>((resolve) => {
      wire.#onReply = () => resolve()
      socket.write(connectRequest())
    })
    return wire
  }

  /** One request, and the error of its reply. */
  ask(request: Buffer): Promise<number> {
    return new Promise((resolve) => {
      this.#onReply = (_xid, error) => resolve(error)
      this.#send(request, 1)
    })
  }

  /** Keeps so many outstanding, until `goesOn` says no; resolves when all are answered. */
  run(
    request: Buffer,
    outstanding: number,
    goesOn: () => boolean,
    onAnswered: (tookMs: number, error: number) => void,
  ): Promise<void> {
    return new Promise((resolve) => {
      let waiting = outstanding
      let answered = 0
      this.#onReply = (xid, error) => {
        answered += 1
        onAnswered(performance.now() - (this.#sentMs[xid & (maxOutstanding - 1)] ?? 0), error)
      }
      this.#onRead = () => {
        const again = goesOn() ? answered : 0
        waiting += again - answered
        answered = 0
        if (again > 0) this.#send(request, again)
        if (waiting > 0) return
        this.#onRead = () => undefined
        resolve()
      }
      this.#send(request, outstanding)
    })
  }

  #send(request: Buffer, count: number): void {
    const batch = Buffer.allocUnsafe(request.length * count)
    const nowMs = performance.now()
    for (let index = 0; index < count; index += 1) {
      this.#xid = (this.#xid + 1) & 0x7fffffff
      const at = index * request.length
      request.copy(batch, at)
      batch.writeInt32BE(this.#xid, at + 4)
      this.#sentMs[this.#xid & (maxOutstanding - 1)] = nowMs
    }
    this.#socket.write(batch)
  }

  #take(bytes: Buffer): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    let at = 0
    while (all.length - at >= 4) {
      const length = all.readInt32BE(at)
      if (all.length - at < 4 + length) break
      const isReply = length >= headerBytes - 4
      const xid = isReply ? all.readInt32BE(at + 4) : 0
      // Pings and events are nobody's requests.
      if (xid >= 0) this.#onReply(xid, isReply ? all.readInt32BE(at + 16) : 0)
      at += 4 + length
    }
    this.#rest = all.subarray(at)
    this.#onRead()
  }
}

let wires: Wire[] = []

answerQuestions(async (question: WireQuestion): Promise<unknown> => {
  switch (question.type) {
    case 'connect': {
      const { ports, connections } = question
      wires = []
      for (let index = 0; index < connections; index += 1) {
        const port = ports[index % ports.length] ?? 0
        wires.push(await Wire.open(port, `/bench-${String(index).padStart(3, '0')}`))
      }
      for (const wire of wires) {
        const error = await wire.ask(createRequest(wire.path, value))
        const exists = -110
        if (error !== 0 && error !== exists) throw new Error(`create failed: ${String(error)}`)
      }
      return 'connected'
    }
    case 'run':
      return await run(question)
  }
})

async function run({
  operation,
  outstanding,
  seconds,
  atLeast,
}: WireQuestion & { readonly type: 'run' }): Promise<WireResult> {
  const histogram = createHistogram()
  const warmMs = performance.now() + seconds * 100
  const endMs = warmMs + seconds * 1_000
  let answers = 0
  let operations = 0
  let errors = 0
  let isOver = false
  const onAnswered = (tookMs: number, error: number): void => {
    answers += 1
    if (error !== 0) errors += 1
    const nowMs = performance.now()
    if (nowMs < warmMs) return
    isOver = nowMs >= endMs && answers >= atLeast
    if (isOver) return
    operations += 1
    histogram.record(Math.max(1, Math.round(tookMs * 1e6)))
  }
  await Promise.all(
    wires.map((wire) => {
      const request = operation === 'set' ? setRequest(wire.path, value) : getRequest(wire.path)
      return wire.run(request, outstanding, () => !isOver, onAnswered)
    }),
  )
  return {
    operations,
    seconds,
    p50Ms: histogram.percentile(50) / 1e6,
    p99Ms: histogram.percentile(99) / 1e6,
    errors,
    answers,
  }
}
