/**
 * How a caller gives up: by its signal or by its deadline. What that means for the call (was it sent,
 * may it have been applied?) is for whoever carries the call out.
 */
import { CoordinationError, type Outcome } from '@conclave/core/internal'
import type { Call } from '@conclave/core'
import { onAbort } from './abort-signals.ts'
import type { Clock } from './clock.ts'

/** Why a caller no longer waits. */
export interface GivingUp {
  readonly code: 'ABORTED' | 'TIMEOUT'
  /** The signal's reason, for `cause`. */
  readonly cause: unknown
  /** For messages: `was aborted`, `took longer than its timeoutMs of 50`. */
  readonly why: string
}

/** Calls back when the caller gives up, at most once. Returns what must be called on settling. */
export function onGivingUp(
  call: Call | undefined,
  clock: Clock,
  callback: (givingUp: GivingUp) => void,
): (() => void) | undefined {
  const signal = call?.signal
  const timeoutMs = call?.timeoutMs
  const bounded = timeoutMs !== undefined && timeoutMs !== Infinity
  if (signal === undefined && !bounded) return undefined

  const cancelTimer = bounded
    ? clock.after(timeoutMs, () => {
        release()
        callback(tookTooLong(timeoutMs))
      })
    : undefined
  const forget =
    signal &&
    onAbort(signal, () => {
      release()
      callback(wasAborted(signal))
    })
  const release = (): void => {
    cancelTimer?.()
    forget?.()
  }
  return release
}

/** What a signal says that is aborted already, `undefined` when the call may begin. */
export function givenUpBefore(call: Call | undefined): GivingUp | undefined {
  return call?.signal?.aborted === true ? wasAborted(call.signal) : undefined
}

/** The error of a call whose caller gave up. */
export function givenUpError(
  givingUp: GivingUp,
  what: string,
  details: { readonly outcome: Outcome; readonly path?: string | undefined; readonly so: string },
): CoordinationError {
  const { outcome, path, so } = details
  return new CoordinationError(givingUp.code, `${what} ${givingUp.why}: ${so}`, {
    outcome,
    cause: givingUp.cause,
    ...(path === undefined ? {} : { path }),
  })
}

function wasAborted(signal: AbortSignal): GivingUp {
  return { code: 'ABORTED', cause: signal.reason, why: 'was aborted' }
}

function tookTooLong(timeoutMs: number): GivingUp {
  return {
    code: 'TIMEOUT',
    cause: undefined,
    why: `took longer than its timeoutMs of ${String(timeoutMs)}`,
  }
}
