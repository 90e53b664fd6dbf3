/**
 * Z5: along a log zxids rise, a page names the one before it, and within an epoch no counter is left
 * out (ZOOKEEPER-4925): in what is appended, in what is sent, and in what is committed.
 */
import {
  counterOf,
  epochOf,
  formatZxid,
  type LogRecord,
  type Message,
  type Page,
  type PageEnd,
  type PeerId,
} from '@conclave/core/internal'
import type { Invariant, ObservedPeer, Step } from '../observation.ts'
import { demand } from '../violation.ts'

export class TotalOrder implements Invariant {
  readonly id = 'Z5'
  /** Where each link's pages have come to, by sender and receiver, since its history began on it. */
  readonly #sent = new Map<string, PageEnd>()

  onStart(peer: ObservedPeer): void {
    for (const link of this.#sent.keys()) {
      if (link.startsWith(`${peer.id}>`)) this.#sent.delete(link)
    }
  }

  onStep({ peer, events }: Step): void {
    for (const event of events) {
      if (event.type === 'link-down') this.#sent.delete(`${peer.id}>${event.peer}`)
    }
  }

  onAppend(_peer: ObservedPeer, records: readonly LogRecord[]): void {
    for (const record of records) if (record.type === 'page') this.#check(record.page)
  }

  onSend(from: ObservedPeer, to: PeerId, message: Message): void {
    const link = `${from.id}>${to}`
    switch (message.type) {
      case 'diff':
        this.#sent.set(link, message.after)
        break
      case 'trunc':
        this.#sent.set(link, message.to)
        break
      case 'snap':
        this.#sent.set(link, message.at)
        break
      case 'proposal': {
        this.#check(message.page)
        const end = this.#sent.get(link)
        const { page } = message
        demand(
          end?.last === page.previousLast && end.crc === page.previousCrc,
          this.id,
          () =>
            `peer ${from.id} sends ${to} a page after ${formatZxid(page.previousLast)}, ` +
            `it has been sent up to ${end === undefined ? 'nothing' : formatZxid(end.last)}`,
        )
        this.#sent.set(link, page)
        break
      }
      default:
        break
    }
  }

  #check(page: Page): void {
    const { first, last, previousLast } = page
    const follows =
      epochOf(first) === epochOf(previousLast)
        ? counterOf(first) === counterOf(previousLast) + 1
        : counterOf(first) === 1
    demand(
      follows && first > previousLast && last >= first && epochOf(last) === epochOf(first),
      this.id,
      () =>
        `page ${formatZxid(first)}..${formatZxid(last)} does not follow ${formatZxid(previousLast)}`,
    )
  }
}
