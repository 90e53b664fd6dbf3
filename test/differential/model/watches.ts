/** Watches of an embedded session: every change within their depth, from docs/PROTOCOL.md, W1 to W8. */
import type { WatchDepth } from '@conclave/core/internal'
import { above, isBelow } from './paths.ts'

export interface Watch {
  readonly watch: number
  readonly path: string
  readonly depth: WatchDepth
}

function sees({ path, depth }: Watch, changed: string): boolean {
  if (path === changed) return true
  if (depth === 'node' || changed === '/') return false
  return depth === 'children' ? above(changed) === path : isBelow(changed, path)
}

const narrowFirst: readonly WatchDepth[] = ['node', 'children', 'subtree']

/** Those that see a change: the nearest path first, at one path the narrowest, then the oldest. */
export function thatSee(watches: readonly Watch[], changed: string): Watch[] {
  return watches
    .filter((watch) => sees(watch, changed))
    .sort(
      (a, b) =>
        b.path.length - a.path.length ||
        narrowFirst.indexOf(a.depth) - narrowFirst.indexOf(b.depth),
    )
}
