/** What quotas are, from the description: counted anew whenever it matters. */

/** As much of a znode as counts. */
interface Counted {
  readonly data: Uint8Array | null
}

/** A tree, as somebody sees it. */
export interface CountedTree {
  get(path: string): Counted | null
  /** Every path and what is there. */
  all(): Iterable<readonly [path: string, znode: Counted]>
}

const statsPath = /^\/zookeeper\/quota(\/.+)\/zookeeper_stats$/

/** The path that a stats znode is about, `null` of every other znode. */
export function countedBy(path: string): string | null {
  const of = statsPath.exec(path)?.[1]
  return of === undefined || isOwn(of) ? null : of
}

function isOwn(path: string): boolean {
  return path === '/zookeeper' || path.startsWith('/zookeeper/')
}

/** How many znodes there are at and below a path, and bytes in them. */
export function usageOf(tree: CountedTree, of: string): { count: number; bytes: number } {
  let [count, bytes] = [0, 0]
  for (const [path, { data }] of tree.all()) {
    if (path !== of && !path.startsWith(`${of}/`)) continue
    count += 1
    bytes += data?.length ?? 0
  }
  return { count, bytes }
}

/** True when the deepest quota at or above a path has no room for so much more. */
export function isFull(tree: CountedTree, path: string, znodes: number, bytes: number): boolean {
  for (let of = path; of !== ''; of = of.slice(0, of.lastIndexOf('/'))) {
    const limits = tree.get(`/zookeeper/quota${of}/zookeeper_limits`)
    if (limits === null || isOwn(of)) continue
    if (tree.get(`/zookeeper/quota${of}/zookeeper_stats`) === null) return false
    const usage = usageOf(tree, of)
    const text = String.fromCharCode(...(limits.data ?? []))
    return (
      (znodes > 0 && usage.count + znodes > limitIn(text, 'countHardLimit')) ||
      (bytes > 0 && usage.bytes + bytes > limitIn(text, 'byteHardLimit'))
    )
  }
  return false
}

function limitIn(text: string, name: string): number {
  for (const pair of text.split(/[,;]/)) {
    const [key, value = ''] = pair.split('=')
    if (key === name && /^\d+$/.test(value)) return Number(value)
  }
  return Infinity
}
