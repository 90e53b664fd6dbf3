/**
 * Z15: a COMMIT names a page end that its receiver was sent before, on the same link; NEWLEADER ends
 * exactly what was sent, and UPTODATE carries what its leader has committed by then.
 */
import { formatZxid, type Message, type PeerId, type Zxid } from '@conclave/core/internal'
import type { Invariant, ObservedPeer, Step } from '../observation.ts'
import { demand } from '../violation.ts'

export class CommitMatch implements Invariant {
  readonly id = 'Z15'
  readonly #sentUpTo = new Map<string, Zxid>()
  readonly #steps = new Map<PeerId, Step>()

  onStart(peer: ObservedPeer): void {
    for (const link of this.#sentUpTo.keys()) {
      if (link.startsWith(`${peer.id}>`)) this.#sentUpTo.delete(link)
    }
  }

  onStep(step: Step): void {
    const { peer, events } = step
    this.#steps.set(peer.id, step)
    for (const event of events) {
      // What was sent on a link that is gone says nothing of the next one.
      if (event.type === 'link-down') this.#sentUpTo.delete(`${peer.id}>${event.peer}`)
    }
  }

  onSend(from: ObservedPeer, to: PeerId, message: Message): void {
    const link = `${from.id}>${to}`
    switch (message.type) {
      case 'diff':
        this.#sentUpTo.set(link, message.after.last)
        break
      case 'trunc':
        this.#sentUpTo.set(link, message.to.last)
        break
      case 'snap':
        this.#sentUpTo.set(link, message.at.last)
        break
      case 'proposal':
        this.#sentUpTo.set(link, message.page.last)
        break
      case 'new-leader':
        this.#demandSent(link, message.end, message.end === this.#sentUpTo.get(link), 'NEWLEADER')
        break
      case 'commit': {
        const sent = this.#sentUpTo.get(link) ?? 0
        this.#demandSent(link, message.upTo, message.upTo <= sent, 'COMMIT')
        break
      }
      case 'up-to-date': {
        // What is committed later in the same step follows in a COMMIT of its own.
        const step = this.#steps.get(from.id)
        if (step === undefined) break
        const { before, after } = step
        const isLatest =
          message.committed >= before.lastCommitted && message.committed <= after.lastCommitted
        demand(
          isLatest,
          this.id,
          () =>
            `UPTODATE ${link} carries ${formatZxid(message.committed)}, ` +
            `committed was ${formatZxid(before.lastCommitted)}`,
        )
        break
      }
      default:
        break
    }
  }

  #demandSent(link: string, upTo: Zxid, holds: boolean, what: string): void {
    demand(holds, this.id, () => {
      const sent = this.#sentUpTo.get(link)
      const shown = sent === undefined ? 'nothing' : formatZxid(sent)
      return `${what} ${link} names ${formatZxid(upTo)}, sent was ${shown}`
    })
  }
}
