/** Certificates and keys, as options give them: checked, so that what is wrong is said at once. */
import { createSecureContext } from 'node:tls'
import { CoordinationError, type Bytes } from '@conclave/core'
import type { ClientSessions } from './client-sessions.ts'
import { badOption, refuseUnknownKeys, requireBag, type Bag } from './option-checks.ts'

/** In PEM, as text or bytes. */
export interface TlsCredentials {
  /** Our certificate, and behind it those that lead to an authority. */
  readonly cert: Bytes
  readonly key: Bytes
  /** Of the key, if it is encrypted. */
  readonly passphrase?: string | undefined
  /** The authorities whose certificates the other side may show. */
  readonly ca?: Bytes | undefined
}

/** `TlsCredentials`, checked. */
export interface Credentials {
  readonly cert: string | Buffer
  readonly key: string | Buffer
  readonly passphrase?: string
  readonly ca?: string | Buffer
}

/** What `renewCertificates` is given: whole, for the ports that are to have others. */
export interface RenewedCertificates {
  /** For `zookeeper.secure`. */
  readonly zookeeper?: TlsCredentials | undefined
}

export const credentialKeys = ['cert', 'key', 'passphrase', 'ca']

/** Checks them; `key` is the option that they are in. Throws `BAD_OPTION`. */
export function credentialsOption(bag: Bag, key: string): Credentials {
  const { passphrase } = bag
  if (passphrase !== undefined && typeof passphrase !== 'string') {
    throw badOption(`${key}.passphrase`, undefined, 'give text, or leave it out')
  }
  const cert = pemOption(bag['cert'], `${key}.cert`, 'CERTIFICATE')
  const ca = bag['ca'] === undefined ? undefined : pemOption(bag['ca'], `${key}.ca`, 'CERTIFICATE')
  const credentials: Credentials = {
    cert,
    key: pemOption(bag['key'], `${key}.key`, 'PRIVATE KEY'),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(ca === undefined ? {} : { ca }),
  }
  try {
    createSecureContext(credentials)
  } catch (error) {
    throw new CoordinationError(
      'BAD_OPTION',
      `option ${key} cannot be used: ${(error as Error).message}; give a certificate, the key that belongs to it, and its passphrase if it is encrypted, in PEM`,
      { cause: error },
    )
  }
  return credentials
}

/** Checks all of them, then has them shown. Throws `BAD_OPTION`. */
export function renewCertificates(given: unknown, { renew }: Pick<ClientSessions, 'renew'>): void {
  const bag = requireBag(given, 'what renewCertificates() was given')
  refuseUnknownKeys(bag, ['zookeeper'])
  const { zookeeper } = bag
  if (zookeeper === undefined) return
  const credentials = credentialsOption(keysOf(zookeeper, 'zookeeper'), 'zookeeper')
  if (renew === undefined) throw unused('zookeeper', 'zookeeper.secure')
  renew(credentials)
}

function keysOf(value: unknown, key: string): Bag {
  const bag = requireBag(value, `option ${key}`)
  refuseUnknownKeys(bag, credentialKeys, `${key}.`)
  return bag
}

function unused(key: string, option: string): CoordinationError {
  const message = `option ${key} is given, but the peer was opened without ${option}: leave ${key} out`
  return new CoordinationError('BAD_OPTION', message)
}

function pemOption(value: unknown, key: string, label: string): string | Buffer {
  const isBytes = value instanceof Uint8Array
  const text = isBytes ? Buffer.from(value).toString('latin1') : value
  // Never the value: it may be a key.
  if (typeof text === 'string' && text.includes(`${label}-----`)) {
    return isBytes ? Buffer.from(value) : (value as string)
  }
  const what = typeof value === 'string' || isBytes ? 'no PEM' : 'missing'
  const mend = `give what stands in the file, from -----BEGIN ${label}----- on`
  throw new CoordinationError('BAD_OPTION', `option ${key} is ${what}: ${mend}`)
}
