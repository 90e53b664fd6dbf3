/**
 * Watches, as occasions to look: a watch says *when* to read again, never what is there. So it does
 * not matter that several changes become one occasion, nor that a watch has a gap.
 */
import type { Change, Watch } from 'conclave'

/**
 * Looks at once, and again whenever a change that matters was told since the last look began; one
 * look at a time. Resolves when all watches have ended, as they do when their session is closed.
 * Rejects when a watch or a look does, and ends the watches then.
 */
export async function lookOnChanges(
  watches: readonly Watch[],
  look: () => Promise<void>,
  matters: (change: Change) => boolean = () => true,
): Promise<void> {
  const bell = new Bell()
  const follow = async (watch: Watch): Promise<void> => {
    for await (const change of watch) {
      if (change.type === 'gap' || matters(change)) bell.ring()
    }
  }
  Promise.all(watches.map(follow)).then(
    () => bell.end(),
    (error: unknown) => bell.end(error as Error),
  )
  try {
    while (await bell.nextRing()) await look()
  } finally {
    await Promise.all(watches.map((watch) => watch.return()))
  }
}

/** Rings that nobody waited for are kept, as one. It has rung once before anybody rings it. */
class Bell {
  #hasRung = true
  #hasEnded = false
  #error: Error | undefined
  #wake = (): void => undefined

  ring(): void {
    this.#hasRung = true
    this.#wake()
  }

  /** No ring follows. */
  end(error?: Error): void {
    this.#hasEnded = true
    this.#error = error
    this.#wake()
  }

  /** Resolves with true once it has rung since the last time, with false once it has ended. */
  async nextRing(): Promise<boolean> {
    if (!this.#hasRung && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (this.#error !== undefined) throw this.#error
    this.#hasRung = false
    return !this.#hasEnded
  }
}
