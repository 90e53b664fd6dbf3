/** Who may do what, from its description: zookeeper.md, "ACLs, who may do what". */
import { BlockList, isIP } from 'node:net'

export interface Identity {
  readonly scheme: string
  readonly id: string
}

export interface Entry extends Identity {
  readonly permissions: number
}

export type Permission = 'read' | 'write' | 'create' | 'delete' | 'admin'
const order: readonly Permission[] = ['read', 'write', 'create', 'delete', 'admin']

/** Everybody everything. */
export const open: readonly Entry[] = [{ permissions: 31, scheme: 'world', id: 'anyone' }]

export function mayDo(
  wanted: Permission,
  acl: readonly Entry[],
  identities: readonly Identity[],
): boolean {
  if (acl.length === 0 || identities.some(({ scheme }) => scheme === 'super')) return true
  return acl.some(
    (entry) =>
      Math.floor(entry.permissions / 2 ** order.indexOf(wanted)) % 2 === 1 &&
      (isAnyone(entry) || identities.some((identity) => isMeant(entry, identity))),
  )
}

function isAnyone({ scheme, id }: Identity): boolean {
  return scheme === 'world' && id === 'anyone'
}

function isMeant(entry: Entry, identity: Identity): boolean {
  if (entry.scheme !== identity.scheme) return false
  return entry.scheme === 'ip'
    ? subnetOf(entry.id)!.check(identity.id, familyOf(identity.id))
    : entry.id === identity.id
}

/** The list as a znode gets it; `null` when it is none. */
export function settle(
  asked: readonly Entry[],
  identities: readonly Identity[],
): readonly Entry[] | null {
  const proved = identities.filter(({ scheme }) => scheme === 'digest' || scheme === 'x509')
  const settled: Entry[] = []
  for (const entry of asked) {
    const { permissions } = entry
    if (entry.scheme === 'auth') {
      if (proved.length === 0) return null
      settled.push(...proved.map((identity) => ({ permissions, ...identity })))
    } else if (isKnown(entry)) {
      settled.push(entry)
    } else {
      return null
    }
  }
  const texts = settled.map(textOf)
  const once = settled.filter((entry, index) => texts.indexOf(textOf(entry)) === index)
  return once.length === 0 ? null : once
}

function textOf({ permissions, scheme, id }: Entry): string {
  return JSON.stringify([permissions, scheme, id])
}

function isKnown(entry: Entry): boolean {
  switch (entry.scheme) {
    case 'world':
      return isAnyone(entry)
    case 'digest':
      return isDigest(entry.id)
    case 'ip':
      return subnetOf(entry.id) !== null
    case 'x509':
      return entry.id !== ''
    default:
      return false
  }
}

/** Two parts, as Java splits: what is empty at the end does not count. */
function isDigest(id: string): boolean {
  const parts = id.split(':')
  while (parts.at(-1) === '') parts.pop()
  return parts.length === 2
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

/** The addresses that a pattern stands for; `null` when it is none. */
function subnetOf(pattern: string): BlockList | null {
  const [address = '', bits, ...more] = pattern.split('/')
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  const prefix = bits === undefined ? most : /^\d+$/.test(bits) ? Number(bits) : 999
  if (more.length > 0 || most < 0 || prefix > most) return null
  const subnet = new BlockList()
  if (prefix === 0) subnet.addRange(...everyAddress(address))
  else subnet.addSubnet(address, prefix, familyOf(address))
  return subnet
}

function everyAddress(address: string): [string, string, 'ipv4' | 'ipv6'] {
  return isIP(address) === 6
    ? ['::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ipv6']
    : ['0.0.0.0', '255.255.255.255', 'ipv4']
}

/** The list as somebody sees it who may not change it. */
export function mask(acl: readonly Entry[]): readonly Entry[] {
  return acl.map((entry) =>
    entry.scheme === 'digest' ? { ...entry, id: entry.id.replace(/:.*/, ':x') } : entry,
  )
}
