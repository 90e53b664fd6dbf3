/**
 * Z10: what is committed stays. No peer cuts a committed page from its log, by TRUNC or by a snapshot
 * that stands before it; and in the end every peer that runs has applied the whole committed log.
 */
import { formatZxid, type LogRecord, type PeerId, type Zxid } from '@conclave/core/internal'
import type { Invariant, Observed, ObservedPeer, Step } from '../observation.ts'
import { demand } from '../violation.ts'

export class CommittedSurvives implements Invariant {
  readonly id = 'Z10'
  readonly #observed: Observed
  readonly #applied = new Map<PeerId, Zxid>()

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onAppend(peer: ObservedPeer, records: readonly LogRecord[]): void {
    for (const record of records) {
      const kept =
        record.type === 'truncate'
          ? record.to
          : record.type === 'snapshot-installed'
            ? record.at
            : null
      if (kept === null) continue
      const { committed } = this.#observed
      const lost = peer.appended.pages.find(
        (page) => page.last > kept.last && committed.pageAt(page.last)?.crc === page.crc,
      )
      demand(
        lost === undefined,
        this.id,
        () =>
          `peer ${peer.id} cuts ${formatZxid((lost as { last: Zxid }).last)}, which is committed`,
      )
    }
  }

  onStep({ peer, after }: Step): void {
    this.#applied.set(peer.id, after.lastApplied)
  }

  atEnd(): void {
    const { end } = this.#observed.committed
    for (const [peer, applied] of this.#applied) {
      if (this.#observed.peers.get(peer)?.isRunning !== true) continue
      demand(
        applied >= end.last,
        this.id,
        () =>
          `peer ${peer} has applied ${formatZxid(applied)} of ${formatZxid(end.last)} in the end`,
      )
    }
  }
}
