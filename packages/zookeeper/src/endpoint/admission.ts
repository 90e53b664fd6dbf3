/**
 * How many connections there may be: in all, from one address, and new ones in a second. Counted from
 * the moment that the kernel hands one over, whatever it turns out to be.
 */
import type { Socket } from 'node:net'
import type { EndpointClock } from './endpoint-host.ts'
import type { EndpointLimits } from './endpoint-limits.ts'

export class Admission {
  readonly #limits: EndpointLimits
  readonly #clock: EndpointClock
  readonly #sockets = new Set<Socket>()
  readonly #countByAddress = new Map<string, number>()
  /** How many may come at once; one more with each part of a second. */
  #tokens: number
  #filledMs: number

  constructor(limits: EndpointLimits, clock: EndpointClock) {
    this.#limits = limits
    this.#clock = clock
    this.#tokens = limits.maxConnectionsPerSecond
    this.#filledMs = clock.nowMs()
  }

  /** Counts a connection until it is closed; false when there are as many as may be. */
  admit(socket: Socket): boolean {
    const { maxConnections, maxAddressConnections } = this.#limits
    const address = socket.remoteAddress ?? ''
    const count = this.#countByAddress.get(address) ?? 0
    const isFull = maxAddressConnections > 0 && count >= maxAddressConnections
    if (isFull || this.#sockets.size >= maxConnections || !this.#takeToken()) return false
    this.#sockets.add(socket)
    this.#countByAddress.set(address, count + 1)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      const left = (this.#countByAddress.get(address) ?? 1) - 1
      if (left === 0) this.#countByAddress.delete(address)
      else this.#countByAddress.set(address, left)
    })
    return true
  }

  /** Ends every one of them. */
  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #takeToken(): boolean {
    const { maxConnectionsPerSecond: most } = this.#limits
    if (most === 0) return true
    const nowMs = this.#clock.nowMs()
    this.#tokens = Math.min(most, this.#tokens + ((nowMs - this.#filledMs) * most) / 1_000)
    this.#filledMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
