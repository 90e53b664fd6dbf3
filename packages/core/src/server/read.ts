/**
 * Local reads: what a replica answers without asking anyone. They cost no I/O, change nothing and
 * see exactly the state at `replica.end` (C3). That a session never reads backwards (C4) is its host's
 * care.
 *
 * Data is not copied: whoever hands it to an application copies it or says that it is shared.
 */
import { CoordinationError } from '../errors.ts'
import { statOf, type Stat, type Znode } from '../tree/znode.ts'
import type { Replica } from './replica.ts'

/** A znode as it was read. `data` is the tree's own: not to be written to. */
export interface ZnodeReading {
  readonly data: Uint8Array | null
  readonly stat: Stat
}

/** The names of a znode's direct children, sorted by UTF-16 units, and its stat. */
export interface ChildrenReading {
  readonly children: readonly string[]
  readonly stat: Stat
}

/** Data and stat of a znode; `undefined` when there is none. */
export function findZnode(replica: Replica, path: string): ZnodeReading | undefined {
  const znode = replica.tree.get(path)
  return znode === undefined ? undefined : { data: znode.data, stat: statOf(znode) }
}

/** Data and stat of a znode; throws `NO_NODE` when there is none. */
export function getZnode(replica: Replica, path: string): ZnodeReading {
  const znode = existing(replica, path)
  return { data: znode.data, stat: statOf(znode) }
}

/** The stat of a znode; `undefined` when there is none. */
export function findStat(replica: Replica, path: string): Stat | undefined {
  const znode = replica.tree.get(path)
  return znode === undefined ? undefined : statOf(znode)
}

/** The children of a znode; throws `NO_NODE` when there is none. */
export function getChildren(replica: Replica, path: string): ChildrenReading {
  const znode = existing(replica, path)
  return { children: replica.tree.childrenOf(path), stat: statOf(znode) }
}

function existing(replica: Replica, path: string): Znode {
  const znode = replica.tree.get(path)
  if (znode !== undefined) return znode
  const shown = JSON.stringify(path)
  throw new CoordinationError('NO_NODE', `there is no znode at ${shown}: create it first`, { path })
}
