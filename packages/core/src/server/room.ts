/**
 * Whether there is room for what a request adds to the tree: the bounds of the tree as a whole, judged
 * against it as it will be, so that what is on its way counts.
 */
import type { ErrorCode } from '../errors.ts'
import type { Limits } from '../limits.ts'
import type { OutstandingChanges } from './outstanding-changes.ts'

/** What a change adds: a znode below this parent, or to the data of one that is there. */
export interface Growth {
  /** How many children the parent of a new znode has; `null` when none is new. */
  readonly siblings: number | null
  /** Bytes of data, fewer than 0 when there is less than before. */
  readonly bytes: number
}

/** Which bound leaves no room. */
export interface Lack {
  readonly code: ErrorCode
  readonly limit: keyof Limits | null
}

export function lackOfRoom(
  changes: OutstandingChanges,
  limits: Limits,
  path: string,
  { siblings, bytes }: Growth,
): Lack | null {
  if (siblings !== null) {
    if (siblings >= limits.maxChildren) return beyond('maxChildren')
    if (changes.znodeCount >= limits.maxZnodes) return beyond('maxZnodes')
  }
  const added = siblings === null ? bytes : bytes + path.length
  // What shrinks is never refused: it is the way back.
  if (added > 0 && changes.treeBytes + added > limits.maxTreeBytes) return beyond('maxTreeBytes')
  return null
}

function beyond(limit: keyof Limits): Lack {
  return { code: 'LIMIT_EXCEEDED', limit }
}
