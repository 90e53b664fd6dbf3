/**
 * Z14: a message that does not belong to phase, epoch and role ends the link; and since links are in
 * order and nothing of an old one reaches a new one, no peer ever sends such a message to another. Nor
 * one that breaks any other rule: a peer that hangs up and names one has found a violation.
 */
import type { Invariant, Step } from '../observation.ts'
import { demand } from '../violation.ts'

export class IllegalMessage implements Invariant {
  readonly id = 'Z14'

  onStep({ peer, effects }: Step): void {
    for (const effect of effects) {
      if (effect.type !== 'disconnect') continue
      const rule = /\b[A-Z]\d{1,2}(?=:)/.exec(effect.reason)?.[0]
      demand(
        rule === undefined,
        rule ?? this.id,
        () => `peer ${peer.id} hangs up on ${effect.peer}: ${effect.reason}`,
      )
    }
  }
}
