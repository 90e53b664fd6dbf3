/** A scan under test: the scan itself, with time flowing while its next znode is awaited. */
import type { Scan, ScannedZnode } from '@conclave/core'
import type { VirtualTime } from './virtual-time.ts'

type Result = IteratorResult<ScannedZnode, undefined>

export class TimedScan implements Scan {
  readonly #scan: Scan
  readonly #time: VirtualTime
  readonly #what: string

  constructor(scan: Scan, time: VirtualTime, what: string) {
    this.#scan = scan
    this.#time = time
    this.#what = what
  }

  next(): Promise<Result> {
    return this.#time.whileAwaited(this.#what, this.#scan.next())
  }

  return(): Promise<Result> {
    return this.#scan.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}
