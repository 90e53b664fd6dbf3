/**
 * Histories that are right, drawn from a seed: clients with delays on both ways, answers that get
 * lost, local reads that lag, sessions that end.
 */
import type { CallEntry, HistoryOperation } from '../../src/histories/entry.ts'
import type { LoggedTxn } from '../../src/histories/committed-order.ts'
import { sessionText } from '../../src/histories/committed-order.ts'
import { Random } from '../../src/prng.ts'
import { Service, type Effect } from './service.ts'

export interface Shape {
  readonly calls: number
  readonly clients: number
  readonly paths: readonly string[]
  /** Of the writes. */
  readonly unknownShare: number
  /** Of the creates; 0.3 unless told. */
  readonly ephemeralShare?: number
  /** What clients do, one as likely as the other. */
  readonly kinds: readonly (HistoryOperation['type'] | 'local-get' | 'set-version')[]
}

export interface Generated {
  readonly entries: readonly CallEntry[]
  readonly log: readonly LoggedTxn[]
}

export const everyKind: Shape['kinds'] = [
  'create',
  'set',
  'set-version',
  'delete',
  'transaction',
  'get',
  'exists',
  'children',
  'local-get',
  'sync',
  'close-session',
]

interface ClientState {
  session: number
  /** The last txn that the session has seen. */
  cursor: number
}

/** Draws a history. The same seed and shape make the same one. */
export function drawHistory(seed: number, shape: Shape): Generated {
  return new Drawing(seed, shape).draw()
}

class Drawing {
  readonly #random: Random
  readonly #shape: Shape
  readonly #service = new Service()
  readonly #entries: CallEntry[] = []
  readonly #due: { readonly at: number; readonly act: () => void }[] = []
  #now = 0
  #made = 0

  constructor(seed: number, shape: Shape) {
    this.#random = new Random(seed, 'workload')
    this.#shape = shape
  }

  draw(): Generated {
    for (let index = 0; index < this.#shape.clients; index += 1) {
      const client = { session: this.#service.openSession(), cursor: 0 }
      this.#after(10, () => this.#act(client))
    }
    for (;;) {
      this.#due.sort((a, b) => a.at - b.at)
      const next = this.#due.shift()
      if (next === undefined) break
      this.#now = next.at
      next.act()
    }
    return { entries: this.#entries, log: this.#service.log }
  }

  #after(mean: number, act: () => void): void {
    this.#due.push({ at: this.#now + this.#random.exponential(mean), act })
  }

  #act(client: ClientState): void {
    if (this.#made >= this.#shape.calls) return
    this.#made += 1
    const kind = this.#random.pick(this.#shape.kinds)
    const operation = this.#drawOperation(kind, this.#made)
    const call = {
      type: 'call' as const,
      session: sessionText(client.session),
      id: this.#made,
      operation,
      calledAt: this.#now,
    }
    const isWrite = !('read' in operation) && operation.type !== 'sync'
    if (isWrite && this.#random.chance(this.#shape.unknownShare)) this.#lose(client, call)
    else if ('read' in operation && operation.read === 'local') {
      const position = this.#random.integer(client.cursor, this.#service.position)
      this.#answer(client, call, this.#service.read(operation, position), position)
    } else {
      this.#after(50, () => {
        const effect = this.#perform(client, operation)
        const position = this.#service.position
        this.#after(50, () => this.#answer(client, call, effect, position))
      })
    }
  }

  #perform({ session }: ClientState, operation: HistoryOperation): Effect {
    const { position } = this.#service
    if ('read' in operation) return this.#service.read(operation, position)
    if (operation.type !== 'sync') return this.#service.write(session, operation)
    return { outcome: 'ok', result: null, zxid: this.#service.log[position - 1]?.zxid ?? 0 }
  }

  #answer(
    client: ClientState,
    call: Omit<CallEntry, keyof Effect | 'returnedAt'>,
    effect: Effect,
    position: number,
  ): void {
    this.#entries.push({ ...call, ...effect, returnedAt: this.#now })
    client.cursor = Math.max(client.cursor, position)
    if (call.operation.type === 'close-session') this.#renew(client)
    this.#after(20, () => this.#act(client))
  }

  /** The answer gets lost, and with it the session; the write has its effect some time, or never. */
  #lose(client: ClientState, call: Omit<CallEntry, keyof Effect | 'returnedAt'>): void {
    const { session } = client
    const isApplied = this.#random.chance(0.5)
    const gaveUpAt = this.#random.chance(0.5) ? this.#now + 100 : null
    this.#entries.push({ ...call, outcome: 'unknown', returnedAt: gaveUpAt })
    this.#after(300, () => {
      if (isApplied) this.#service.write(session, call.operation)
      const isOver = isApplied && call.operation.type === 'close-session'
      if (!isOver) this.#after(300, () => this.#service.expire(session))
    })
    this.#renew(client)
    this.#after(100, () => this.#act(client))
  }

  #renew(client: ClientState): void {
    client.session = this.#service.openSession()
    client.cursor = this.#service.position
  }

  #drawOperation(kind: Shape['kinds'][number], number: number): HistoryOperation {
    const path = this.#random.pick(this.#shape.paths)
    const value = `v${number}`
    switch (kind) {
      case 'create': {
        const sequential = this.#random.chance(0.3)
        const name = sequential ? `${path}-` : path
        return {
          type: 'create',
          path: name,
          value,
          sequential,
          ephemeral: this.#random.chance(this.#shape.ephemeralShare ?? 0.3),
        }
      }
      case 'set':
        return { type: 'set', path, value }
      case 'set-version':
        return { type: 'set', path, value, version: this.#random.integer(0, 3) }
      case 'delete':
        return { type: 'delete', path }
      case 'transaction': {
        const other = this.#random.pick(this.#shape.paths)
        return {
          type: 'transaction',
          operations: [
            { type: 'set', path, value },
            { type: 'set', path: other, value: `${value}'` },
          ],
        }
      }
      case 'local-get':
        return { type: 'get', path, read: 'local' }
      case 'get':
      case 'exists':
      case 'children':
        return { type: kind, path, read: 'linearizable' }
      default:
        return { type: kind }
    }
  }
}
