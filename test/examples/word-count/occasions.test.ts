import { describe, expect, test } from 'vitest'
import type { Change, Watch } from 'conclave'
import { occasions } from '../../../examples/word-count/occasions.ts'

/** A watch whose changes are told by hand. */
class HandWatch implements Watch {
  readonly #told: (() => Promise<IteratorResult<Change, undefined>>)[] = []
  #wake = (): void => undefined
  hasEnded = false

  tell(change: Change): void {
    this.#told.push(() => Promise.resolve({ done: false, value: change }))
    this.#wake()
  }

  break(error: Error): void {
    this.#told.push(() => Promise.reject(error))
    this.#wake()
  }

  async next(): Promise<IteratorResult<Change, undefined>> {
    while (this.#told.length === 0 && !this.hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#told.shift()?.() ?? { done: true, value: undefined }
  }

  return(): Promise<IteratorResult<Change, undefined>> {
    this.hasEnded = true
    this.#wake()
    return Promise.resolve({ done: true, value: undefined })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

function deleted(path: string): Change {
  return { type: 'deleted', path, zxid: 1 as Change extends { zxid: infer Z } ? Z : never }
}

/** Lets everything run that waits for nothing from outside. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

describe('occasions', () => {
  test('the first one is at once, before any change', async () => {
    const looks = occasions([new HandWatch()])

    expect(await looks.next()).toEqual({ done: false, value: undefined })
  })

  test('changes during a look, of whatever watch, are one occasion to look again', async () => {
    const [first, second] = [new HandWatch(), new HandWatch()]
    const looks = occasions([first, second])
    await looks.next()
    first.tell(deleted('/a'))
    first.tell(deleted('/b'))
    second.tell(deleted('/c'))
    await settle()

    expect((await looks.next()).done).toBe(false)
    let isDue = false
    void looks.next().then(() => {
      isDue = true
    })
    await settle()
    expect(isDue).toBe(false)

    second.tell(deleted('/d'))
    await settle()
    expect(isDue).toBe(true)
  })

  test('a change that does not matter is none, a gap always is', async () => {
    const watch = new HandWatch()
    const looks = occasions([watch], () => false)
    await looks.next()
    let isDue = false
    void looks.next().then(() => {
      isDue = true
    })

    watch.tell(deleted('/a'))
    await settle()
    expect(isDue).toBe(false)

    watch.tell({ type: 'gap', reason: 'overflow' })
    await settle()
    expect(isDue).toBe(true)
  })

  test('they end when all watches have ended', async () => {
    const [first, second] = [new HandWatch(), new HandWatch()]
    const looks = occasions([first, second])
    await looks.next()
    await first.return()
    await second.return()

    expect((await looks.next()).done).toBe(true)
  })

  test('a watch that breaks breaks them, and ends the others', async () => {
    const [first, second] = [new HandWatch(), new HandWatch()]
    const looks = occasions([first, second])
    await looks.next()
    first.break(new Error('the session has expired'))

    await expect(looks.next()).rejects.toThrow('the session has expired')
    expect(second.hasEnded).toBe(true)
  })

  test('whoever leaves the loop ends the watches', async () => {
    const watch = new HandWatch()
    for await (const _ of occasions([watch])) break

    expect(watch.hasEnded).toBe(true)
  })
})
