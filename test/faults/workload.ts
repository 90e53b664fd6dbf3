/**
 * What the clients of one service do until they are told to stop: znodes that all fight over, with and
 * without versions; sequential znodes; transactions over two of them; sessions that come and go, with
 * their ephemerals; watches; local and linearizable reads. Every value has an id of its own.
 *
 * A client has one call outstanding, so that a history stays cheap to judge; the one that makes
 * sequential znodes has several.
 */
import { CoordinationError, type Peer } from 'conclave'
import { sleep } from '../processes/waiting.ts'
import { Client, readKinds, valueOf } from './client.ts'
import type { CallEntry, HistoryOperation } from '@conclave/sim'
import { Random } from './random.ts'
import type { Recorder } from './recorder.ts'

export interface WorkloadOptions {
  readonly seed: number
  readonly sessionTimeoutMs: number
  /** How large the values are. */
  readonly valueBytes: number
  /** What a client rests between two calls, at the most. */
  readonly thinkMs: number
}

/** Where things are; `prepare` makes these, once for all services. */
const roots = ['/registers', '/queue', '/pairs', '/owned'] as const
const registerCount = 6
const pair = ['/pairs/a', '/pairs/b'] as const
/** A call that is given up early is one of those whose outcome is unknown. */
const impatientMs = 400
const impatience = 0.1
const pipelined = 4

export async function prepare(peer: Peer, recorder: Recorder): Promise<void> {
  const client = new Client(peer, await peer.session(), recorder)
  for (const path of [...roots, ...pair]) {
    await client.call({ type: 'create', path, value: 'founded' })
  }
  await client.close()
}

export class Workload {
  readonly #peer: Peer
  readonly #recorder: Recorder
  readonly #options: WorkloadOptions
  readonly #clients: Promise<void>[] = []
  readonly #open = new Set<Client>()
  #isRunning = true
  #lastValue = 0

  constructor(peer: Peer, recorder: Recorder, options: WorkloadOptions) {
    this.#peer = peer
    this.#recorder = recorder
    this.#options = options
  }

  begin(): void {
    const { seed } = this.#options
    const work = [this.#fight, this.#fight, this.#queue, this.#pair, this.#own, this.#watch]
    for (const [index, step] of work.entries()) {
      this.#clients.push(this.#repeat(step, new Random(seed * 16 + index)))
    }
  }

  /** Resolves once every client has its last answer and has closed its session. */
  async end(): Promise<void> {
    this.#isRunning = false
    await Promise.all(this.#clients)
  }

  /** The peer is closed with the sessions that are open: it is as if each was closed. */
  onClosing(): void {
    for (const { session } of this.#open) {
      if (!session.alive.aborted) this.#recorder.begin(session.id, { type: 'close-session' })
    }
  }

  /** One client: session after session, until the end or until the peer is gone. */
  async #repeat(
    step: (client: Client, random: Random) => Promise<void>,
    random: Random,
  ): Promise<void> {
    while (this.#goesOn()) {
      const client = await this.#begin()
      if (client === 'over') return
      if (client === 'later') continue
      while (this.#goesOn() && !client.isOver) {
        await step.call(this, client, random)
        await sleep(random.unit() * this.#options.thinkMs)
      }
      await client.close()
      this.#open.delete(client)
    }
  }

  #goesOn(): boolean {
    return this.#isRunning
  }

  async #begin(): Promise<Client | 'later' | 'over'> {
    const { sessionTimeoutMs } = this.#options
    try {
      const session = await this.#peer.session({ sessionTimeoutMs, timeoutMs: 1_000 })
      const client = new Client(this.#peer, session, this.#recorder)
      this.#open.add(client)
      return client
    } catch (error) {
      if (!(error instanceof CoordinationError)) throw error
      if (error.code === 'PEER_FAILED' || error.code === 'PEER_CLOSED') return 'over'
      await sleep(50)
      return 'later'
    }
  }

  /** Znodes that every client of every service reads, writes, makes and deletes. */
  async #fight(client: Client, random: Random): Promise<void> {
    const path = `/registers/${random.integer(1, registerCount)}`
    const read = random.pick(readKinds)
    const timeoutMs = random.chance(impatience) ? impatientMs : undefined
    const draw = random.unit()
    if (draw < 0.2) await client.call({ type: 'set', path, value: this.#value() }, timeoutMs)
    else if (draw < 0.45) await this.#compareAndSet(client, path, timeoutMs)
    else if (draw < 0.85) await client.call({ type: 'get', path, read }, timeoutMs)
    else if (draw < 0.9) await client.call({ type: 'exists', path, read }, timeoutMs)
    else if (draw < 0.93) await client.call({ type: 'delete', path }, timeoutMs)
    else await client.call({ type: 'create', path, value: this.#value() }, timeoutMs)
  }

  async #compareAndSet(client: Client, path: string, timeoutMs?: number): Promise<void> {
    const version = versionIn(await client.call({ type: 'get', path, read: 'local' }))
    if (version === undefined) return
    await client.call({ type: 'set', path, value: this.#value(), version }, timeoutMs)
  }

  async #queue(client: Client): Promise<void> {
    const create = (): HistoryOperation => {
      return { type: 'create', path: '/queue/entry-', value: this.#value(), sequential: true }
    }
    await Promise.all(Array.from({ length: pipelined }, () => client.call(create())))
  }

  /** Both or neither: read one, then change both where it is as it was. */
  async #pair(client: Client, random: Random): Promise<void> {
    const [first, second] = pair
    if (random.chance(0.3)) await client.call({ type: 'sync' })
    const version = versionIn(await client.call({ type: 'get', path: first, read: 'local' }))
    await client.call({ type: 'get', path: second, read: random.pick(readKinds) })
    if (version === undefined) return
    const value = this.#value()
    const operations = [
      { type: 'check', path: first, version },
      { type: 'set', path: first, value },
      { type: 'set', path: second, value },
    ] as const
    await client.call({ type: 'transaction', operations })
  }

  /** Ephemerals, and the end of the session that owns them. */
  async #own(client: Client, random: Random): Promise<void> {
    const path = `/owned/${client.session.id}-${this.#lastValue}`
    await client.call({ type: 'create', path, value: this.#value(), ephemeral: true })
    await client.call({ type: 'get', path, read: 'local' })
    if (random.chance(0.2)) await client.call({ type: 'delete', path })
    if (random.chance(0.1)) await client.close()
  }

  /** Watches for a while, and reads behind what it was told. */
  async #watch(client: Client, random: Random): Promise<void> {
    const watching = client.watch(++this.#lastValue, '/registers')
    const until = random.integer(20, 200)
    for (let count = 0; count < until && this.#goesOn() && !client.isOver; count += 1) {
      const path = `/registers/${random.integer(1, registerCount)}`
      await client.call({ type: 'get', path, read: 'local' })
      await sleep(random.unit() * this.#options.thinkMs)
    }
    await client.close()
    await watching
  }

  #value(): string {
    this.#lastValue += 1
    return valueOf(`${process.pid}.${this.#lastValue}`, this.#options.valueBytes)
  }
}

function versionIn({ outcome, result }: Pick<CallEntry, 'outcome' | 'result'>): number | undefined {
  return outcome === 'ok' ? (result?.stat?.version ?? undefined) : undefined
}
