/**
 * What a session has proved to be, for lists of access that name it: known here, where reads are
 * answered, and told to the host, which sends it along with writes.
 */
import { CoordinationError, type Identity, type SessionId } from '@conclave/core/internal'
import { digestIdentity } from '@conclave/zookeeper'
import { show } from './option-checks.ts'
import type { SessionHost } from './session-host.ts'

const colon = 0x3a

export class SessionIdentities {
  readonly #host: SessionHost
  readonly #session: SessionId
  #list: readonly Identity[] = []

  constructor(host: SessionHost, session: SessionId) {
    this.#host = host
    this.#session = session
  }

  get list(): readonly Identity[] {
    return this.#list
  }

  /** Takes a proof. Throws `AUTH_FAILED` and `BAD_ARGUMENT`. */
  prove(scheme: unknown, proof: unknown): void {
    if (scheme !== 'digest') throw unknownScheme(scheme)
    this.add(digestOf(proofBytes(proof, this.#host.limits.maxProofBytes)))
  }

  add(identity: Identity): void {
    const { scheme, id } = identity
    if (this.#list.some((one) => one.scheme === scheme && one.id === id)) return
    const { maxSessionIdentities } = this.#host.limits
    if (this.#list.length >= maxSessionIdentities) {
      const most = String(maxSessionIdentities)
      const message = `the session has proved limits.maxSessionIdentities of ${most} already: open another one`
      throw new CoordinationError('LIMIT_EXCEEDED', message)
    }
    this.#list = [...this.#list, identity]
    const session = this.#session
    this.#host.submit({ type: 'session-authenticated', session, identities: this.#list })
  }
}

export function unknownScheme(scheme: unknown): CoordinationError {
  const message = `the scheme ${show(scheme)} proves nothing here: give "digest", with user:password`
  return new CoordinationError('AUTH_FAILED', message)
}

/** The bytes of a proof, before anything is made of them. Throws `BAD_ARGUMENT` and `LIMIT_EXCEEDED`. */
export function proofBytes(proof: unknown, maxProofBytes: number): Uint8Array {
  const bytes = typeof proof === 'string' ? Buffer.from(proof) : proof
  if (!(bytes instanceof Uint8Array)) {
    const message = `the proof is ${show(proof)}: give a string or a Uint8Array`
    throw new CoordinationError('BAD_ARGUMENT', message)
  }
  if (bytes.length <= maxProofBytes) return bytes
  const message = `user:password has ${String(bytes.length)} bytes, and limits.maxProofBytes is ${String(maxProofBytes)}: take a shorter one`
  throw new CoordinationError('LIMIT_EXCEEDED', message)
}

/** Who gives this proof. Throws `BAD_ARGUMENT` for what is none. */
export function digestOf(proof: Uint8Array): Identity {
  if (proof.includes(colon)) return digestIdentity(proof)
  const message = 'a digest is proved by user:password, as a string or bytes; there is no ":" in it'
  throw new CoordinationError('BAD_ARGUMENT', message)
}
