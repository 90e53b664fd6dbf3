/** Everything that a round's record is judged by. */
import { checkBlackBox, checkReplay, type LoggedTxn } from '@conclave/sim'
import { checkFinal } from './final-checks.ts'
import type { Recorded } from './recorder.ts'
import type { ZnodeRead } from './service.ts'

export interface Evidence extends Recorded {
  /** What each peer held at the end. */
  readonly contents: ReadonlyMap<number, readonly ZnodeRead[]>
  /** All that was committed, or why it is not known. */
  readonly log: readonly LoggedTxn[] | string
}

/** Says what is wrong; nothing when all is well. What could not be judged is wrong too. */
export function judge(evidence: Evidence, say: (line: string) => void): string[] {
  const { entries, contents, log } = evidence
  const wrong = checkFinal(evidence, contents)
  if (typeof log === 'string') wrong.push(`the log is not whole: ${log}`)
  else {
    const { problems, txns, placed } = checkReplay(entries, log)
    wrong.push(...problems.map(({ rule, text }) => `${rule}: ${text}`))
    say(`replayed ${txns} txns, ${placed} writes placed`)
  }
  const blackBox = checkBlackBox(entries)
  wrong.push(...blackBox.problems.map((text) => `C11: ${text}`))
  if (blackBox.undecided.length > 0) {
    wrong.push(`C11: undecided: ${blackBox.undecided.join(', ')}`)
  }
  say(`black box: ${blackBox.verdict}, ${blackBox.operations} operations, ${blackBox.steps} steps`)
  return wrong
}
