/** When a znode goes by itself, from the description of containers and TTLs. */
import type { ModelZnode } from './tree-model.ts'

/** True of a childless znode that has had its time when the clock of the ensemble shows this. */
export function isDue({ reap, creates, deletes, mtime }: ModelZnode, timeMs: number): boolean {
  if (creates !== deletes) return false
  if (reap === -1) return creates > 0
  return reap > 0 && timeMs - mtime > reap
}
