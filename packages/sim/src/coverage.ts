/**
 * What a run has reached: the moments without which a clean run proves little. Counted over many
 * seeds, a mark that stays at 0 means that the scenarios or the workload have gone stale.
 */
import {
  counterOf,
  epochOf,
  type LogRecord,
  type Message,
  type Page,
  type PeerId,
  type RecoveredState,
} from '@conclave/core/internal'
import type { Call, History, SessionHistory } from './history.ts'
import type { Invariant, ObservedPeer, Step } from './observation.ts'

export const marks = [
  'epoch-established',
  'epoch-above-3',
  'leader-crashed',
  'other-crashed',
  'crashed-in-midst-of-append',
  'started-from-snapshot',
  'started-with-history',
  'diff-empty',
  'diff-with-pages',
  'trunc',
  'snap',
  'snapshot-installed',
  'checkpoint-written',
  'log-purged',
  'log-read',
  'append-torn',
  'ghost-write',
  'disk-refused',
  'open-without-space',
  'rot-flipped',
  'rot-misdirected',
  'rot-hole',
  'rot-tail',
  'rot-missing',
  'rot-stale',
  'damage-found',
  'crashed-at-point',
  'paused-at-point',
  'crashed-in-boot',
  'halted',
  'core-alone',
  'store-lost',
  'store-healed',
  'counter-ran-out',
  'goodbye',
  'session-expired',
  'session-closed',
  'write-refused',
  'write-unknown-committed',
  'write-unknown-absent',
  'write-aborted',
  'result-lost',
  'sync-answered',
  'watch-event',
  'watch-gap',
] as const
export type Mark = (typeof marks)[number]
export type Marks = Readonly<Record<Mark, number>>

export class Coverage implements Invariant {
  readonly id = 'coverage'
  readonly #maxCounter: number
  readonly #counts = new Map<Mark, number>()
  readonly #established = new Set<number>()
  readonly #leaders = new Set<PeerId>()
  readonly #diffs = new Map<string, Message>()

  constructor(maxCounter: number) {
    this.#maxCounter = maxCounter
  }

  get marks(): Marks {
    return Object.fromEntries(marks.map((mark) => [mark, this.#counts.get(mark) ?? 0])) as Marks
  }

  onStart(peer: ObservedPeer, recovered: RecoveredState): void {
    if (recovered.replica.end.last > 0) this.reach('started-from-snapshot')
    if (recovered.history.length > 0) this.reach('started-with-history')
    this.#leaders.delete(peer.id)
  }

  onStep({ peer, events, effects, after }: Step): void {
    const { role, phase, epoch } = after.standing
    const leads = role === 'leader' && phase === 'broadcast'
    if (leads) this.#leaders.add(peer.id)
    else this.#leaders.delete(peer.id)
    if (leads && !this.#established.has(epoch)) {
      this.#established.add(epoch)
      this.reach(epoch > 3 ? 'epoch-above-3' : 'epoch-established')
    }
    for (const event of events) {
      if (event.type === 'checkpoint-written') this.reach('checkpoint-written')
      if (event.type === 'log-read') this.reach('log-read')
    }
    for (const effect of effects) {
      if (effect.type === 'purge-log') this.reach('log-purged')
      if (effect.type !== 'deliver') continue
      for (const item of effect.items) {
        if (item.type === 'watch-event' || item.type === 'watch-gap') this.reach(item.type)
      }
    }
  }

  onAppend(_peer: ObservedPeer, records: readonly LogRecord[]): void {
    for (const record of records) {
      if (record.type === 'snapshot-installed') this.reach('snapshot-installed')
      if (record.type === 'damage-healed') this.reach('store-healed')
    }
  }

  onSend(from: ObservedPeer, to: PeerId, message: Message): void {
    const link = `${from.id}>${to}`
    switch (message.type) {
      case 'diff':
        this.#diffs.set(link, message)
        break
      case 'trunc':
      case 'snap':
        this.#diffs.delete(link)
        this.reach(message.type)
        break
      case 'proposal':
        if (this.#diffs.delete(link)) this.reach('diff-with-pages')
        break
      case 'new-leader':
        if (this.#diffs.delete(link)) this.reach('diff-empty')
        break
      case 'goodbye':
        this.reach('goodbye')
        break
      default:
        break
    }
  }

  onStop(peer: ObservedPeer, wiped: boolean): void {
    if (wiped) {
      this.reach('store-lost')
      return
    }
    this.reach(this.#leaders.has(peer.id) ? 'leader-crashed' : 'other-crashed')
    if (peer.appended.end.last > peer.durable.end.last) this.reach('crashed-in-midst-of-append')
    this.#leaders.delete(peer.id)
  }

  onCommitted(_peer: ObservedPeer, page: Page): void {
    if (epochOf(page.last) > 0 && counterOf(page.last) === this.#maxCounter) {
      this.reach('counter-ran-out')
    }
  }

  afterTxn(txn: Parameters<NonNullable<Invariant['afterTxn']>>[0]): void {
    if (txn.type === 'close-session') {
      this.reach(txn.reason === 'expired' ? 'session-expired' : 'session-closed')
    }
  }

  onAnswer(_peer: ObservedPeer, _session: SessionHistory, call: Call): void {
    const { answer } = call
    if (answer?.type === 'refused') this.reach('write-refused')
    if (answer?.type === 'synced') this.reach('sync-answered')
    if (answer?.type !== 'failed') return
    if (answer.code === 'ABORTED') this.reach('write-aborted')
    if (answer.code === 'RESULT_LOST') this.reach('result-lost')
  }

  /** Counts what became of the writes whose outcome nobody was told. */
  noteOutcomes(history: History): void {
    for (const session of history.sessions.values()) {
      for (const { request, answer, zxid } of session.calls) {
        const unknown =
          answer?.type === 'lost' || (answer?.type === 'failed' && answer.outcome === 'unknown')
        if (request === null || !unknown) continue
        this.reach(zxid === null ? 'write-unknown-absent' : 'write-unknown-committed')
      }
    }
  }

  reach(mark: Mark): void {
    this.#counts.set(mark, (this.#counts.get(mark) ?? 0) + 1)
  }
}
