/** The verdict on a history, for tests: silence, or an error that a person can read. */
import { checkBlackBox, type HistoryEntry } from '@conclave/sim'

export interface CheckOptions {
  /** How much the search for an explanation may take; what is beyond it is not a pass. */
  readonly maxSteps?: number | undefined
}

/**
 * Throws unless everything in the history can be explained by one znode tree that changes one write at
 * a time: writes and linearizable reads in an order that respects real time, local reads in their
 * session's own order. One that is too large to be judged is not a pass.
 */
export function checkHistory(history: readonly HistoryEntry[], options?: CheckOptions): void {
  const { verdict, problems, undecided, steps } = checkBlackBox(history, options)
  switch (verdict) {
    case 'ok':
      return
    case 'violation':
      throw new Error(`no order of its calls explains the history:\n${problems.join('\n')}`)
    case 'unknown':
      throw new Error(
        `the history is not judged: after ${steps} steps nothing is known about ${undecided.join(', ')}. ` +
          'Do less in one test, or give more maxSteps',
      )
  }
}
