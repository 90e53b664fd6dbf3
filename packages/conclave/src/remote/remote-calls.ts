/**
 * The calls of a session over the wire: promises of what servers answer, bounded in number and bytes,
 * given up by signal or deadline.
 *
 * Invariant C1: a caller whose write fails learns whether it was not applied or is unknown.
 */
import { CoordinationError, type Limits, type Zxid } from '@conclave/core/internal'
import type { ReadOptions } from '@conclave/core'
import {
  ClientCall,
  syncRequest,
  type Client,
  type ClientRequest,
  type NoAnswer,
} from '@conclave/zookeeper'
import type { Clock } from '../clock.ts'
import { givenUpError, onGivingUp } from '../giving-up.ts'
import type { SessionLife } from '../session-life.ts'
import { attempt } from '../session-reads.ts'
import type { InOrder } from './in-order.ts'
import { noAnswer } from './remote-errors.ts'

/** What a server has answered; what of it is an error is for the caller to say. */
export type Reply<T> =
  | { readonly type: 'done'; readonly value: T; readonly zxid: Zxid }
  | { readonly type: 'refused'; readonly error: number; readonly zxid: Zxid }

/** What a call is about, for messages. */
export interface Subject {
  readonly what: string
  readonly path?: string
}

/** The options of reads and writes alike. */
export type CallOptions = ReadOptions | undefined

export class RemoteCalls {
  readonly clock: Clock
  readonly limits: Limits
  readonly #client: Client
  readonly #life: SessionLife
  readonly #order: InOrder
  readonly #maxFrameBytes: number
  #writeCount = 0
  #readCount = 0

  constructor(
    client: Client,
    life: SessionLife,
    order: InOrder,
    { clock, limits, maxFrameBytes }: { clock: Clock; limits: Limits; maxFrameBytes: number },
  ) {
    this.#client = client
    this.#life = life
    this.#order = order
    this.clock = clock
    this.limits = limits
    this.#maxFrameBytes = maxFrameBytes
  }

  /** Asks, behind everything that was asked before; a linearizable read behind a `sync`. */
  ask<T>(request: ClientRequest<T>, subject: Subject, options: CallOptions): Promise<Reply<T>> {
    return attempt(() => {
      const { what, path } = subject
      if (this.#life.refuses(options)) throw this.#life.refusalOf(what, options, path)
      this.#refuseMany(request.isWrite, subject)
      return new Promise((resolve, reject: (error: Error) => void) => {
        const call = new ClientCall(request, {
          onAnswer: ({ error, zxid, body }) => {
            const reply: Reply<T> =
              error === 0
                ? { type: 'done', value: request.read(body, zxid), zxid }
                : { type: 'refused', error, zxid }
            settled()
            this.#order.run(() => resolve(reply))
          },
          onNoAnswer: (why, wasSent) => {
            settled()
            this.#order.run(() => reject(this.#failure(why, wasSent, request.isWrite, subject)))
          },
        })
        this.#refuseLong(call, subject)
        const release = onGivingUp(options, this.clock, (givingUp) => {
          this.#client.giveUp(call)
          this.#count(request.isWrite, -1)
          const isUnknown = request.isWrite && call.wasSent
          const so = isUnknown
            ? 'it was sent before, so it may be applied or not; read to know'
            : 'nothing came of it'
          const outcome = isUnknown ? 'unknown' : 'not-applied'
          reject(givenUpError(givingUp, what, { outcome, path, so }))
        })
        const settled = (): void => {
          release?.()
          this.#count(request.isWrite, -1)
        }
        this.#count(request.isWrite, 1)
        if (options?.read === 'linearizable') this.#client.submit(syncCall())
        this.#client.submit(call)
      })
    })
  }

  #failure(
    why: NoAnswer,
    wasSent: boolean,
    isWrite: boolean,
    { what, path }: Subject,
  ): CoordinationError {
    if (why !== 'over') return noAnswer(why, what, isWrite, path)
    return this.#life.errorFor(what, isWrite && wasSent ? 'unknown' : 'not-applied', path)
  }

  #count(isWrite: boolean, by: 1 | -1): void {
    if (isWrite) this.#writeCount += by
    else this.#readCount += by
  }

  /** Throws when as many wait as may. */
  #refuseMany(isWrite: boolean, { what, path }: Subject): void {
    const limit = isWrite ? 'maxSessionRequests' : 'maxSessionReads'
    const count = isWrite ? this.#writeCount : this.#readCount
    if (count >= this.limits[limit]) {
      throw busy(
        `${String(count)} ${isWrite ? 'writes' : 'reads'} wait already (${limit})`,
        what,
        path,
      )
    }
  }

  /** Throws for a request that no server takes, and where too many bytes wait. */
  #refuseLong(call: ClientCall, { what, path }: Subject): void {
    const { payloadBytes } = call
    if (payloadBytes > this.#maxFrameBytes) {
      const message = `${what} failed: the request has ${String(payloadBytes)} bytes, and maxFrameBytes is ${String(this.#maxFrameBytes)}: write less at a time, or raise it here and jute.maxbuffer there`
      throw new CoordinationError('LIMIT_EXCEEDED', message, path === undefined ? {} : { path })
    }
    const { maxWaitingBytes } = this.limits
    if (this.#client.unsentBytes + payloadBytes > maxWaitingBytes) {
      throw busy(`${String(maxWaitingBytes)} bytes wait already (maxWaitingBytes)`, what, path)
    }
  }
}

function busy(why: string, what: string, path: string | undefined): CoordinationError {
  const message = `${what} failed: ${why}: wait for some`
  return new CoordinationError('BUSY', message, path === undefined ? {} : { path })
}

/** What it comes to is not asked: what comes behind it does not come before it was answered. */
function syncCall(): ClientCall {
  return new ClientCall(syncRequest(), { onAnswer: () => undefined, onNoAnswer: () => undefined })
}
