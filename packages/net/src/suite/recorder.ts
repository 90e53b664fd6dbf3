/** A listener that writes down what it is told, and can be waited on: how a suite observes. */
import type { Message, PeerId } from '@conclave/core/internal'
import type { Refusal, RemotePeer, TransportListener } from '../transport.ts'

export type Told =
  | { readonly type: 'up'; readonly peer: PeerId; readonly remote: RemotePeer }
  | { readonly type: 'down'; readonly peer: PeerId; readonly reason: string }
  | { readonly type: 'messages'; readonly peer: PeerId; readonly messages: readonly Message[] }
  | { readonly type: 'refused'; readonly peer: PeerId; readonly refusal: Refusal }

export class Recorder implements TransportListener {
  /** Everything, in order. */
  readonly told: Told[] = []
  readonly #waiting = new Set<() => void>()

  onLinkUp(peer: PeerId, remote: RemotePeer): void {
    this.#tell({ type: 'up', peer, remote })
  }

  onLinkDown(peer: PeerId, reason: string): void {
    this.#tell({ type: 'down', peer, reason })
  }

  onMessages(peer: PeerId, messages: readonly Message[]): void {
    this.#tell({ type: 'messages', peer, messages })
  }

  onRefused(refusal: Refusal): void {
    this.#tell({ type: 'refused', peer: refusal.peer, refusal })
  }

  /** Resolves when the condition holds, which is asked now and whenever something is told. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((resolve) => {
      const ask = (): void => {
        if (!condition()) return
        this.#waiting.delete(ask)
        resolve()
      }
      this.#waiting.add(ask)
    })
  }

  linked(peer: PeerId): boolean {
    const last = this.told.findLast(
      (one) => one.peer === peer && (one.type === 'up' || one.type === 'down'),
    )
    return last?.type === 'up'
  }

  /** How often the link to the peer came up. */
  upCount(peer: PeerId): number {
    return this.told.filter((one) => one.type === 'up' && one.peer === peer).length
  }

  /** Why the link to the peer went down, each time. */
  downReasons(peer: PeerId): string[] {
    return this.told.flatMap((one) =>
      one.type === 'down' && one.peer === peer ? [one.reason] : [],
    )
  }

  received(peer: PeerId): Message[] {
    return this.told.flatMap((one) =>
      one.type === 'messages' && one.peer === peer ? one.messages : [],
    )
  }

  refusals(): Refusal[] {
    return this.told.flatMap((one) => (one.type === 'refused' ? [one.refusal] : []))
  }

  #tell(one: Told): void {
    this.told.push(one)
    for (const ask of [...this.#waiting]) ask()
  }
}
