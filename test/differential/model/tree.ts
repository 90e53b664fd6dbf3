/** The namespace as a plain Map of plain znodes, from its description: zookeeper.md, "Data model". */
import type { Entry } from './access.ts'
import { open } from './access.ts'
import { above } from './paths.ts'

export interface Znode {
  readonly data: Uint8Array | null
  readonly czxid: number
  readonly mzxid: number
  readonly pzxid: number
  readonly ctime: number
  readonly mtime: number
  readonly version: number
  readonly aversion: number
  /** Creates of direct children so far: an int32. */
  readonly creates: number
  /** The session whose ephemeral it is, or 0. */
  readonly owner: number
  /** A container, or how long it may be childless and unchanged. */
  readonly life: 'persistent' | 'container' | { readonly ttlMs: number }
  readonly acl: readonly Entry[]
}

/** Znodes are never written to, but replaced: a copy of the Map is a copy of the tree. */
export type Tree = Map<string, Znode>

export interface Stat {
  readonly czxid: number
  readonly mzxid: number
  readonly pzxid: number
  readonly ctime: number
  readonly mtime: number
  readonly version: number
  readonly cversion: number
  readonly aversion: number
  readonly ephemeralOwner: number
  readonly dataLength: number
  readonly numChildren: number
}

/** One change of one znode, as watches see it: the znode after it, or as it was when deleted. */
export interface Change {
  readonly type: 'created' | 'changed' | 'deleted'
  readonly path: string
  readonly zxid: number
  readonly znode: Znode
  readonly stat: Stat
}

const system: Znode = {
  data: new Uint8Array(),
  czxid: 0,
  mzxid: 0,
  pzxid: 0,
  ctime: 0,
  mtime: 0,
  version: 0,
  aversion: 0,
  creates: 0,
  owner: 0,
  life: 'persistent',
  acl: open,
}

/** What is there before anybody has done anything. */
export function newTree(): Tree {
  const readOnly = [{ permissions: 1, scheme: 'world', id: 'anyone' }]
  return new Map([
    ['/', system],
    ['/zookeeper', system],
    ['/zookeeper/quota', system],
    ['/zookeeper/config', { ...system, version: -1, aversion: -1, acl: readOnly }],
  ])
}

/** Names of direct children, sorted. */
export function childrenOf(tree: Tree, path: string): string[] {
  return [...tree.keys()]
    .filter((one) => one !== '/' && above(one) === path)
    .map((one) => one.slice(one.lastIndexOf('/') + 1))
    .sort()
}

export function ephemeralsOf(tree: Tree, session: number): string[] {
  return [...tree].filter(([, { owner }]) => owner === session).map(([path]) => path)
}

/** As clients see it: `cversion` is twice the creates less the children, in 32 bits. */
export function statOf(tree: Tree, path: string): Stat {
  const { data, czxid, mzxid, pzxid, ctime, mtime, version, aversion, creates, owner } =
    tree.get(path)!
  const numChildren = childrenOf(tree, path).length
  return {
    ...{ czxid, mzxid, pzxid, ctime, mtime, version, aversion, numChildren },
    cversion: int32(2 * creates - numChildren),
    ephemeralOwner: owner,
    dataLength: data?.length ?? 0,
  }
}

export function int32(value: number): number {
  return Number(BigInt.asIntN(32, BigInt(value)))
}

/** One more; -1 stands for any version, and is left out. */
export function nextVersion(version: number): number {
  const next = int32(version + 1)
  return next === -1 ? 0 : next
}

/** True of a znode that may go by itself at this time by the leader's wall clock. */
export function isDue(tree: Tree, path: string, wallMs: number): boolean {
  const { life, creates, mtime } = tree.get(path)!
  if (life === 'persistent' || childrenOf(tree, path).length > 0) return false
  return life === 'container' ? creates !== 0 : wallMs - mtime > life.ttlMs
}
