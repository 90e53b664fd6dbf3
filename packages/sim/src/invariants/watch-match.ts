/** Which changes a watch sees, said once more and from the description alone. */
import type { Watch } from '../history.ts'
import { parentPathOf } from '../model/tree-model.ts'

/** True when a watch of this path and depth sees a change of the znode at `path`. */
export function watchSees(watch: Watch, path: string): boolean {
  if (watch.path === path) return true
  switch (watch.depth) {
    case 'node':
      return false
    case 'children':
      return parentPathOf(path) === watch.path
    case 'subtree':
      return path.startsWith(watch.path === '/' ? '/' : `${watch.path}/`)
  }
}
