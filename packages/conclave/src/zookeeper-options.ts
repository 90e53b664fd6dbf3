/** The option `zookeeper` of `open`: where stock clients of ZooKeeper are served, and how many. */
import { defaultEndpointLimits, fourLetterWords, type ListenPlace } from '@conclave/zookeeper'
import { CoordinationError, type Timing } from '@conclave/core/internal'
import {
  badOption,
  flagOption,
  hostOption,
  integerOption,
  portOption,
  refuseUnknownKeys,
  requireBag,
  show,
  wordOption,
  type Bag,
} from './option-checks.ts'
import { credentialKeys, credentialsOption, type TlsCredentials } from './tls-options.ts'
import { maxSessionTimeoutMs, minSessionTimeoutMs } from './session-options.ts'

export interface ZooKeeperOptions {
  /**
   * ZooKeeper's own is 2181; 0 takes a free one, which `status()` tells. May be left out where clients
   * are served over TLS alone.
   */
  readonly port?: number | undefined
  /** The address to listen on; 127.0.0.1 unless told, which only this machine reaches. */
  readonly host?: string | undefined
  /** Serves clients over TLS, at another port. */
  readonly secure?: SecurePortOptions | undefined
  /** Connections from one address; 60 unless told, 0 for any number. */
  readonly maxClientCnxns?: number | undefined
  /** Connections that are accepted in a second; any number unless told, or 0. */
  readonly maxConnectionsPerSecond?: number | undefined
  /** The four-letter words that are answered, `['*']` for all; `srvr` and `isro` unless told. */
  readonly fourLetterWords?: readonly string[] | undefined
  /** Bounds of what a client's session may have as its timeout, within those of the ensemble. */
  readonly minSessionTimeoutMs?: number | undefined
  readonly maxSessionTimeoutMs?: number | undefined
  /**
   * Who may do everything: `super:` and the base64 of the SHA-1 of `super:password`, as ZooKeeper's
   * `DigestAuthenticationProvider.superDigest`. Nobody unless told.
   */
  readonly superDigest?: string | undefined
  /**
   * Lets clients change who belongs to the ensemble, if they may write to `/zookeeper/config`: at
   * first only the super user may. Not unless told; `peer.reconfigure()` needs no leave.
   */
  readonly reconfigEnabled?: boolean | undefined
  /**
   * While there is no leader, clients that allow it may read what this peer has. True unless told;
   * in ZooKeeper `readonlymode.enabled`, and false.
   */
  readonly readOnlyMode?: boolean | undefined
  /** What `conf` says in place of this peer's own values, by ZooKeeper's keys. */
  readonly settings?: Readonly<Record<string, string | number>> | undefined
}

/** The port for clients over TLS; a client that does not speak it is sent away. */
export interface SecurePortOptions extends TlsCredentials {
  /** ZooKeeper's own is 2281; 0 takes a free one, which `status()` tells. */
  readonly port: number
  /** The address to listen on; that of `zookeeper.host` unless told. */
  readonly host?: string | undefined
  /**
   * Whether clients must show a certificate that `ca` has signed (`'need'`), may (`'want'`), or are
   * not asked for one. Its subject is then an identity of scheme `x509`. They must, if `ca` is given
   * and nothing else is told.
   */
  readonly clientAuth?: 'need' | 'want' | 'none' | undefined
}

/** `ZooKeeperOptions`, checked. */
export interface ZooKeeperPort {
  readonly plain: ListenPlace | null
  readonly secure: ListenPlace | null
  readonly maxClientCnxns: number
  readonly maxConnectionsPerSecond: number
  readonly words: readonly string[]
  readonly minSessionTimeoutMs: number
  readonly maxSessionTimeoutMs: number
  readonly superDigest: string | null
  readonly reconfigEnabled: boolean
  readonly readOnlyMode: boolean
  readonly settings: Readonly<Record<string, string | number>>
}

const maxClients = 1_000_000

const keys = [
  'port',
  'host',
  'secure',
  'maxClientCnxns',
  'maxConnectionsPerSecond',
  'fourLetterWords',
  'minSessionTimeoutMs',
  'maxSessionTimeoutMs',
  'superDigest',
  'reconfigEnabled',
  'readOnlyMode',
  'settings',
]

/** Checks the option. Throws `BAD_OPTION`. */
export function zooKeeperOption(given: unknown, timing: Timing): ZooKeeperPort | null {
  if (given === undefined) return null
  const bag = requireBag(given, 'option zookeeper')
  refuseUnknownKeys(bag, keys, 'zookeeper.')
  const host = placeOption(bag['host'], 'zookeeper.host', '127.0.0.1')
  const { port, secure } = bag
  const isPlain = port !== undefined || secure === undefined
  return {
    plain: isPlain ? { host, port: portOption(port, 'zookeeper.port', 0), tls: null } : null,
    secure: secure === undefined ? null : secureOption(secure, host),
    maxClientCnxns: countOption(bag, 'maxClientCnxns', {
      missing: defaultEndpointLimits.maxAddressConnections,
      what: 'connections from one address, 0 for any number',
    }),
    maxConnectionsPerSecond: countOption(bag, 'maxConnectionsPerSecond', {
      missing: defaultEndpointLimits.maxConnectionsPerSecond,
      what: 'connections in a second, 0 for any number',
    }),
    words: wordsOption(bag['fourLetterWords']),
    ...timeoutsOption(bag, timing),
    superDigest: superDigestOption(bag['superDigest']),
    reconfigEnabled: flagOption(bag['reconfigEnabled'], 'zookeeper.reconfigEnabled'),
    readOnlyMode:
      bag['readOnlyMode'] === undefined ||
      flagOption(bag['readOnlyMode'], 'zookeeper.readOnlyMode'),
    settings: settingsOption(bag['settings']),
  }
}

function placeOption(value: unknown, key: string, missing: string): string {
  return value === undefined ? missing : hostOption(value, key)
}

function secureOption(given: unknown, host: string): ListenPlace {
  const key = 'zookeeper.secure'
  const bag = requireBag(given, `option ${key}`)
  refuseUnknownKeys(bag, ['port', 'host', 'clientAuth', ...credentialKeys], `${key}.`)
  const credentials = credentialsOption(bag, key)
  const hasAuthority = credentials.ca !== undefined
  const auth = wordOption(bag['clientAuth'], `${key}.clientAuth`, ['need', 'want', 'none'])
  if (auth !== undefined && auth !== 'none' && !hasAuthority) {
    const mend = 'give the authority that has signed them as ca, or clientAuth: none'
    throw badOption(`${key}.clientAuth`, auth, mend)
  }
  return {
    host: placeOption(bag['host'], `${key}.host`, host),
    port: portOption(bag['port'], `${key}.port`, 0),
    tls: { credentials, clientAuth: auth ?? (hasAuthority ? 'need' : 'none') },
  }
}

function countOption(
  bag: Bag,
  key: string,
  { missing, what }: { readonly missing: number; readonly what: string },
): number {
  const value = bag[key]
  if (value === undefined) return missing
  return integerOption(value, `zookeeper.${key}`, { min: 0, max: maxClients, what })
}

function timeoutsOption(
  bag: Bag,
  timing: Timing,
): Pick<ZooKeeperPort, 'minSessionTimeoutMs' | 'maxSessionTimeoutMs'> {
  const least = minSessionTimeoutMs(timing)
  const timeout = (key: string, min: number, missing: number): number => {
    const what = 'ms that a session may be silent'
    const value = bag[key]
    if (value === undefined) return missing
    return integerOption(value, `zookeeper.${key}`, { min, max: maxSessionTimeoutMs, what })
  }
  const min = timeout('minSessionTimeoutMs', least, least)
  return {
    minSessionTimeoutMs: min,
    maxSessionTimeoutMs: timeout('maxSessionTimeoutMs', min, maxSessionTimeoutMs),
  }
}

function wordsOption(value: unknown): readonly string[] {
  if (value === undefined) return ['srvr', 'isro']
  const isWord = (word: unknown): word is string => fourLetterWords.some((one) => one === word)
  if (Array.isArray(value)) {
    if (value.includes('*')) return fourLetterWords
    if (value.every(isWord)) return value
  }
  const mend = `give some of ${fourLetterWords.map((word) => show(word)).join(', ')}, or ['*']`
  throw badOption('zookeeper.fourLetterWords', value, mend)
}

function superDigestOption(value: unknown): string | null {
  if (value === undefined) return null
  if (typeof value === 'string' && /^super:[A-Za-z0-9+/]{27}=$/.test(value)) return value
  // Its value is not shown: it may be a password that was put here as it is.
  throw new CoordinationError(
    'BAD_OPTION',
    "option zookeeper.superDigest is no digest: give 'super:' and the base64 of the SHA-1 of 'super:password', 28 characters, as DigestAuthenticationProvider prints it",
  )
}

function settingsOption(value: unknown): Readonly<Record<string, string | number>> {
  if (value === undefined) return {}
  const bag = requireBag(value, 'option zookeeper.settings')
  const settings: Record<string, string | number> = {}
  for (const [key, one] of Object.entries(bag)) {
    if (typeof one === 'number' || (typeof one === 'string' && !/[\r\n]/.test(one))) {
      settings[key] = one
    } else throw badOption(`zookeeper.settings.${key}`, one, 'give a number or a line of text')
  }
  return settings
}
