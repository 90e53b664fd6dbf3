/**
 * Callbacks on the application's abort signals: one listener a signal, however many calls it was
 * given to, and none once they are settled. A signal often lives as long as the service; listeners
 * left on it would be a leak, and more than ten make the platform print a warning.
 */

type Callback = () => void

const waiting = new WeakMap<AbortSignal, SignalCallbacks>()

class SignalCallbacks {
  readonly #signal: AbortSignal
  readonly #callbacks = new Set<Callback>()
  readonly #onAbort = (): void => {
    waiting.delete(this.#signal)
    for (const callback of this.#callbacks) callback()
    this.#callbacks.clear()
  }

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  add(callback: Callback): void {
    this.#callbacks.add(callback)
  }

  delete(callback: Callback): void {
    if (!this.#callbacks.delete(callback) || this.#callbacks.size > 0) return
    this.#signal.removeEventListener('abort', this.#onAbort)
    if (waiting.get(this.#signal) === this) waiting.delete(this.#signal)
  }
}

/**
 * Calls back once when the signal aborts, unless the returned function is called before. A signal
 * that is aborted already never calls back: ask it first.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let callbacks = waiting.get(signal)
  if (callbacks === undefined) {
    callbacks = new SignalCallbacks(signal)
    waiting.set(signal, callbacks)
  }
  // A function of our own, so that one that is given twice counts twice.
  const once = (): void => callback()
  callbacks.add(once)
  return () => callbacks.delete(once)
}
