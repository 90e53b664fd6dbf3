/**
 * The options of `open`: what may be given, what is taken when it is not, and
 * what is refused. Everything is checked before anything is opened.
 */
import { resolve } from 'node:path'
import {
  CoordinationError,
  defaultLimits,
  defaultTiming,
  type Limits,
  type Member,
  type PeerId,
  type Timing,
} from '@conclave/core/internal'
import type { Bytes, Call } from '@conclave/core'
import {
  badOption,
  checkCall,
  flagOption,
  hostOption,
  integerOption,
  portOption,
  refuseUnknownKeys,
  requireBag,
  type Bag,
} from './option-checks.ts'
import {
  ensembleOption,
  peerIdOption,
  type EnsembleMember,
  type ListedMember,
} from './member-options.ts'
import { maxSessionTimeoutMs, minSessionTimeoutMs } from './session-options.ts'
import { zooKeeperOption, type ZooKeeperOptions, type ZooKeeperPort } from './zookeeper-options.ts'

export interface OpenOptions extends Call {
  /** Which of the listed peers this process is. */
  readonly id: number
  /** The peer's own directory: created if absent, and never shared with another peer. */
  readonly dir: string
  /**
   * Every peer of the ensemble, the same list everywhere, or `'standalone'`: one peer, no network,
   * and no second copy of the data. An odd number of voters is best: a fourth one makes three
   * necessary, and no more failures bearable than three do. So is an odd weight in all.
   */
  readonly ensemble: 'standalone' | readonly EnsembleMember[]
  /** Known to the peers of the ensemble alone: 32 random bytes. Needed beyond loopback. */
  readonly secret?: Bytes | undefined
  /** Says that peers may talk beyond loopback without a `secret`: anybody there can write anything. */
  readonly insecure?: boolean | undefined
  /** Where to listen, if not at the listed address: behind a NAT, or on every interface. */
  readonly listen?:
    { readonly host?: string | undefined; readonly port?: number | undefined } | undefined
  /** Where the peer runs. This version has `'inline'`: on the application's own loop. */
  readonly thread?: 'inline' | undefined
  /** Serves stock clients of ZooKeeper at this address. */
  readonly zookeeper?: ZooKeeperOptions | undefined
  /** Time bounds, for those who know why. Give every peer of an ensemble the same. */
  readonly timing?: Partial<Timing> | undefined
  /** Size bounds, for those who know why. Give every peer of an ensemble the same. */
  readonly limits?: Partial<Limits> | undefined
}

/** `OpenOptions`, checked, with everything that was left out. */
export interface PeerOptions {
  readonly id: PeerId
  readonly dir: string
  readonly members: readonly Member[]
  /** `null` for a standalone peer, which has no network. */
  readonly network: NetworkOptions | null
  readonly timing: Timing
  readonly limits: Limits
  /** `null` where clients of ZooKeeper are not served. */
  readonly zookeeper: ZooKeeperPort | null
  readonly call: Call
}

export interface NetworkOptions {
  readonly listen: { readonly host: string; readonly port: number }
  /** Everybody's advertised address, one's own among them. */
  readonly addresses: readonly {
    readonly id: PeerId
    readonly host: string
    readonly port: number
  }[]
  /** `null` only on loopback, or when `insecure` says so. */
  readonly secret: Uint8Array | null
  readonly insecure: boolean
}

/** An application's loop may be busy for a moment; its peer must not be taken to be gone. */
const inlineTiming: Timing = { ...defaultTiming, silentPeerMs: 3_000 }

const openKeys = [
  'id',
  'dir',
  'ensemble',
  'secret',
  'insecure',
  'listen',
  'thread',
  'zookeeper',
  'timing',
  'limits',
  'signal',
  'timeoutMs',
]

/** Checks the options of `open`. Throws `BAD_OPTION` for the first thing that cannot be. */
export function resolveOptions(given: unknown): PeerOptions {
  const bag = requireBag(given, 'what open() was given')
  refuseUnknownKeys(bag, openKeys)
  checkCall(bag)
  const options = bag as { readonly [K in keyof OpenOptions]: unknown }
  const id = peerIdOption(options.id, 'id')
  const dir = dirOption(options.dir)
  checkThread(options.thread)
  const timing = timingOption(options.timing)
  const limits = limitsOption(options.limits)
  const zookeeper = zooKeeperOption(options.zookeeper, timing)
  const rest = { timing, limits, zookeeper, call: given as Call }
  if (options.ensemble === 'standalone') {
    refuseNetworkOptions(bag)
    return { id, dir, members: [{ id, role: 'voter' }], network: null, ...rest }
  }
  const listed = ensembleOption(options.ensemble)
  const self = listed.find((member) => member.id === id)
  if (self === undefined) {
    const ids = listed.map((member) => member.id).join(', ')
    throw badOption('id', id, `it is not in ensemble, which lists ${ids}; add it there or mend it`)
  }
  const members = [...listed].sort((a, b) => a.id - b.id)
  return { id, dir, members, network: networkOptions(bag, listed, self), ...rest }
}

/** Checks a bag that takes `signal` and `timeoutMs` alone. */
export function resolveCall(given: unknown): Call {
  if (given === undefined) return {}
  const bag = requireBag(given, 'the last argument')
  refuseUnknownKeys(bag, ['signal', 'timeoutMs'])
  checkCall(bag)
  return given as Call
}

function dirOption(value: unknown): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return resolve(value)
  throw badOption('dir', value, 'give the path of a directory that belongs to this peer alone')
}

function checkThread(value: unknown): void {
  if (value === undefined || value === 'inline') return
  throw badOption('thread', value, "'inline' is what this version has; give that or leave it out")
}

/** A standalone peer has no network: what configures one there is a misunderstanding. */
function refuseNetworkOptions(bag: Bag): void {
  for (const key of ['listen', 'secret', 'insecure']) {
    if (bag[key] === undefined) continue
    throw new CoordinationError(
      'BAD_OPTION',
      `option ${key} is given, but ensemble is 'standalone', which has no network: leave ${key} out, or list the peers in ensemble`,
    )
  }
}

function networkOptions(
  bag: Bag,
  listed: readonly ListedMember[],
  self: ListedMember,
): NetworkOptions {
  const listen = listenOption(bag['listen'], self)
  const secret = secretOption(bag['secret'])
  const insecure = flagOption(bag['insecure'], 'insecure')
  const addresses = listed.map(({ id, address }) => ({ id, ...address }))
  const network = { listen, addresses, secret, insecure }
  refuseExposure(network, [...listed, { address: listen }])
  return network
}

/** Without a secret, peers do not talk beyond this machine unless somebody said that they may. */
export function refuseExposure(
  { secret, insecure }: Pick<NetworkOptions, 'secret' | 'insecure'>,
  places: readonly { readonly address?: { readonly host: string } }[],
): void {
  const hosts = places.flatMap(({ address }) => (address === undefined ? [] : [address.host]))
  const exposed = hosts.find((host) => !isLoopback(host))
  if (secret !== null || exposed === undefined || insecure) return
  throw new CoordinationError(
    'BAD_OPTION',
    `option secret is missing, and the peers talk beyond loopback (${exposed}): give all of them the same secret, or insecure: true if nobody else can reach them`,
  )
}

function listenOption(
  value: unknown,
  self: ListedMember,
): { readonly host: string; readonly port: number } {
  const { host, port } = self.address
  if (value === undefined) return { host, port }
  const bag = requireBag(value, 'option listen')
  refuseUnknownKeys(bag, ['host', 'port'], 'listen.')
  return {
    host: bag['host'] === undefined ? host : hostOption(bag['host'], 'listen.host'),
    port: bag['port'] === undefined ? port : portOption(bag['port'], 'listen.port'),
  }
}

/** The value is never shown: error messages end up in logs. */
function secretOption(value: unknown): Uint8Array | null {
  if (value === undefined) return null
  if (typeof value === 'string' && value !== '') return new TextEncoder().encode(value)
  if (value instanceof Uint8Array && value.length > 0) return Uint8Array.from(value)
  throw new CoordinationError(
    'BAD_OPTION',
    'option secret is empty or neither text nor bytes: give a string or a Uint8Array, the same to every peer',
  )
}

/** True of an address that only this machine can reach. */
function isLoopback(host: string): boolean {
  return (
    host.toLowerCase() === 'localhost' ||
    /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(host) ||
    /^(0{0,4}:){1,7}0{0,3}1$/.test(host)
  )
}

function timingOption(value: unknown): Timing {
  const timing = { ...inlineTiming, ...numbersOption(value, 'timing', Object.keys(inlineTiming)) }
  const { heartbeatMs, silentPeerMs, electionSettleMs } = timing
  if (silentPeerMs < 3 * heartbeatMs) {
    const mend = `give at least three times heartbeatMs, which is ${String(heartbeatMs)}`
    throw badOption('timing.silentPeerMs', silentPeerMs, mend)
  }
  if (electionSettleMs >= silentPeerMs) {
    const mend = `give less than silentPeerMs, which is ${String(silentPeerMs)}`
    throw badOption('timing.electionSettleMs', electionSettleMs, mend)
  }
  if (minSessionTimeoutMs(timing) > maxSessionTimeoutMs) {
    const mend = `give at most ${String(maxSessionTimeoutMs / 3)}, or no session timeout is left`
    throw badOption('timing.silentPeerMs', silentPeerMs, mend)
  }
  return timing
}

function limitsOption(value: unknown): Limits {
  const limits = { ...defaultLimits, ...numbersOption(value, 'limits', Object.keys(defaultLimits)) }
  if (limits.maxCounter > defaultLimits.maxCounter) {
    const mend = `give at most ${String(defaultLimits.maxCounter)}, all that a zxid has room for`
    throw badOption('limits.maxCounter', limits.maxCounter, mend)
  }
  return limits
}

/** A bag of positive integers, all optional. */
function numbersOption(
  value: unknown,
  key: string,
  known: readonly string[],
): Readonly<Record<string, number>> {
  if (value === undefined) return {}
  const bag = requireBag(value, `option ${key}`)
  refuseUnknownKeys(bag, known, `${key}.`)
  const numbers: Record<string, number> = {}
  for (const name of known) {
    if (bag[name] === undefined) continue
    numbers[name] = integerOption(bag[name], `${key}.${name}`, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      what: 'a bound',
    })
  }
  return numbers
}
