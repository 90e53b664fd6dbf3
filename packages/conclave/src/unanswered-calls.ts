/**
 * The calls of one session that wait for the ensemble, by the host's name for them: one record a
 * call, settled in the sweep over a step's deliveries. Reads that wait for the session's own earlier
 * writes are here too.
 *
 * Invariants: C1 a caller whose write fails learns whether it was not applied or is unknown; C5 and
 * C6 a read comes after every write that the session was given before it.
 */
import {
  CallQueue,
  CoordinationError,
  type CallId,
  type Delivery,
  type Outcome,
  type WriteRequest,
} from '@conclave/core/internal'
import type { Call } from '@conclave/core'
import type { Clock } from './clock.ts'
import { givenUpError, onGivingUp, type GivingUp } from './giving-up.ts'
import { refusalError } from './refusals.ts'
import type { Answer } from './session-results.ts'

interface UnansweredCall {
  readonly call: CallId
  /** For messages: `set /a`. */
  readonly what: string
  readonly path: string | undefined
  /** `null` of a `sync`. */
  readonly request: WriteRequest | null
  readonly answer: Answer
  readonly resolve: (value: unknown) => void
  readonly reject: (error: CoordinationError) => void
  /** Lets go of signal and timer. */
  release: (() => void) | undefined
  /** Set between the `call-aborted` and the core's word on it. */
  givingUp: GivingUp | undefined
}

/** A read that waits for writes. */
export interface WaitingRead {
  /** The last write before the read: it runs once that, and every one before, is settled. */
  readonly after: CallId
  /** `undefined` once the caller gave up. */
  run: (() => void) | undefined
}

/** What settles a call. */
type Settling = Extract<Delivery, { readonly call: CallId }>

/** What a call is, beside its options. */
export interface CallSubject {
  readonly what: string
  readonly path?: string | undefined
  readonly request: WriteRequest | null
  readonly answer: Answer
}

export class UnansweredCalls {
  readonly #clock: Clock
  readonly #onGivenUp: (call: CallId) => void
  readonly #writes = new CallQueue<UnansweredCall>()
  readonly #syncs = new CallQueue<UnansweredCall>()
  readonly #reads: WaitingRead[] = []
  #lastWrite: CallId = 0

  /** `onGivenUp` tells the core that nobody waits for a call any more. */
  constructor(clock: Clock, onGivenUp: (call: CallId) => void) {
    this.#clock = clock
    this.#onGivenUp = onGivenUp
  }

  /** True while a write waits for its answer. */
  get hasWrites(): boolean {
    return this.#writes.size > 0
  }

  /** Waits for the answer to a call that is about to be submitted. */
  add<T>(call: CallId, subject: CallSubject, options: Call | undefined): Promise<T> {
    const { what, path, request, answer } = subject
    return new Promise<unknown>((resolve, reject) => {
      const unanswered: UnansweredCall = {
        call,
        what,
        path,
        request,
        answer,
        resolve,
        reject,
        release: undefined,
        givingUp: undefined,
      }
      if (request === null) {
        this.#syncs.push(unanswered)
      } else {
        this.#writes.push(unanswered)
        this.#lastWrite = call
      }
      unanswered.release = onGivingUp(options, this.#clock, (givingUp) => {
        unanswered.givingUp = givingUp
        this.#onGivenUp(call)
      })
    }) as Promise<T>
  }

  /** Runs a read once every write given before it is settled: at once, if all are. */
  afterWrites(run: () => void): WaitingRead | undefined {
    if (this.#writes.size === 0) {
      run()
      return undefined
    }
    const read: WaitingRead = { after: this.#lastWrite, run }
    this.#reads.push(read)
    return read
  }

  /** Settles a call, and the reads that waited for nothing else. What nobody waits for is ignored. */
  settle(item: Settling): void {
    const unanswered = this.#writes.take(item.call) ?? this.#syncs.take(item.call)
    if (unanswered === undefined) return
    unanswered.release?.()
    switch (item.type) {
      case 'reply':
        unanswered.resolve(unanswered.answer(item.result, item.zxid))
        break
      case 'synced':
        unanswered.resolve(item.zxid)
        break
      case 'refused':
        unanswered.reject(
          unanswered.request === null
            ? failure(unanswered, item.refusal.code, 'not-applied', 'it was refused')
            : refusalError(item.refusal, unanswered.request),
        )
        break
      case 'failed': {
        const { givingUp } = unanswered
        unanswered.reject(
          givingUp !== undefined && item.code === 'ABORTED'
            ? this.#givenUp(unanswered, givingUp, item.outcome)
            : failure(unanswered, item.code, item.outcome, item.detail),
        )
        break
      }
    }
    this.#runReads()
  }

  /** Rejects everything that waits: nothing will be answered any more. */
  rejectAll(errorOf: (what: string, outcome: Outcome) => CoordinationError): void {
    const waiting = [...this.#writes, ...this.#syncs]
    this.#writes.clear()
    this.#syncs.clear()
    for (const { what, request, release, reject } of waiting) {
      release?.()
      reject(errorOf(what, request === null ? 'not-applied' : 'unknown'))
    }
    this.#runReads()
  }

  /** Forgets a sync that nobody waits for. Returns whether it was still unanswered. */
  forgetSync(call: CallId): boolean {
    const unanswered = this.#syncs.take(call)
    unanswered?.release?.()
    return unanswered !== undefined
  }

  #runReads(): void {
    if (this.#reads.length === 0) return
    const oldest = this.#writes.first?.call ?? Infinity
    let count = 0
    for (const read of this.#reads) {
      if (read.after >= oldest) break
      count += 1
    }
    for (const read of this.#reads.splice(0, count)) read.run?.()
  }

  #givenUp(unanswered: UnansweredCall, givingUp: GivingUp, outcome: Outcome): CoordinationError {
    const { what, path, request } = unanswered
    const isUnknown = outcome === 'unknown' && request !== null
    const so = isUnknown
      ? 'it was sent before, so it may be applied or not; read to know'
      : 'nothing was applied'
    return givenUpError(givingUp, what, {
      outcome: isUnknown ? 'unknown' : 'not-applied',
      path,
      so,
    })
  }
}

function failure(
  unanswered: UnansweredCall,
  code: CoordinationError['code'],
  outcome: Outcome,
  detail: string,
): CoordinationError {
  const { what, path } = unanswered
  return new CoordinationError(code, `${what} failed: ${detail}`, {
    outcome,
    ...(path === undefined ? {} : { path }),
  })
}
