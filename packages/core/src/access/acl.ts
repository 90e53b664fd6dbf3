/**
 * Who may do what: the list that guards a znode, and the identities that a session has shown. The
 * schemes are ZooKeeper's; what an identity is worth (a password, a certificate, an address) was
 * judged before it came here.
 *
 * A list guards its own znode and nothing below it. Source: zookeeper.md, "ACLs, who may do what".
 */
import { addressesMatch, isAddressPattern } from './address.ts'

/** What can be allowed, as bits: the same as on ZooKeeper's wire. */
export const permissions = { read: 1, write: 2, create: 4, delete: 8, admin: 16 } as const
export type Permission = keyof typeof permissions
export const allPermissions = 31

/** One line of a list: what whoever has this identity may do. */
export interface AclEntry {
  /** Bits of `permissions`. */
  readonly permissions: number
  readonly scheme: string
  readonly id: string
}

/** The list of a znode; `null` is the open one, which lets everybody do everything. */
export type Acl = readonly AclEntry[] | null

/** Who somebody is, as far as was proved. `super` may do everything. */
export interface Identity {
  readonly scheme: string
  readonly id: string
}

/** Everybody, in a list. */
export const anyone = { scheme: 'world', id: 'anyone' } as const
const openEntry: AclEntry = { permissions: allPermissions, ...anyone }

/** The open list, spelled out. */
export const openAcl: readonly AclEntry[] = [openEntry]

/** True when one of the identities may do what is wanted: any of these bits. */
export function isAllowed(acl: Acl, wanted: number, identities: readonly Identity[]): boolean {
  if (acl === null || acl.length === 0) return true
  for (const identity of identities) if (identity.scheme === 'super') return true
  for (const entry of acl) {
    if ((entry.permissions & wanted) === 0) continue
    if (entry.scheme === anyone.scheme && entry.id === anyone.id) return true
    for (const identity of identities) if (isMatch(entry, identity)) return true
  }
  return false
}

function isMatch(entry: AclEntry, identity: Identity): boolean {
  if (entry.scheme !== identity.scheme) return false
  if (entry.scheme === 'ip') return addressesMatch(entry.id, identity.id)
  return entry.id === identity.id
}

/**
 * The list as a znode keeps it: without repetitions, with `auth` replaced by the identities that the
 * session has proved, and `null` for the open one. `undefined` for what is no list: an empty one, a
 * scheme that is not known, an id that cannot be, `auth` of somebody who has proved nothing.
 */
export function settleAcl(
  asked: readonly AclEntry[] | null,
  identities: readonly Identity[],
): Acl | undefined {
  if (asked === null) return null
  const settled: AclEntry[] = []
  for (const { permissions: bits, scheme, id } of asked) {
    if (!Number.isInteger(bits) || bits < 0 || bits > allPermissions) return undefined
    if (scheme === 'auth') {
      const proved = identities.filter((identity) => isProved(identity))
      if (proved.length === 0) return undefined
      for (const identity of proved) add(settled, { permissions: bits, ...identity })
    } else if (isKnown(scheme, id)) add(settled, { permissions: bits, scheme, id })
    else return undefined
  }
  const [only] = settled
  if (only === undefined) return undefined
  return settled.length === 1 && isSame(only, openEntry) ? null : settled
}

/** The list as it is shown to somebody who may read it but not change it: without passwords' hashes. */
export function maskAcl(acl: Acl): readonly AclEntry[] {
  return (acl ?? openAcl).map((entry) => {
    if (entry.scheme !== 'digest') return entry
    const end = entry.id.indexOf(':')
    return { ...entry, id: end < 0 ? entry.id : `${entry.id.slice(0, end)}:x` }
  })
}

/** An address is only where somebody comes from, and `super` no identity to be put into a list. */
function isProved({ scheme }: Identity): boolean {
  return scheme !== 'ip' && scheme !== 'super'
}

/** Two parts, as Java splits: what is empty at the end does not count. */
const digestId = /^[^:]*:[^:]+:*$/

function isKnown(scheme: string, id: string): boolean {
  switch (scheme) {
    case 'world':
      return id === anyone.id
    case 'digest':
      return digestId.test(id)
    case 'x509':
      return id.length > 0
    case 'ip':
      return isAddressPattern(id)
    default:
      return false
  }
}

function add(settled: AclEntry[], entry: AclEntry): void {
  if (!settled.some((one) => isSame(one, entry))) settled.push(entry)
}

function isSame(one: AclEntry, other: AclEntry): boolean {
  return one.permissions === other.permissions && one.scheme === other.scheme && one.id === other.id
}
