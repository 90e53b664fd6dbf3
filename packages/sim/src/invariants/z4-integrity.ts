/**
 * Z4: a zxid stands for one content. Whatever page is appended anywhere, by anyone, the leader of its
 * epoch made it, once: no two pages of different content end at one zxid, nor overlap.
 */
import {
  epochOf,
  formatZxid,
  type LogRecord,
  type PeerId,
  type Zxid,
} from '@conclave/core/internal'
import type { Invariant, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

interface Made {
  readonly first: Zxid
  readonly crc: number
}

export class Integrity implements Invariant {
  readonly id = 'Z4'
  readonly #made = new Map<Zxid, Made>()
  /** Who was first seen with a page of each epoch: its leader, since nobody else has it sooner. */
  readonly #makers = new Map<number, PeerId>()

  onAppend(peer: ObservedPeer, records: readonly LogRecord[]): void {
    for (const record of records) {
      if (record.type !== 'page') continue
      const { first, last, crc } = record.page
      const known = this.#made.get(last)
      if (known === undefined) {
        const epoch = epochOf(first)
        const maker = this.#makers.get(epoch) ?? peer.id
        demand(
          maker === peer.id,
          this.id,
          () => `${formatZxid(last)} was not made by the leader of its epoch, ${maker}`,
        )
        this.#makers.set(epoch, maker)
        this.#made.set(last, { first, crc })
      } else {
        demand(
          known.crc === crc && known.first === first,
          this.id,
          () => `two different pages end at ${formatZxid(last)}`,
        )
      }
    }
  }
}
