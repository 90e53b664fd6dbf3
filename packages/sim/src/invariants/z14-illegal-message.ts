/**
 * Z14: a message that does not belong to phase, epoch and role ends the link; and since links are in
 * order and nothing of an old one reaches a new one, no peer ever sends such a message to another.
 */
import type { Invariant, Step } from '../observation.ts'
import { demand } from '../violation.ts'

export class IllegalMessage implements Invariant {
  readonly id = 'Z14'

  onStep({ peer, effects }: Step): void {
    for (const effect of effects) {
      if (effect.type !== 'disconnect') continue
      demand(
        !effect.reason.includes(this.id),
        this.id,
        () => `peer ${peer.id} hangs up on ${effect.peer}: ${effect.reason}`,
      )
    }
  }
}
