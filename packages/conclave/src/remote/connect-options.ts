/** The servers and options of `connect`: what may be given, what is taken when it is not. */
import { CoordinationError, defaultLimits, pathFault } from '@conclave/core/internal'
import type { Bytes, Call } from '@conclave/core'
import { Chroot, defaultClientLimits, type Proof, type ServerAddress } from '@conclave/zookeeper'
import type { ConnectionOptions } from 'node:tls'
import {
  badOption,
  checkCall,
  hostOption,
  integerOption,
  portOption,
  refuseUnknownKeys,
  requireBag,
  show,
} from '../option-checks.ts'
import { digestOf, proofBytes } from '../session-identities.ts'

export interface ConnectOptions extends Call {
  /**
   * For how long the ensemble is to keep the session without a sign of life; 10 s unless told. The
   * servers have bounds of their own: what they granted is the session's `timeoutMs`.
   */
  readonly sessionTimeoutMs?: number | undefined
  /** What the session proves to be, on each connection, before anything else. */
  readonly auth?: readonly { readonly scheme: string; readonly proof: Bytes }[] | undefined
  /** Connects by TLS, with these options of `node:tls`, or with its own: `true`. */
  readonly tls?: true | ConnectionOptions | undefined
  /** The longest request; 1 MiB less a byte unless told, as ZooKeeper's `jute.maxbuffer`. */
  readonly maxFrameBytes?: number | undefined
}

/** `ConnectOptions`, checked, and the servers. */
export interface ResolvedConnect {
  readonly servers: readonly ServerAddress[]
  readonly chroot: Chroot
  readonly sessionTimeoutMs: number
  readonly proofs: readonly Proof[]
  readonly tls: ConnectionOptions | undefined
  readonly maxFrameBytes: number
}

const defaultPort = 2181
const defaultSessionTimeoutMs = 10_000
const maxSessionTimeoutMs = 2 ** 31 - 1
const leastFrameBytes = 1_024
const mostFrameBytes = 2 ** 30

/** Throws `BAD_OPTION`, and `BAD_ARGUMENT` for a proof that is none. */
export function resolveConnect(servers: unknown, options: unknown): ResolvedConnect {
  const bag = options === undefined ? {} : requireBag(options, 'what connect() was given')
  const known = ['sessionTimeoutMs', 'auth', 'tls', 'maxFrameBytes', 'signal', 'timeoutMs']
  refuseUnknownKeys(bag, known)
  checkCall(bag)
  const { sessionTimeoutMs, maxFrameBytes } = bag
  return {
    ...resolveServers(servers),
    sessionTimeoutMs:
      sessionTimeoutMs === undefined
        ? defaultSessionTimeoutMs
        : integerOption(sessionTimeoutMs, 'sessionTimeoutMs', {
            min: 1,
            max: maxSessionTimeoutMs,
            what: 'ms',
          }),
    proofs: proofsOption(bag['auth']),
    tls: tlsOption(bag['tls']),
    maxFrameBytes:
      maxFrameBytes === undefined
        ? defaultClientLimits.maxFrameBytes
        : integerOption(maxFrameBytes, 'maxFrameBytes', {
            min: leastFrameBytes,
            max: mostFrameBytes,
            what: 'bytes',
          }),
  }
}

/** `zk://host:port,host:port/chroot`. */
function resolveServers(given: unknown): Pick<ResolvedConnect, 'servers' | 'chroot'> {
  const [, list, path] =
    /^zk:\/\/([^/]+)(\/.*)?$/.exec(typeof given === 'string' ? given : '') ?? []
  if (list === undefined) {
    const mend = "give 'zk://host:2181,host2:2181', with a path behind it or none"
    throw badOption('servers', given, mend)
  }
  const chroot = path === undefined || path === '/' ? '/' : path
  const fault = pathFault(chroot)
  if (fault !== null) throw badOption('servers', given, `mend its path: ${fault}`)
  return { servers: list.split(',').map(serverOf), chroot: new Chroot(chroot) }
}

/** `host`, `host:port`, or with brackets around an IPv6 address. */
function serverOf(text: string): ServerAddress {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined) throw badOption('servers', text, 'give each as host:port')
  return {
    host: hostOption(host, 'servers'),
    port: port === undefined ? defaultPort : portOption(Number(port), 'servers'),
  }
}

function proofsOption(value: unknown): readonly Proof[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw badOption('auth', value, 'give an array of { scheme, proof }')
  return value.map((one: unknown) => {
    const bag = requireBag(one, 'one of option auth')
    refuseUnknownKeys(bag, ['scheme', 'proof'], 'auth.')
    const { scheme, proof } = bag
    if (typeof scheme !== 'string' || scheme === '') {
      throw badOption('auth.scheme', scheme, "give a scheme, like 'digest'")
    }
    const bytes = proofBytes(proof, defaultLimits.maxProofBytes)
    if (scheme === 'digest') digestOf(bytes)
    return { scheme, proof: bytes }
  })
}

function tlsOption(value: unknown): ConnectionOptions | undefined {
  if (value === undefined) return undefined
  if (value === true) return {}
  if (typeof value === 'object' && value !== null) return value
  throw new CoordinationError(
    'BAD_OPTION',
    `option tls is ${show(value)}: give true, or options of node:tls, or leave it out`,
  )
}
