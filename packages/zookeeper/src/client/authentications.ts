/**
 * What a session has proved, and proves anew on each connection before anything else. A proof that was
 * taken once and is refused later ends the session: without it, calls would be refused that were not.
 */
import { CoordinationError } from '@conclave/core/internal'
import { wireErrors } from '../messages/error-codes.ts'
import { writeAuthRequest } from '../messages/auth.ts'
import type { ServerConnection } from './server-connection.ts'

export interface Proof {
  readonly scheme: string
  readonly proof: Uint8Array
}

export interface ProofTaker {
  onProved(): void
  onRefused(error: CoordinationError): void
  /** The session has ended. */
  onOver(): void
}

interface Authentication extends Proof {
  /** `undefined` once it was told, and of what the session was opened with. */
  taker: ProofTaker | undefined
  wasAccepted: boolean
}

export class Authentications {
  #all: Authentication[] = []
  /** Sent on the present connection and not answered, in order. */
  #sent: Authentication[] = []

  constructor(given: readonly Proof[]) {
    this.#all = given.map((proof) => ({ ...proof, taker: undefined, wasAccepted: true }))
  }

  get size(): number {
    return this.#all.length
  }

  /** True while a server is to say whether it takes what was proved. */
  get areUnanswered(): boolean {
    return this.#sent.length > 0
  }

  /** Proves something more, at once if there is a connection. */
  add(proof: Proof, taker: ProofTaker, connection: ServerConnection | undefined): void {
    const authentication = { ...proof, taker, wasAccepted: false }
    this.#all.push(authentication)
    if (connection !== undefined) this.#send(authentication, connection)
  }

  /** A connection is new. */
  sendAll(connection: ServerConnection): void {
    this.#sent = []
    for (const authentication of this.#all) this.#send(authentication, connection)
  }

  /**
   * Takes the answer to the first that is not answered. Returns what ends the session, if it does. One
   * that is refused ends the connection: the server is about to, and nothing must be sent before that.
   */
  onAnswer(error: number, connection: ServerConnection | undefined): CoordinationError | undefined {
    const authentication = this.#sent.shift()
    if (authentication === undefined) return undefined
    const { taker, wasAccepted, scheme } = authentication
    authentication.taker = undefined
    if (error === wireErrors.ok) {
      authentication.wasAccepted = true
      taker?.onProved()
      return undefined
    }
    const message = `the server does not take the proof by ${scheme}: give a scheme that it knows, and what proves it`
    const refusal = new CoordinationError('AUTH_FAILED', message)
    if (wasAccepted) return refusal
    this.#all = this.#all.filter((one) => one !== authentication)
    connection?.hangUp('it does not take what was proved')
    taker?.onRefused(refusal)
    return undefined
  }

  /** The session is over. */
  endAll(): void {
    const takers = this.#all.map(({ taker }) => taker)
    this.#all = []
    this.#sent = []
    for (const taker of takers) taker?.onOver()
  }

  #send(authentication: Authentication, connection: ServerConnection): void {
    this.#sent.push(authentication)
    const { scheme, proof } = authentication
    connection.authenticate((writer) => {
      writeAuthRequest(writer, { type: 0, scheme, proof })
    })
  }
}
