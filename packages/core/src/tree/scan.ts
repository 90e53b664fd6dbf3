/**
 * A walk over a subtree as it was at one zxid, however long it takes and whatever happens meanwhile.
 * Nothing is copied when it begins: the tree tells every scan before it changes a znode, and a scan
 * keeps what the znode was. Parents come before their children; siblings in no order.
 *
 * A scan that is not taken from any more keeps what changes, up to a bound that all scans share: then
 * the oldest is overrun, and what it keeps is let go of.
 */
import type { Acl } from '../access/acl.ts'
import type { Zxid } from '../zxid.ts'
import { childPath, isAncestor, parentOf } from './path.ts'
import { statOf, type Stat, type Znode } from './znode.ts'

/** What a scan sees below its path: the znode alone, its children too, or everything. */
export type ScanDepth = 'node' | 'children' | 'subtree'

/** One znode, as it was at the scan's zxid. `data` is the tree's own: not to be written to. */
export interface ScannedZnode {
  readonly path: string
  readonly data: Uint8Array | null
  readonly stat: Stat
  readonly acl: Acl
}

/** What a scan asks of the tree that it walks. */
export interface ScannedTree {
  get(path: string): Znode | undefined
  readonly scans: TreeScans
}

/** A znode that has changed since, and the names of the children that it had. */
interface KeptZnode extends ScannedZnode {
  readonly children: readonly string[]
}

/** A znode whose children are underway. */
interface Level {
  readonly path: string
  readonly names: readonly string[]
  next: number
}

const levelsBelow: Readonly<Record<ScanDepth, number>> = { node: 0, children: 1, subtree: Infinity }
const noNames: readonly string[] = []

/** What a kept znode takes up beside its data, about: its stat, its place in a map. */
const keptBytes = 400
/** What the name of a child takes up in a list, the string itself being the tree's. */
const nameBytes = 8

/** The scans of one tree that are underway, the oldest first. */
export class TreeScans {
  readonly #underway = new Set<TreeScan>()

  get size(): number {
    return this.#underway.size
  }

  /** The tree is about to change or delete this znode. */
  keep(znode: Znode): void {
    for (const scan of this.#underway) scan.keep(znode)
  }

  add(scan: TreeScan): void {
    this.#underway.add(scan)
  }

  delete(scan: TreeScan): void {
    this.#underway.delete(scan)
  }

  /** Overruns the oldest scans until no more is kept than may be. */
  bound(maxKeptBytes: number): void {
    let keptBytes = 0
    for (const scan of this.#underway) keptBytes += scan.keptBytes
    for (const scan of this.#underway) {
      if (keptBytes <= maxKeptBytes) return
      keptBytes -= scan.keptBytes
      scan.overrun()
    }
  }
}

export class TreeScan {
  readonly at: Zxid
  readonly #tree: ScannedTree
  readonly #below: number
  readonly #maxKeptBytes: number
  /** Every znode that changed since, as it was. */
  readonly #kept = new Map<string, KeptZnode>()
  #keptBytes = 0
  /** The znodes whose children are known to the walk already. */
  readonly #entered = new Set<string>()
  readonly #levels: Level[] = []
  readonly #root: string
  #isBegun = false
  #isOverrun = false

  /**
   * `at` is the zxid up to which the tree has been changed, between two pages; `maxKeptBytes` what all
   * scans of the tree may keep. With nothing at `path` the scan is over at once.
   */
  constructor(tree: ScannedTree, path: string, depth: ScanDepth, at: Zxid, maxKeptBytes: number) {
    this.at = at
    this.#tree = tree
    this.#below = levelsBelow[depth]
    this.#maxKeptBytes = maxKeptBytes
    this.#root = path
    tree.scans.add(this)
  }

  /** True once more has changed than may be kept: the scan cannot go on. */
  get isOverrun(): boolean {
    return this.#isOverrun
  }

  /** What it keeps, about. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** The next znode; `null` when that was all, or when the scan is closed or overrun. */
  next(): ScannedZnode | null {
    if (!this.#isBegun) {
      this.#isBegun = true
      return this.#enter(this.#root) ?? this.#end()
    }
    for (;;) {
      const level = this.#levels.at(-1)
      if (level === undefined) return this.#end()
      const name = level.names[level.next]
      level.next += 1
      if (name === undefined) this.#levels.pop()
      else return this.#enter(childPath(level.path, name))
    }
  }

  /** Ends the scan, and lets go of what it keeps. Idempotent. */
  close(): void {
    this.#tree.scans.delete(this)
    this.#kept.clear()
    this.#entered.clear()
    this.#levels.length = 0
    this.#isBegun = true
    this.#keptBytes = 0
  }

  /** Ends the scan, since too much is kept. */
  overrun(): void {
    this.#isOverrun = true
    this.close()
  }

  /** Keeps what a znode is, that is about to change or to be deleted. */
  keep(znode: Znode): void {
    const { path } = znode
    // What was created since is not there at `at`, and what was deleted before it is kept already.
    if (znode.czxid > this.at || !this.#covers(path) || this.#kept.has(path)) return
    const isEntered = this.#entered.has(path)
    const children = isEntered ? noNames : znode.childNames
    const { data, acl } = znode
    this.#kept.set(path, { path, data, stat: statOf(znode), acl, children })
    this.#keptBytes += keptBytes + znode.dataLength + nameBytes * children.length
    this.#tree.scans.bound(this.#maxKeptBytes)
  }

  #covers(path: string): boolean {
    if (path === this.#root) return true
    if (this.#below === 0 || !isAncestor(this.#root, path)) return false
    return this.#below === Infinity || parentOf(path) === this.#root
  }

  #end(): null {
    this.close()
    return null
  }

  /** The znode at a path, at `at`; its children are underway from now on. */
  #enter(path: string): ScannedZnode | null {
    const kept = this.#kept.get(path)
    const znode = kept === undefined ? this.#tree.get(path) : undefined
    if (kept === undefined && (znode === undefined || znode.czxid > this.at)) return null
    if (this.#levels.length < this.#below) {
      const names = kept === undefined ? (znode?.childNames ?? noNames) : kept.children
      if (names.length > 0) {
        this.#levels.push({ path, names, next: 0 })
        this.#entered.add(path)
      }
    }
    if (kept !== undefined) return kept
    if (znode === undefined) return null
    return { path, data: znode.data, stat: statOf(znode), acl: znode.acl }
  }
}
