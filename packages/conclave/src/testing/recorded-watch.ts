/** A watch under test: the watch itself, with time flowing while somebody waits for a change. */
import type { Change, Watch } from '@conclave/core'
import type { VirtualTime } from './virtual-time.ts'

type Result = IteratorResult<Change, undefined>

export class RecordedWatch implements Watch {
  readonly #watch: Watch
  readonly #time: VirtualTime
  readonly #onChange: (change: Change) => void

  constructor(watch: Watch, time: VirtualTime, onChange: (change: Change) => void) {
    this.#watch = watch
    this.#time = time
    this.#onChange = onChange
  }

  async next(): Promise<Result> {
    // Nobody knows whether there will ever be another change.
    const result = await this.#time.whileAwaited(null, this.#watch.next())
    if (result.done !== true) this.#onChange(result.value)
    return result
  }

  return(): Promise<Result> {
    return this.#watch.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}
