/** What a session over the wire proves to be: checked here, judged by the server. */
import { CoordinationError } from '@conclave/core/internal'
import type { Call } from '@conclave/core'
import type { Client } from '@conclave/zookeeper'
import { givenUpError, onGivingUp } from '../giving-up.ts'
import { digestOf, proofBytes, unknownScheme } from '../session-identities.ts'
import type { SessionLife } from '../session-life.ts'
import type { RemoteCalls } from './remote-calls.ts'

export class RemoteProofs {
  readonly #client: Client
  readonly #life: SessionLife
  readonly #calls: RemoteCalls

  constructor(client: Client, life: SessionLife, calls: RemoteCalls) {
    this.#client = client
    this.#life = life
    this.#calls = calls
  }

  /** Resolves once the server has taken the proof. Throws for what none can take. */
  prove(scheme: unknown, proof: unknown, call: Call | undefined): Promise<void> {
    const { limits, clock } = this.#calls
    if (this.#life.refuses(call)) throw this.#life.refusalOf('authenticate', call)
    if (typeof scheme !== 'string' || scheme === '') throw unknownScheme(scheme)
    const bytes = proofBytes(proof, limits.maxProofBytes)
    if (scheme === 'digest') digestOf(bytes)
    const { maxSessionIdentities } = limits
    if (this.#client.proofCount >= maxSessionIdentities) {
      const message = `the session has proved limits.maxSessionIdentities of ${String(maxSessionIdentities)} already: open another one`
      throw new CoordinationError('LIMIT_EXCEEDED', message)
    }
    return new Promise((resolve, reject: (error: Error) => void) => {
      const release = onGivingUp(call, clock, (givingUp) => {
        const so = 'it goes on to prove it, whenever there is a server'
        reject(givenUpError(givingUp, 'authenticate', { outcome: 'unknown', so }))
      })
      this.#client.authenticate(
        { scheme, proof: bytes },
        {
          onProved: () => {
            release?.()
            resolve()
          },
          onRefused: (error) => {
            release?.()
            reject(error)
          },
          onOver: () => {
            release?.()
            reject(this.#life.errorFor('authenticate'))
          },
        },
      )
    })
  }
}
