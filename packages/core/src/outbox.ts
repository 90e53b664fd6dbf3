/**
 * Gathers what a step asks for: one `send` a peer, one `deliver` a session, appends in order. The
 * modules of the core never build these effects themselves.
 */
import type { Delivery, Effect } from './effects.ts'
import type { PeerId, SessionId } from './ids.ts'
import type { LogRecord } from './log-record.ts'
import type { Message } from './zab/messages.ts'

export class Outbox {
  #sends = new Map<PeerId, Message[]>()
  #deliveries = new Map<SessionId, Delivery[]>()
  #records: LogRecord[] = []
  #effects: Effect[] = []
  #stepsAgain = false
  /** The last log effect's number; an append added now gets the next one. */
  #lastSeq = 0

  /** What the records added now will be synced as: `log-synced { seq }` speaks for them. */
  append(...records: readonly LogRecord[]): number {
    if (this.#records.length === 0) this.#lastSeq += 1
    for (const record of records) this.#records.push(record)
    return this.#lastSeq
  }

  /** The `seq` of the last append that was ever added. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  send(to: PeerId, message: Message): void {
    const messages = this.#sends.get(to)
    if (messages === undefined) this.#sends.set(to, [message])
    else messages.push(message)
  }

  deliver(to: SessionId, item: Delivery): void {
    const items = this.#deliveries.get(to)
    if (items === undefined) this.#deliveries.set(to, [item])
    else items.push(item)
  }

  /** For everything that has no method of its own here. */
  add(effect: Exclude<Effect, { type: 'send' | 'deliver' | 'append-log' | 'step-again' }>): void {
    this.#effects.push(effect)
  }

  /** Asks for another step, whether anything happens or not. */
  stepAgain(): void {
    this.#stepsAgain = true
  }

  /** Forgets what this step would send to a peer: its link is gone. */
  dropSends(to: PeerId): void {
    this.#sends.delete(to)
  }

  /** The effects of the step that ends now, the log's first, since the disk is the slowest. */
  take(): Effect[] {
    const effects: Effect[] = []
    if (this.#records.length > 0) {
      effects.push({ type: 'append-log', seq: this.#lastSeq, records: this.#records })
    }
    for (const [to, messages] of this.#sends) effects.push({ type: 'send', to, messages })
    for (const [to, items] of this.#deliveries) effects.push({ type: 'deliver', to, items })
    effects.push(...this.#effects)
    if (this.#stepsAgain) effects.push({ type: 'step-again' })
    this.#records = []
    // New ones: V8 leaves the table of a cleared map behind with a link to the next one, along which
    // the collector takes everything that was ever sent for alive once it has seen it twice.
    if (this.#sends.size > 0) this.#sends = new Map()
    if (this.#deliveries.size > 0) this.#deliveries = new Map()
    this.#effects = []
    this.#stepsAgain = false
    return effects
  }
}
