/**
 * Whether there is room for what a request adds to the tree: the bounds of the tree as a whole, then the
 * hard quota that the znode is under. Judged against the tree as it will be, so that what is on its way
 * counts. What shrinks is never refused: it is the way back.
 */
import type { ErrorCode } from '../errors.ts'
import type { Limits } from '../limits.ts'
import { isBeyondHard } from '../tree/quotas.ts'
import type { OutstandingChanges } from './outstanding-changes.ts'

/** What a change adds: a znode below this parent, or to the data of one that is there. */
export interface Growth {
  /** How many children the parent of a new znode has; `null` when none is new. */
  readonly siblings: number | null
  /** Bytes of data, fewer than 0 when there is less than before. */
  readonly bytes: number
}

/** What leaves no room: a bound of the options, or a quota. */
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
  if (added > 0 && changes.treeBytes + added > limits.maxTreeBytes) return beyond('maxTreeBytes')
  const quota = changes.quotas.over(path)
  if (quota === undefined || !isBeyondHard(quota, siblings === null ? 0 : 1, bytes)) return null
  return { code: 'QUOTA_EXCEEDED', limit: null }
}

function beyond(limit: keyof Limits): Lack {
  return { code: 'LIMIT_EXCEEDED', limit }
}
