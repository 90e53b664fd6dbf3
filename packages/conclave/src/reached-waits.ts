/** Callers who wait until their session can read a certain zxid. */
import type { Call, CoordinationError } from '@conclave/core'
import type { Zxid } from '@conclave/core/internal'
import type { Clock } from './clock.ts'
import { givenUpError, onGivingUp } from './giving-up.ts'

interface ReachedWait {
  readonly zxid: Zxid
  readonly what: string
  readonly resolve: () => void
  readonly reject: (error: CoordinationError) => void
  release: (() => void) | undefined
}

export class ReachedWaits {
  readonly #clock: Clock
  readonly #waits = new Set<ReachedWait>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#waits.size
  }

  /** Resolves once `onApplied` tells of `zxid` or more. */
  add(zxid: Zxid, what: string, call: Call | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const wait: ReachedWait = { zxid, what, resolve, reject, release: undefined }
      this.#waits.add(wait)
      wait.release = onGivingUp(call, this.#clock, (givingUp) => {
        this.#waits.delete(wait)
        reject(
          givenUpError(givingUp, what, {
            outcome: 'not-applied',
            so: 'it is not applied here yet',
          }),
        )
      })
    })
  }

  /** Resolves who waited for `lastApplied` or less. Returns whether anybody waits still. */
  onApplied(lastApplied: Zxid): boolean {
    for (const wait of this.#waits) {
      if (wait.zxid > lastApplied) continue
      this.#waits.delete(wait)
      wait.release?.()
      wait.resolve()
    }
    return this.#waits.size > 0
  }

  rejectAll(errorOf: (what: string) => CoordinationError): void {
    for (const wait of this.#waits) {
      wait.release?.()
      wait.reject(errorOf(wait.what))
    }
    this.#waits.clear()
  }
}
