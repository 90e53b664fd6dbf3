/**
 * What a pause in the midst of a step leaves to be performed at its end. What was for a link that is
 * another one by then is lost with the old one, as a transport loses it.
 */
import type { Effect, PeerId } from '@conclave/core/internal'
import type { Network } from './network.ts'

export class InterruptedStep {
  #left: (() => readonly Effect[]) | null = null

  /** True while something waits: the peer and its applications stand still. */
  get isThere(): boolean {
    return this.#left !== null
  }

  /** These are to be performed when the peer goes on. */
  keep(effects: readonly Effect[], peer: PeerId, network: Network): void {
    const linkOf = (effect: Effect): unknown => {
      if (effect.type === 'send') return network.connectionAt(peer, effect.to)
      return effect.type === 'disconnect' ? network.connectionAt(peer, effect.peer) : null
    }
    const links = new Map(effects.map((effect) => [effect, linkOf(effect)]))
    this.#left = () => effects.filter((effect) => linkOf(effect) === links.get(effect))
  }

  /** What is to be performed now. Nothing waits any more. */
  take(): readonly Effect[] {
    const left = this.#left?.() ?? []
    this.#left = null
    return left
  }
}
