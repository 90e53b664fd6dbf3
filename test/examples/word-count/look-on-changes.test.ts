import { describe, expect, test } from 'vitest'
import type { Change, Watch } from 'conclave'
import { lookOnChanges } from '../../../examples/word-count/look-on-changes.ts'

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

/** Looks that are counted, and that last until they are told to end. */
function looking() {
  const looks = { begun: 0, end: (): void => undefined }
  const look = async (): Promise<void> => {
    looks.begun += 1
    await new Promise<void>((resolve) => {
      looks.end = resolve
    })
  }
  return { looks, look }
}

describe('looking on changes', () => {
  test('the first look is at once, before any change', async () => {
    const { looks, look } = looking()
    void lookOnChanges([new HandWatch()], look)
    await settle()

    expect(looks.begun).toBe(1)
  })

  test('changes during a look, of whatever watch, are one occasion to look again', async () => {
    const [first, second] = [new HandWatch(), new HandWatch()]
    const { looks, look } = looking()
    void lookOnChanges([first, second], look)
    await settle()
    first.tell(deleted('/a'))
    first.tell(deleted('/b'))
    second.tell(deleted('/c'))
    await settle()
    expect(looks.begun).toBe(1)

    looks.end()
    await settle()
    expect(looks.begun).toBe(2)

    looks.end()
    await settle()
    expect(looks.begun).toBe(2)

    second.tell(deleted('/d'))
    await settle()
    expect(looks.begun).toBe(3)
  })

  test('a change that does not matter is none, a gap always is', async () => {
    const watch = new HandWatch()
    const { looks, look } = looking()
    void lookOnChanges([watch], look, () => false)
    await settle()
    looks.end()

    watch.tell(deleted('/a'))
    await settle()
    expect(looks.begun).toBe(1)

    watch.tell({ type: 'gap', reason: 'overflow' })
    await settle()
    expect(looks.begun).toBe(2)
  })

  test('it ends when all watches have ended', async () => {
    const [first, second] = [new HandWatch(), new HandWatch()]
    const { looks, look } = looking()
    const over = lookOnChanges([first, second], look)
    await settle()
    await first.return()
    await second.return()
    looks.end()

    await expect(over).resolves.toBeUndefined()
  })

  test('a watch that breaks breaks it, and ends the others', async () => {
    const [first, second] = [new HandWatch(), new HandWatch()]
    const { looks, look } = looking()
    const over = lookOnChanges([first, second], look)
    await settle()
    first.break(new Error('the session has expired'))
    looks.end()

    await expect(over).rejects.toThrow('the session has expired')
    expect(second.hasEnded).toBe(true)
  })

  test('a look that fails breaks it, and ends the watches', async () => {
    const watch = new HandWatch()
    const over = lookOnChanges([watch], () => Promise.reject(new Error('no such znode')))

    await expect(over).rejects.toThrow('no such znode')
    expect(watch.hasEnded).toBe(true)
  })
})
