/** Z16: no epoch uses a counter above its limit; it ends before (ZOOKEEPER-1277). */
import { counterOf, formatZxid, type LogRecord } from '@conclave/core/internal'
import type { Invariant, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

export class ZxidRollover implements Invariant {
  readonly id = 'Z16'
  readonly #maxCounter: number

  constructor(maxCounter: number) {
    this.#maxCounter = maxCounter
  }

  onAppend(peer: ObservedPeer, records: readonly LogRecord[]): void {
    for (const record of records) {
      if (record.type !== 'page') continue
      const { last } = record.page
      demand(
        counterOf(last) <= this.#maxCounter,
        this.id,
        () => `peer ${peer.id} appends ${formatZxid(last)}, the limit is ${this.#maxCounter}`,
      )
    }
  }
}
