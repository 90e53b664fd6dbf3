/**
 * What a session is told, in the order in which it came, though something of it must be completed
 * first: a change of which only the path is known is told once its data was read, and what came behind
 * it waits (W4).
 */
import { Fifo } from '@conclave/core/internal'

/** A place in the line, to be filled once. */
export interface Place {
  fill(tell: () => void): void
}

export class InOrder {
  readonly #line = new Fifo<{ tell: (() => void) | undefined }>()

  /** Tells it now, or behind what must be completed. */
  run(tell: () => void): void {
    if (this.#line.size === 0) tell()
    else this.#line.push({ tell })
  }

  /** Keeps a place for what will be told. */
  hold(): Place {
    const place: { tell: (() => void) | undefined } = { tell: undefined }
    this.#line.push(place)
    return {
      fill: (tell) => {
        place.tell = tell
        this.#tellReady()
      },
    }
  }

  #tellReady(): void {
    for (let tell = this.#line.first?.tell; tell !== undefined; tell = this.#line.first?.tell) {
      this.#line.shift()
      tell()
    }
  }
}
