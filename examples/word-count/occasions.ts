/**
 * Watches, as occasions to look: a watch says *when* to read again, never what is there. So it does
 * not matter that several changes become one occasion, nor that a watch has a gap.
 */
import type { Change, Watch } from 'conclave'

/**
 * Yields at once, and again whenever a change that matters was told since the last time. Ends when
 * all watches have ended, as they do when the session is closed, and rejects when one of them does.
 * Leaving the loop ends the watches.
 */
export async function* occasions(
  watches: readonly Watch[],
  matters: (change: Change) => boolean = () => true,
): AsyncGenerator<undefined> {
  let isDue = true
  let isOver = false
  let failure: unknown
  let wake = (): void => undefined

  const follow = async (watch: Watch): Promise<void> => {
    for await (const change of watch) {
      if (change.type !== 'gap' && !matters(change)) continue
      isDue = true
      wake()
    }
  }
  const end = (error?: unknown): void => {
    isOver = true
    failure = error
    wake()
  }
  Promise.all(watches.map(follow)).then(() => end(), end)

  try {
    for (;;) {
      if (isOver) break
      if (isDue) {
        isDue = false
        yield undefined
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  } finally {
    await Promise.all(watches.map((watch) => watch.return()))
  }
  if (failure !== undefined) throw failure
}
