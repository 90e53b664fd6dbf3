/** Lists of access, from their description: what a list that is asked for becomes, and whom it lets. */
import type { Acl, AclEntry, Identity } from '@conclave/core/internal'

/** The bits of a list. */
export const bits = { read: 1, write: 2, create: 4, delete: 8, admin: 16 } as const

/** The list that a znode gets when this one is asked for: `auth` is whoever asks. */
export function settled(asked: readonly AclEntry[] | null, who: readonly Identity[]): Acl {
  const [first] = asked ?? []
  const isOpen = first?.scheme === 'world' && first.permissions === 31
  if (asked === null || (isOpen && asked.length === 1)) return null
  return asked.flatMap((entry) =>
    entry.scheme === 'auth'
      ? who.map((one) => ({ ...one, permissions: entry.permissions }))
      : entry,
  )
}

/** True when the list lets one of these do it. No list lets everybody do everything. */
export function lets(acl: Acl, bit: number, who: readonly Identity[]): boolean {
  if (acl === null) return true
  return acl.some(
    ({ permissions, scheme, id }) =>
      Math.floor(permissions / bit) % 2 === 1 &&
      (scheme === 'world' || who.some((one) => one.scheme === scheme && one.id === id)),
  )
}

/** True of the same lines in the same order. */
export function sameList(one: Acl, other: Acl): boolean {
  const textOf = (acl: Acl): string | undefined =>
    acl?.map(({ permissions, scheme, id }) => `${permissions} ${scheme} ${id}`).join('\n')
  return textOf(one) === textOf(other)
}
