/**
 * The servers of an ensemble in the order in which they are tried: drawn once, then round and round.
 * Everybody who lost a server draws another order and another pause, so that they do not all come to
 * the next one at once.
 */

export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** The pause before a server is tried, at most, in the first round; each round doubles it. */
const firstPauseMs = 100

export class ServerList {
  readonly #servers: readonly ServerAddress[]
  readonly #random: () => number
  #next = 0
  #failureCount = 0

  /** `random` draws from [0, 1). */
  constructor(servers: readonly ServerAddress[], random: () => number) {
    this.#random = random
    this.#servers = shuffled(servers, random)
  }

  get size(): number {
    return this.#servers.length
  }

  /** The server to be tried. */
  next(): ServerAddress {
    const server = this.#servers[this.#next % this.#servers.length] as ServerAddress
    this.#next += 1
    return server
  }

  /** A server was tried in vain, or did not last. */
  onFailed(): void {
    this.#failureCount += 1
  }

  onLasted(): void {
    this.#failureCount = 0
  }

  /** How long to wait before the next one. */
  pauseMs(maxMs: number): number {
    const rounds = Math.floor(this.#failureCount / this.#servers.length)
    const most = Math.min(maxMs, firstPauseMs * 2 ** Math.min(rounds, 16))
    // At least half of it from the second round on: an ensemble that is down is not to be hammered.
    const least = rounds === 0 ? 0 : most / 2
    return least + this.#random() * (most - least)
  }
}

/** Fisher and Yates. */
function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const order = [...items]
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1))
    const held = order[last] as T
    order[last] = order[other] as T
    order[other] = held
  }
  return order
}
