/**
 * Z18: the configuration in force at a peer is the last one in its log, committed or not; the versions
 * of those that are committed rise by one; and a leader proposes none before the one before it is
 * committed. That both decide until then is what Z9 counts by.
 */
import {
  epochOf,
  formatZxid,
  type Configuration,
  type LogRecord,
  type Page,
} from '@conclave/core/internal'
import type { Invariant, Observed, ObservedPeer, Step } from '../observation.ts'
import { demand } from '../violation.ts'

export class Membership implements Invariant {
  readonly id = 'Z18'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onStep({ peer, after }: Step): void {
    // A snapshot that was received brings its own, and cannot be seen before it is in use.
    if (peer.appended.start.last > peer.snapshotEnd.last) return
    const version = after.configuration?.version ?? 0
    const expected = this.#lastIn(peer)
    demand(
      version === expected,
      this.id,
      () => `at peer ${peer.id} version ${version} is in force, its log ends with ${expected}`,
    )
  }

  onAppend(peer: ObservedPeer, records: readonly LogRecord[]): void {
    for (const record of records) {
      if (record.type !== 'page' || !record.page.reconfigures) continue
      // A learner may be sent several at once; whoever made them knew that each was committed.
      const { page } = record
      const before = peer.appended.pages.findLast((one) => one.reconfigures)
      const isOpen = before !== undefined && before.last > this.#observed.committed.end.last
      demand(
        !isOpen || epochOf(before.last) < epochOf(page.last),
        this.id,
        () => `peer ${peer.id} has ${formatZxid(page.last)} behind a change that is not committed`,
      )
    }
  }

  onCommitted(_peer: ObservedPeer, page: Page): void {
    if (!page.reconfigures) return
    const before = this.#observed.model.configuration?.version ?? 0
    const { version } = this.#configurationOf(page)
    demand(version === before + 1, this.id, () => `version ${version} follows ${before}`)
  }

  /** The version of the last configuration that the log, or the snapshot before it, holds. */
  #lastIn({ appended, snapshot }: ObservedPeer): number {
    const page = appended.pages.findLast((one) => one.reconfigures)
    return Math.max(
      page === undefined ? 0 : this.#configurationOf(page).version,
      appended.configuration?.version ?? 0,
      snapshot?.summary?.configuration?.version ?? 0,
    )
  }

  #configurationOf(page: Page): Configuration {
    const txn = this.#observed.txnsOf(page).at(-1)
    demand(txn?.type === 'configure', this.id, () => 'a page that reconfigures configures nothing')
    return txn.configuration
  }
}
