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
  type Zxid,
} from '@conclave/core/internal'
import type { Call } from '@conclave/core'
import type { Clock } from './clock.ts'
import { givenUpError, onGivingUp, type GivingUp } from './giving-up.ts'
import { describeWrite, refusalError } from './refusals.ts'
import { answerTo } from './session-results.ts'

/** One record a call, of which there are thousands at a time: what can be derived is not kept. */
interface UnansweredCall {
  readonly call: CallId
  /** A write, or what is behind a quorum round, for messages: `sync`, `get /a`. */
  readonly subject: WriteRequest | string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: CoordinationError) => void
  /** Of a call that its caller can give up. */
  patience: Patience | null
}

interface Patience {
  /** Lets go of signal and timer. */
  readonly release: () => void
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
type Settling = Exclude<
  Extract<Delivery, { readonly call: CallId }>,
  { readonly type: 'wire-watches' }
>

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

  /** How many reads wait for writes. */
  get readCount(): number {
    return this.#reads.length
  }

  /** Waits for the answer to a write that is about to be submitted. */
  addWrite<T>(call: CallId, request: WriteRequest, options: Call | undefined): Promise<T> {
    this.#lastWrite = call
    return this.#add(this.#writes, call, request, options)
  }

  /** Waits for the quorum round of a sync that is about to be submitted; `what` it is for. */
  addSync(call: CallId, what: string, options: Call | undefined): Promise<Zxid> {
    return this.#add(this.#syncs, call, what, options)
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
    const { subject, patience, resolve, reject } = unanswered
    patience?.release()
    switch (item.type) {
      case 'reply':
        resolve(answerTo(subject, item.result, item.zxid))
        break
      case 'synced':
        resolve(item.zxid)
        break
      case 'refused':
        reject(
          typeof subject === 'string'
            ? failure(subject, item.refusal.code, 'not-applied', 'it was refused')
            : refusalError(item.refusal, subject, item.version),
        )
        break
      case 'failed': {
        const givingUp = item.code === 'ABORTED' ? patience?.givingUp : undefined
        reject(
          givingUp === undefined
            ? failure(subject, item.code, item.outcome, item.detail)
            : givenUp(subject, givingUp, item.outcome),
        )
        break
      }
    }
    this.#runReads()
  }

  /** Rejects everything that waits, and will not be answered any more; `unsent` never left the peer. */
  rejectAll(
    unsent: ReadonlySet<CallId>,
    errorOf: (what: string, outcome: Outcome) => CoordinationError,
  ): void {
    const waiting = [...this.#writes, ...this.#syncs]
    this.#writes.clear()
    this.#syncs.clear()
    for (const { call, subject, patience, reject } of waiting) {
      patience?.release()
      const isUnknown = typeof subject !== 'string' && !unsent.has(call)
      reject(errorOf(describe(subject), isUnknown ? 'unknown' : 'not-applied'))
    }
    this.#runReads()
  }

  /** Forgets a sync that nobody waits for. Returns whether it was still unanswered. */
  forgetSync(call: CallId): boolean {
    const unanswered = this.#syncs.take(call)
    unanswered?.patience?.release()
    return unanswered !== undefined
  }

  #add<T>(
    queue: CallQueue<UnansweredCall>,
    call: CallId,
    subject: WriteRequest | string,
    options: Call | undefined,
  ): Promise<T> {
    return new Promise<unknown>((resolve, reject) => {
      const unanswered = { call, subject, resolve, reject, patience: null }
      queue.push(unanswered)
      if (options !== undefined) this.#bound(unanswered, options)
    }) as Promise<T>
  }

  /** Has the core told when the caller gives up, if it can. */
  #bound(unanswered: UnansweredCall, options: Call): void {
    const release = onGivingUp(options, this.#clock, (givingUp) => {
      if (unanswered.patience !== null) unanswered.patience.givingUp = givingUp
      this.#onGivenUp(unanswered.call)
    })
    if (release !== undefined) unanswered.patience = { release, givingUp: undefined }
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
}

function describe(subject: WriteRequest | string): string {
  return typeof subject === 'string' ? subject : describeWrite(subject)
}

function failure(
  subject: WriteRequest | string,
  code: CoordinationError['code'],
  outcome: Outcome,
  detail: string,
): CoordinationError {
  const message = `${describe(subject)} failed: ${detail}`
  return new CoordinationError(code, message, { outcome, ...pathOf(subject) })
}

function givenUp(
  subject: WriteRequest | string,
  givingUp: GivingUp,
  outcome: Outcome,
): CoordinationError {
  const isUnknown = outcome === 'unknown' && typeof subject !== 'string'
  const so = isUnknown
    ? 'it was sent before, so it may be applied or not; read to know'
    : 'nothing was applied'
  return givenUpError(givingUp, describe(subject), {
    outcome: isUnknown ? 'unknown' : 'not-applied',
    so,
    ...pathOf(subject),
  })
}

function pathOf(subject: WriteRequest | string): { readonly path?: string } {
  return typeof subject !== 'string' && 'path' in subject ? { path: subject.path } : {}
}
