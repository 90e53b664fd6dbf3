/**
 * Whether a session lives, as far as its host knows: its state, the signals that depend on it, and
 * why it takes no more calls.
 *
 * Invariant S8: past the local deadline the session is `suspended`, however long the loop was
 * blocked; only its committed end makes it `expired`. What acted on a certainty that was lost is
 * told so for good, even when the session turns out to have survived.
 */
import { EventEmitter, setMaxListeners } from 'node:events'
import { CoordinationError, type Outcome } from '@conclave/core/internal'
import type { Call, SessionState } from '@conclave/core'
import { createAskingController } from './certain-signal.ts'
import type { Clock } from './clock.ts'
import { givenUpBefore, givenUpError } from './giving-up.ts'

/** What listeners of a session are told. */
export interface SessionEvents {
  state: [state: SessionState, previous: SessionState]
}

/** Why a session takes no more calls. */
type Ending = Pick<CoordinationError, 'code' | 'message'> & { readonly cause?: unknown }

/** What is known of a session by whoever keeps it. */
export interface LifeSource {
  readonly clock: Clock
  /** Until when, on `clock.nowMs()`, the ensemble is known to keep it. */
  deadlineMs(): number
  /** Runs a callback of the application once everything that came was delivered to everybody. */
  afterDelivery(callback: () => void): void
}

export class SessionLife {
  readonly events = new EventEmitter<SessionEvents>()
  readonly #source: LifeSource
  readonly #name: string
  readonly #alive = new AbortController()
  #certain: AbortController | undefined
  /** What listeners were told last, or will be told next. */
  #told: SessionState = 'connected'
  #ending: Ending | undefined

  constructor(source: LifeSource, name: string) {
    this.#source = source
    this.#name = name
    setMaxListeners(0, this.#alive.signal)
  }

  get isOver(): boolean {
    return this.#ending !== undefined
  }

  get state(): SessionState {
    if (this.#ending !== undefined) return this.#told
    return this.#uncertainty() === undefined ? 'connected' : 'suspended'
  }

  get alive(): AbortSignal {
    return this.#alive.signal
  }

  /** A signal that stays aborted: after a suspension, another one is given out. */
  certain(): AbortSignal {
    if (
      this.#certain === undefined ||
      (this.#certain.signal.aborted && this.state === 'connected')
    ) {
      this.#certain = createAskingController(() => this.#abortUnlessCertain())
      if (this.#ending !== undefined) this.#certain.abort(this.#alive.signal.reason)
    }
    this.#abortUnlessCertain()
    return this.#certain.signal
  }

  /** The error of a call that came too late. */
  errorFor(what: string, outcome: Outcome = 'not-applied', path?: string): CoordinationError {
    const { code, message, cause } = this.#ending ?? notOver
    return new CoordinationError(code, `${what} failed: ${message}`, {
      outcome,
      cause,
      ...(path === undefined ? {} : { path }),
    })
  }

  /** True when the session is over, or the caller's signal has aborted: nothing is to be begun. */
  refuses(call: Call | undefined): boolean {
    return this.#ending !== undefined || givenUpBefore(call) !== undefined
  }

  /** The error of a call that is refused. */
  refusalOf(what: string, call: Call | undefined, path?: string): CoordinationError {
    const givingUp = this.#ending === undefined ? givenUpBefore(call) : undefined
    if (givingUp === undefined) return this.errorFor(what, 'not-applied', path)
    return givenUpError(givingUp, what, { outcome: 'not-applied', path, so: 'it was not begun' })
  }

  /** Looks at the clock, and tells whoever wants to know. */
  onTime(): void {
    if (this.#ending !== undefined) return
    this.#abortUnlessCertain()
    this.#tell(this.state)
  }

  /** Ends it, for the first reason that is given. Returns whether this was the first. */
  end(state: 'expired' | 'closed', ending: Ending): boolean {
    if (this.#ending !== undefined) return false
    this.#ending = ending
    const reason = this.errorFor(this.#name)
    this.#source.afterDelivery(() => {
      this.#alive.abort(reason)
      this.#certain?.abort(reason)
    })
    this.#tell(state)
    return true
  }

  #tell(state: SessionState): void {
    const previous = this.#told
    if (state === previous) return
    this.#told = state
    this.#source.afterDelivery(() => void this.events.emit('state', state, previous))
  }

  #abortUnlessCertain(): void {
    if (this.#certain === undefined || this.#ending !== undefined) return
    const why = this.#uncertainty()
    if (why === undefined) return
    this.#certain.abort(new CoordinationError('SESSION_SUSPENDED', why, { outcome: 'unknown' }))
  }

  /** Why the session may be gone, or `undefined` while the ensemble is known to keep it. */
  #uncertainty(): string | undefined {
    const lateMs = this.#source.clock.nowMs() - this.#source.deadlineMs()
    if (lateMs < 0) return undefined
    const late = Number.isFinite(lateMs) ? `${String(Math.round(lateMs))} ms ago` : 'before'
    return `${this.#name} may have expired: the time for which the ensemble is known to keep it ended ${late}`
  }
}

const notOver: Ending = { code: 'SESSION_CLOSED', message: 'the session is over' }
