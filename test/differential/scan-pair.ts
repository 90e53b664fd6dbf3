/** One scan of the core's tree, and what the model had when it began: however long it takes. */
import { openAcl, TreeScan, type Replica, type WatchDepth } from '@conclave/core/internal'
import { compare, Difference } from './difference.ts'
import { above, isBelow } from './model/paths.ts'
import { statOf, type Tree } from './model/tree.ts'

export class ScanPair {
  readonly #scan: TreeScan
  readonly #tree: Tree
  readonly #root: string
  readonly #left: Set<string>
  isOver = false

  constructor(replica: Replica, tree: Tree, root: string, depth: WatchDepth) {
    this.#scan = new TreeScan(replica.tree, root, depth, replica.lastApplied, Infinity)
    this.#tree = tree
    this.#root = root
    this.#left = new Set(
      [...tree.keys()].filter(
        (path) =>
          path === root ||
          (depth === 'subtree' && isBelow(path, root)) ||
          (depth === 'children' && path !== '/' && above(path) === root),
      ),
    )
  }

  get tree(): Tree {
    return this.#tree
  }

  /** Takes so many znodes: each of the model's once, parents first. True when that were all. */
  take(count: number): boolean {
    for (let taken = 0; taken < count && !this.isOver; taken += 1) {
      const found = this.#scan.next()
      if (found === null) {
        compare(`the scan of ${this.#root} has left out`, [], [...this.#left])
        this.isOver = true
        return true
      }
      const { path, data, stat, acl } = found
      if (!this.#left.delete(path)) throw new Difference(`the scan finds ${path} out of place`)
      if (path !== this.#root && this.#left.has(above(path))) {
        throw new Difference(`the scan finds ${path} before its parent`)
      }
      const znode = this.#tree.get(path)!
      const expected = { data: znode.data, stat: statOf(this.#tree, path), acl: znode.acl }
      compare(`the scan finds ${path}`, { data, stat, acl: acl ?? openAcl }, expected)
    }
    return this.isOver
  }

  close(): void {
    this.#scan.close()
  }
}
