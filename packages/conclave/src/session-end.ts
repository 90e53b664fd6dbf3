/** The end of a session: what its calls are told then, and what who closes it waits for. */
import { CoordinationError } from '@conclave/core/internal'
import type { Call } from '@conclave/core'
import type { Clock } from './clock.ts'
import { givenUpError, onGivingUp } from './giving-up.ts'
import type { SessionLife } from './session-life.ts'

/** What a session is from then on that the ensemble has ended, and what its calls are told. */
export function endingFor(
  reason: 'closed' | 'expired' | 'moved',
  timeoutMs: number,
): Parameters<SessionLife['end']> {
  switch (reason) {
    case 'closed':
      return ['closed', { code: 'SESSION_CLOSED', message: 'the session was closed' }]
    case 'expired': {
      const message = `the ensemble heard nothing of the session for ${String(timeoutMs)} ms and has ended it; open a new one`
      return ['expired', { code: 'SESSION_EXPIRED', message }]
    }
    case 'moved': {
      const message = 'another peer hosts the session now'
      return ['closed', { code: 'SESSION_MOVED', message }]
    }
  }
}

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
