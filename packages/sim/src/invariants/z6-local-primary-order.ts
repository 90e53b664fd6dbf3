/**
 * Z6: what a leader broadcast in one order, everybody delivers in that order: whoever delivers a page
 * has delivered, right before, the page that its leader made before it in the epoch.
 */
import {
  epochOf,
  formatZxid,
  type LogRecord,
  type PeerId,
  type RecoveredState,
  type Zxid,
} from '@conclave/core/internal'
import type { Invariant, ObservedPeer, Step } from '../observation.ts'
import { demand } from '../violation.ts'

export class LocalPrimaryOrder implements Invariant {
  readonly id = 'Z6'
  /** What each page's leader made before it in its epoch, and the newest of each epoch. */
  readonly #before = new Map<Zxid, Zxid>()
  readonly #newest = new Map<number, Zxid>()
  readonly #delivered = new Map<PeerId, Zxid>()

  onStart(peer: ObservedPeer, recovered: RecoveredState): void {
    this.#delivered.set(peer.id, recovered.replica.end.last)
  }

  /** A leader appends what it broadcasts, and nobody has it sooner. */
  onAppend(_peer: ObservedPeer, records: readonly LogRecord[]): void {
    for (const record of records) {
      if (record.type !== 'page') continue
      const { last } = record.page
      const epoch = epochOf(last)
      const newest = this.#newest.get(epoch) ?? (0 as Zxid)
      if (last <= newest) continue
      this.#before.set(last, newest)
      this.#newest.set(epoch, last)
    }
  }

  onStep({ peer, events, after }: Step): void {
    const from = this.#delivered.get(peer.id) ?? (0 as Zxid)
    if (after.lastApplied <= from) return
    // A received snapshot stands for all that led to it.
    const received = events.some((event) => event.type === 'snapshot-received')
    let delivered = from
    for (const page of received ? [] : peer.appended.between(from, after.lastApplied)) {
      const before = this.#before.get(page.last) ?? (0 as Zxid)
      const isNext = before <= delivered
      demand(
        isNext,
        this.id,
        () =>
          `peer ${peer.id} delivers ${formatZxid(page.last)} without ${formatZxid(before)}, which ` +
          'its leader broadcast before it',
      )
      delivered = page.last
    }
    this.#delivered.set(peer.id, after.lastApplied)
  }
}
