/** What waits to be sent, in order. What is given up meanwhile is skipped, and is not kept for long. */
import { Fifo } from '@conclave/core/internal'
import type { ClientCall } from './client-call.ts'

export class UnsentCalls {
  readonly #calls = new Fifo<ClientCall>()
  /** How many of them were given up: skipped when it is their turn, or once half are like them. */
  #givenUpCount = 0
  #bytes = 0

  get size(): number {
    return this.#calls.size - this.#givenUpCount
  }

  get bytes(): number {
    return this.#bytes
  }

  push(call: ClientCall): void {
    this.#calls.push(call)
    this.#bytes += call.frame.length
  }

  /** The next one. */
  shift(): ClientCall | undefined {
    for (;;) {
      const call = this.#calls.shift()
      if (call?.isSettled !== true) {
        this.#bytes -= call?.frame.length ?? 0
        return call
      }
      this.#givenUpCount -= 1
    }
  }

  /** Puts calls before all others. */
  putFirst(calls: readonly ClientCall[]): void {
    const behind = this.takeAll()
    for (const call of [...calls, ...behind]) this.push(call)
  }

  /** Nobody waits any more for one of them. */
  giveUp(call: ClientCall): void {
    call.giveUp()
    this.#bytes -= call.frame.length
    this.#givenUpCount += 1
    if (this.#givenUpCount * 2 <= this.#calls.size) return
    this.#calls.keep((one) => !one.isSettled)
    this.#givenUpCount = 0
  }

  takeAll(): ClientCall[] {
    const calls = [...this.#calls].filter((call) => !call.isSettled)
    this.#calls.clear()
    this.#givenUpCount = 0
    this.#bytes = 0
    return calls
  }
}
