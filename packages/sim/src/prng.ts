/**
 * All randomness of a run: counter-based streams, `hash(seed, stream, peer, n)`.
 *
 * The n-th draw of one stream depends on nothing but its own name and n. So a fault that is taken
 * out of a run, or a delay that is made constant, leaves every other draw as it was; a single shared
 * generator would make each such change a different run, and no failing run could be made smaller.
 */

/** What is drawn for: each kind of decision has streams of its own. */
export const streamNames = [
  'scenario',
  'faults',
  'fault-detail',
  'connect',
  'delay-liveness',
  'delay-data',
  'break',
  'disk-sync',
  'disk-group',
  'disk-read',
  'disk-crash',
  'step',
  'restart',
  'core',
  'workload',
  'password',
  'survivors',
  'reconfiguration',
  'reaping',
  'read-only',
  'lists',
  'quotas',
  'memory',
  'weights',
  'roaming',
] as const
export type StreamName = (typeof streamNames)[number]

const twoTo32 = 2 ** 32

/** Mixes two 32-bit words into one, so that every bit of both moves every bit of the result. */
function mix(a: number, b: number): number {
  let h = Math.imul(a ^ (b + 0x9e3779b9), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 13), 0x27d4eb2f)
  return (h ^ (h >>> 16)) >>> 0
}

/** The n-th 32 random bits of a stream. The same everywhere and for ever. */
export function hash(seed: number, stream: StreamName, owner: number, n: number): number {
  return mix(mix(baseOf(seed, stream, owner), n % twoTo32), Math.floor(n / twoTo32))
}

function baseOf(seed: number, stream: StreamName, owner: number): number {
  const halves = mix(mix(0x2545f491, seed % twoTo32), Math.floor(seed / twoTo32))
  return mix(mix(halves, streamNames.indexOf(stream)), owner)
}

/** One stream, drawn from in order. `owner` is a peer, a link or a client: whoever decides. */
export class Random {
  readonly #base: number
  #count = 0

  constructor(seed: number, stream: StreamName, owner = 0) {
    this.#base = baseOf(seed, stream, owner)
  }

  /** 32 random bits. */
  bits(): number {
    const n = this.#count
    this.#count += 1
    return mix(mix(this.#base, n), 0)
  }

  /** At least 0, below 1. */
  unit(): number {
    return this.bits() / twoTo32
  }

  /** True with this probability. Draws even when the answer is certain, so that streams keep step. */
  chance(probability: number): boolean {
    return this.unit() < probability
  }

  /** An integer from `from` to `upTo`, both included. */
  integer(from: number, upTo: number): number {
    return from + Math.floor(this.unit() * (upTo - from + 1))
  }

  /** Exponentially distributed around `mean`, an integer, at most twenty times the mean. */
  exponential(mean: number): number {
    return Math.floor(Math.min(-Math.log(1 - this.unit()), 20) * mean)
  }

  /** One of them. Refuses an empty list. */
  pick<T>(list: readonly T[]): T {
    const at = Math.floor(this.unit() * list.length)
    if (at >= list.length) throw new RangeError('pick: the list is empty')
    return list[at] as T
  }
}
