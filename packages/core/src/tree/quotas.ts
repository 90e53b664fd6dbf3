/**
 * Quotas: how many znodes and how many bytes of data a subtree has, should have at most (soft), and may
 * have at most (hard). As in ZooKeeper they are znodes that anybody can write: below
 * `/zookeeper/quota<path>`, `zookeeper_limits` says what is allowed and `zookeeper_stats` what there is.
 * Here is which quotas there are and what they hold; what they forbid is judged in server/room.ts.
 *
 * A stats znode is right after every change, on every replica: its data is a function of the tree,
 * written where the change is applied, and as much part of digest and snapshot as any. Writing it is no
 * change of its own: no version, no time, no event. What anybody else writes into it, a count replaces.
 *
 * Two trees are counted like this: the replicated one (tree.ts), and the leader's as it will be
 * (server/outstanding-changes.ts), which can take changes back.
 */
import { isAncestor, parentOf } from './path.ts'
import { parseQuota, usageText, type QuotaLimits, type QuotaUsage } from './quota-text.ts'

/** The quota of one path. Without limits it allows everything, without usage it forbids nothing. */
export interface Quota {
  readonly path: string
  readonly limits: QuotaLimits | null
  readonly usage: QuotaUsage | null
}

/** The tree that is counted. */
export interface CountedTree {
  /** What is at and below a path now. */
  measure(path: string): QuotaUsage
  /** A stats znode, which is there, holds this from now on. */
  writeStats(path: string, data: Uint8Array): void
}

const quotaRoot = '/zookeeper/quota'
const limitsName = '/zookeeper_limits'
const statsName = '/zookeeper_stats'

/** Where the limits, and where the usage, of a path's quota stand. */
export function quotaPaths(path: string): { readonly limits: string; readonly stats: string } {
  return { limits: quotaRoot + path + limitsName, stats: quotaRoot + path + statsName }
}

/** True of a path that can have a quota: not of the root, nor of what is ZooKeeper's own. */
export function canHaveQuota(path: string): boolean {
  return path.length > 1 && path !== '/zookeeper' && !isAncestor('/zookeeper', path)
}

/** Which quota a znode is part of, and as what; `null` of every other znode. */
function partAt(path: string): { readonly of: string; readonly part: 'limits' | 'usage' } | null {
  if (!path.startsWith('/zookeeper/quota/')) return null
  const name = path.slice(path.lastIndexOf('/'))
  const of = path.slice(quotaRoot.length, -name.length)
  if (!canHaveQuota(of)) return null
  if (name === limitsName) return { of, part: 'limits' }
  return name === statsName ? { of, part: 'usage' } : null
}

const noPaths: ReadonlySet<string> = new Set()

export class Quotas {
  readonly #tree: CountedTree
  readonly #byPath: Map<string, Quota>
  #exceeded: ReadonlySet<string> = noPaths
  /** What quotas were before the changes that may be taken back, or `null` when none may. */
  #before: (readonly [path: string, quota: Quota | undefined])[] | null = null

  /** The quotas of a tree, or the same as those of another one. */
  constructor(tree: CountedTree, same?: Quotas) {
    this.#tree = tree
    this.#byPath = new Map(same === undefined ? [] : same.#byPath)
    if (same !== undefined) this.#exceeded = same.#exceeded
  }

  get size(): number {
    return this.#byPath.size
  }

  /** The paths whose soft limits are exceeded: another set whenever that changes. */
  get exceeded(): ReadonlySet<string> {
    return this.#exceeded
  }

  /** The quota of this very path. */
  get(path: string): Quota | undefined {
    return this.#byPath.get(path)
  }

  /** The quota that a znode is under: of all at and above it that have limits, the deepest. */
  over(path: string): Quota | undefined {
    if (this.#byPath.size === 0) return undefined
    for (let at = path; at.length > 1; at = parentOf(at)) {
      const quota = this.#byPath.get(at)
      if (quota !== undefined && quota.limits !== null) return quota
    }
    return undefined
  }

  /** Another quota that has limits, and that this path lies below or above. */
  related(path: string): Quota | undefined {
    const above = this.over(parentOf(path))
    if (above !== undefined) return above
    for (const quota of this.#byPath.values()) {
      if (quota.limits !== null && isAncestor(path, quota.path)) return quota
    }
    return undefined
  }

  onCreated(path: string, data: Uint8Array | null): void {
    this.#count(path, 1, data?.length ?? 0)
    this.#notePart(path, data)
  }

  /** `bytes` is by how much the data has grown. */
  onSet(path: string, data: Uint8Array | null, bytes: number): void {
    if (bytes !== 0) this.#count(path, 0, bytes)
    this.#notePart(path, data)
  }

  /** `bytes` is what the data came to. */
  onDeleted(path: string, bytes: number): void {
    this.#count(path, -1, -bytes)
    const place = partAt(path)
    if (place !== null) this.#put(place.of, { [place.part]: null })
  }

  /** A znode that a snapshot holds: what it says is right. */
  load(path: string, data: Uint8Array | null): void {
    const place = partAt(path)
    if (place === null) return
    const { count, bytes, ...hard } = parseQuota(data)
    const usage = { count, bytes }
    this.#put(place.of, place.part === 'usage' ? { usage } : { limits: { ...usage, ...hard } })
  }

  /** From here on changes can be taken back; the data of stats znodes is the tree's to restore. */
  begin(): void {
    this.#before = []
  }

  /** The changes since `begin` stand. */
  keep(): void {
    this.#before = null
  }

  /** The changes since `begin` never were. */
  takeBack(): void {
    const before = this.#before ?? []
    this.#before = null
    for (const [path, quota] of before.reverse()) this.#set(path, quota)
  }

  /** A znode comes, 1, goes, -1, or changes in size: every quota above it counts that. */
  #count(path: string, count: number, bytes: number): void {
    if (this.#byPath.size === 0) return
    for (let at = path; at.length > 1; at = parentOf(at)) {
      const usage = this.#byPath.get(at)?.usage ?? null
      if (usage === null) continue
      this.#use(at, { count: usage.count + count, bytes: usage.bytes + bytes })
    }
  }

  /** A znode that is part of a quota is new, or has other data. */
  #notePart(path: string, data: Uint8Array | null): void {
    const place = partAt(path)
    if (place === null) return
    if (place.part === 'limits') this.#put(place.of, { limits: parseQuota(data) })
    else this.#use(place.of, this.#tree.measure(place.of))
  }

  #use(path: string, usage: QuotaUsage): void {
    this.#put(path, { usage })
    const text = usageText(usage)
    const data = Uint8Array.from(text, (letter) => letter.charCodeAt(0))
    this.#tree.writeStats(quotaPaths(path).stats, data)
  }

  #put(path: string, changed: Partial<Quota>): void {
    const before = this.#byPath.get(path)
    this.#before?.push([path, before])
    const { limits, usage } = { limits: null, usage: null, ...before, ...changed }
    this.#set(path, limits === null && usage === null ? undefined : { path, limits, usage })
  }

  #set(path: string, quota: Quota | undefined): void {
    if (quota === undefined) this.#byPath.delete(path)
    else this.#byPath.set(path, quota)
    const isExceeded = quota !== undefined && isBeyondSoft(quota)
    if (isExceeded === this.#exceeded.has(path)) return
    const exceeded = new Set(this.#exceeded)
    if (isExceeded) exceeded.add(path)
    else exceeded.delete(path)
    this.#exceeded = exceeded
  }
}

/** True when a subtree has more than it should. */
function isBeyondSoft({ limits, usage }: Quota): boolean {
  if (limits === null || usage === null) return false
  return isBeyond(usage.count, limits.count) || isBeyond(usage.bytes, limits.bytes)
}

/** True when so many more znodes and bytes would be more than a subtree may have. */
export function isBeyondHard({ limits, usage }: Quota, count: number, bytes: number): boolean {
  if (limits === null || usage === null) return false
  return (
    (count > 0 && isBeyond(usage.count + count, limits.countHardLimit)) ||
    (bytes > 0 && isBeyond(usage.bytes + bytes, limits.byteHardLimit))
  )
}

function isBeyond(amount: number, limit: number): boolean {
  return limit >= 0 && amount > limit
}
