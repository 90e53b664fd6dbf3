/** What who closes a session waits for: its end, however it comes, or the end of patience. */
import { CoordinationError } from '@conclave/core/internal'
import type { Call } from '@conclave/core'
import type { Clock } from './clock.ts'
import { givenUpError, onGivingUp } from './giving-up.ts'

/** Resolves once the close is answered, or the session has ended otherwise; `what` is for messages. */
export function sessionEnd(
  answered: Promise<unknown>,
  what: string,
  bounds: Call,
  clock: Clock,
): Promise<void> {
  return new Promise((resolve, reject: (error: Error) => void) => {
    const release = onGivingUp(bounds, clock, (givingUp) => {
      const so = 'the session ends once the ensemble is reached, or has expired by then'
      reject(givenUpError(givingUp, what, { outcome: 'unknown', so }))
    })
    answered.then(
      () => {
        release?.()
        resolve()
      },
      (error: unknown) => {
        release?.()
        if (isOver(error)) resolve()
        else reject(error as Error)
      },
    )
  })
}

/** True of an error that says that the session has ended, which is what its closer wanted. */
function isOver(error: unknown): boolean {
  if (!(error instanceof CoordinationError)) return false
  return error.code === 'SESSION_CLOSED' || error.code === 'SESSION_EXPIRED'
}
