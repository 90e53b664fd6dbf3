/**
 * Local reads: what a replica answers without asking anyone. They cost no I/O, change nothing and
 * see exactly the state at `replica.end` (C3). That a session never reads backwards (C4) is its host's
 * care. Who may not read is told `NO_AUTH`; of a znode that is not there, everybody is told so.
 *
 * Data is not copied: whoever hands it to an application copies it or says that it is shared.
 */
import {
  isAllowed,
  maskAcl,
  openAcl,
  permissions,
  type AclEntry,
  type Identity,
} from '../access/acl.ts'
import { CoordinationError } from '../errors.ts'
import { quotaPaths, type Quota } from '../tree/quotas.ts'
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

/** The list that guards a znode, spelled out. */
export interface AclReading {
  readonly acl: readonly AclEntry[]
  readonly stat: Stat
}

/** True when whoever has these identities may read the znode. */
export function mayRead(znode: Pick<Znode, 'acl'>, identities: readonly Identity[]): boolean {
  return znode.acl === null || isAllowed(znode.acl, permissions.read, identities)
}

/** Data and stat of a znode; `undefined` when there is none. */
export function findZnode(
  replica: Replica,
  path: string,
  identities: readonly Identity[],
): ZnodeReading | undefined {
  const znode = replica.tree.get(path)
  if (znode === undefined) return undefined
  if (!mayRead(znode, identities)) throw forbidden(path, 'read')
  return { data: znode.data, stat: statOf(znode) }
}

/** Data and stat of a znode; throws `NO_NODE` when there is none. */
export function getZnode(
  replica: Replica,
  path: string,
  identities: readonly Identity[],
): ZnodeReading {
  const znode = readable(replica, path, identities)
  return { data: znode.data, stat: statOf(znode) }
}

/** The stat of a znode; `undefined` when there is none. */
export function findStat(
  replica: Replica,
  path: string,
  identities: readonly Identity[],
): Stat | undefined {
  const znode = replica.tree.get(path)
  if (znode === undefined) return undefined
  if (!mayRead(znode, identities)) throw forbidden(path, 'read')
  return statOf(znode)
}

/** The children of a znode; throws `NO_NODE` when there is none. */
export function getChildren(
  replica: Replica,
  path: string,
  identities: readonly Identity[],
): ChildrenReading {
  const znode = readable(replica, path, identities)
  return { children: replica.tree.childrenOf(path), stat: statOf(znode) }
}

/** The list that guards a znode, for who may read the znode, and unmasked for who may change the list. */
export function getAcl(
  replica: Replica,
  path: string,
  identities: readonly Identity[],
): AclReading {
  const znode = existing(replica, path)
  const { acl } = znode
  const isAdmin = acl === null || isAllowed(acl, permissions.admin, identities)
  if (!isAdmin && !mayRead(znode, identities)) throw forbidden(path, 'read')
  return { acl: isAdmin ? (acl ?? openAcl) : maskAcl(acl), stat: statOf(znode) }
}

/** The quota of this very path, for who may read where it stands; `undefined` when there is none. */
export function findQuota(
  replica: Replica,
  path: string,
  identities: readonly Identity[],
): Quota | undefined {
  const quota = replica.tree.quotas.get(path)
  if (quota === undefined) return undefined
  const { limits, stats } = quotaPaths(path)
  for (const part of [limits, stats]) findZnode(replica, part, identities)
  return quota
}

function readable(replica: Replica, path: string, identities: readonly Identity[]): Znode {
  const znode = existing(replica, path)
  if (!mayRead(znode, identities)) throw forbidden(path, 'read')
  return znode
}

function existing(replica: Replica, path: string): Znode {
  const znode = replica.tree.get(path)
  if (znode !== undefined) return znode
  const shown = JSON.stringify(path)
  throw new CoordinationError('NO_NODE', `there is no znode at ${shown}: create it first`, { path })
}

function forbidden(path: string, what: string): CoordinationError {
  const shown = JSON.stringify(path)
  const message = `the ACL of ${shown} does not let this session ${what} it: authenticate as one whom it names`
  return new CoordinationError('NO_AUTH', message, { path })
}
