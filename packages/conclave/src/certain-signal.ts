/**
 * An abort signal that asks before it answers: reading `aborted` looks at the clock first. A loop
 * that was blocked past a session's deadline finds the signal aborted in the very next statement,
 * not only in the next turn, when the `abort` event comes.
 */
import { setMaxListeners } from 'node:events'

const inherited = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')

/** A controller whose signal calls `ask`, which may abort it, before it says whether it is aborted. */
export function createAskingController(ask: () => void): AbortController {
  const controller = new AbortController()
  const { signal } = controller
  // The holders decide how many listeners are too many.
  setMaxListeners(0, signal)
  const readAborted = (): boolean => inherited?.get?.call(signal) === true
  const isAborted = (): boolean => {
    if (!readAborted()) ask()
    return readAborted()
  }
  Object.defineProperties(signal, {
    aborted: { get: isAborted, configurable: true, enumerable: true },
    throwIfAborted: {
      value: (): void => {
        if (isAborted()) throw signal.reason
      },
      configurable: true,
      writable: true,
    },
  })
  return controller
}
