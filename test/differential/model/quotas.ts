/**
 * Quotas, from zookeeper.md, "Quotas", and what docs/zookeeper-parity.md has otherwise: two znodes below
 * `/zookeeper/quota<path>`, of which the one says what the path and all below it may have, the other
 * what it has. Nothing is kept: both are looked up, and counted, whenever it matters.
 */
import { above, isBelow } from './paths.ts'
import type { Tree } from './tree.ts'

const root = '/zookeeper/quota'
const limitsName = '/zookeeper_limits'
const statsName = '/zookeeper_stats'

interface Usage {
  readonly count: number
  readonly bytes: number
}

function usageOf(tree: Tree, path: string): Usage {
  const inside = [...tree].filter(([one]) => one === path || isBelow(one, path))
  const bytes = inside.reduce((sum, [, { data }]) => sum + (data?.length ?? 0), 0)
  return { count: inside.length, bytes }
}

/** What a text says of a name; `Infinity` when it sets no limit. */
function limitIn(text: string, name: string): number {
  const values = text
    .split(/[,;]+/)
    .map((pair) => pair.split('='))
    .filter(([one]) => one === name)
    .map(([, value = '']) => (/^\d+$/.test(value) ? Number(value) : Infinity))
  return values.at(-1) ?? Infinity
}

/** True when so many more znodes and bytes at a path are more than its quota allows, for good. */
export function isBeyondQuota(tree: Tree, path: string, count: number, bytes: number): boolean {
  let quota = path
  while (quota !== '/' && !tree.has(root + quota + limitsName)) quota = above(quota)
  const isCounted = quota !== '/' && mayHaveQuota(quota) && tree.has(root + quota + statsName)
  if (!isCounted) return false
  const text = new TextDecoder().decode(tree.get(root + quota + limitsName)!.data ?? undefined)
  const usage = usageOf(tree, quota)
  return (
    (count > 0 && usage.count + count > limitIn(text, 'countHardLimit')) ||
    (bytes > 0 && usage.bytes + bytes > limitIn(text, 'byteHardLimit'))
  )
}

/** Every znode that says what a path has says what it has now. */
export function countAnew(tree: Tree): void {
  for (const [path, znode] of tree) {
    if (!path.startsWith(`${root}/`) || !path.endsWith(statsName)) continue
    const quota = path.slice(root.length, -statsName.length)
    if (quota === '' || !mayHaveQuota(quota)) continue
    const { count, bytes } = usageOf(tree, quota)
    const data = new TextEncoder().encode(`count=${count},bytes=${bytes}`)
    tree.set(path, { ...znode, data })
  }
}

/** Neither the root, nor what is ZooKeeper's own. */
function mayHaveQuota(path: string): boolean {
  return path !== '/zookeeper' && !isBelow(path, '/zookeeper')
}
