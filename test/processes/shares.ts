/** A command's work, in processes of its own: each does a share of it, tells what came of it, and ends with the command. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setImmediate } from 'node:timers/promises'

/** Processes that work for this one. */
export interface Shares {
  /** Resolves when all have ended: with the first exit code that is not 0, of a killed one 1. */
  readonly ended: Promise<number>
  /** Ends them early. */
  readonly stop: () => void
}

/** Starts the program once for each list of arguments; `onTold` hears what they tell. */
export function startShares(
  program: string,
  argumentLists: readonly (readonly string[])[],
  onTold: (told: unknown) => void,
): Shares {
  let isStopped = false
  const children = argumentLists.map((args) => fork(fileURLToPath(program), args))
  const exits = children.map((child) => {
    child.on('message', onTold)
    return new Promise<number>((resolve) => {
      child.on('exit', (code) => {
        resolve(code ?? (isStopped ? 0 : 1))
      })
    })
  })
  return {
    ended: Promise.all(exits).then((codes) => codes.find((code) => code !== 0) ?? 0),
    stop: () => {
      isStopped = true
      for (const child of children) child.kill()
    },
  }
}

/** In such a process: does the work piece by piece, and tells each. Ends when nobody listens any more. */
export async function workAsShare(pieces: Iterable<unknown>): Promise<void> {
  process.on('disconnect', () => process.exit(1))
  for (const piece of pieces) {
    process.send?.(piece)
    await setImmediate()
  }
  process.removeAllListeners('disconnect')
  process.disconnect()
}
