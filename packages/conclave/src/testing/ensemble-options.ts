/** The options of `ensemble()`: what may be given, and what each peer is started with. */
import type { Limits, Timing } from '@conclave/core/internal'
import { integerOption, refuseUnknownKeys, requireBag } from '../option-checks.ts'
import { resolveOptions, type PeerOptions } from '../options.ts'

export interface EnsembleOptions {
  /** How many peers it has, with the ids 1, 2, …; three unless told. All are voters. */
  readonly peers?: number | undefined
  /** All that chance decides comes from it; 1 unless told. */
  readonly seed?: number | undefined
  /** As in `open`: what the service gives its own peers. */
  readonly timing?: Partial<Timing> | undefined
  readonly limits?: Partial<Limits> | undefined
}

/** What an ensemble is made of. */
export interface EnsembleSettings {
  readonly seed: number
  readonly peers: readonly PeerOptions[]
}

const maxPeers = 9

/** Checks the options of `ensemble()`. Throws `BAD_OPTION` for the first thing that cannot be. */
export function resolveEnsembleOptions(given: EnsembleOptions = {}): EnsembleSettings {
  const bag = requireBag(given, 'what ensemble() was given')
  refuseUnknownKeys(bag, ['peers', 'seed', 'timing', 'limits'])
  const { peers = 3, seed = 1, timing, limits } = given
  const count = integerOption(peers, 'peers', { min: 1, max: maxPeers, what: 'how many there are' })
  integerOption(seed, 'seed', { min: 0, max: Number.MAX_SAFE_INTEGER, what: 'a seed' })
  const ids = Array.from({ length: count }, (_, index) => index + 1)
  const ensemble = ids.map((id) => ({ id, host: 'memory', port: id }))
  const options = { dir: 'memory', ensemble, insecure: true, timing, limits }
  return { seed, peers: ids.map((id) => resolveOptions({ id, ...options })) }
}
