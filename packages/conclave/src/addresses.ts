/**
 * Where peers are reached. A configuration says it, so that a running peer can reach one that it never
 * listed; what a peer lists itself comes first, since only it knows its way through a NAT.
 */
import type { Configuration, Member, MemberAddress } from '@conclave/core/internal'
import type { PeerAddress } from '@conclave/net'
import type { PeerOptions } from './options.ts'
import type { Member as ShownMember } from './peer.ts'

/** Where this peer reaches a member; `undefined` where there is no network. */
export function addressOf(
  { id, address }: Member,
  { network }: PeerOptions,
): MemberAddress | undefined {
  return network?.addresses.find((one) => one.id === id) ?? address
}

/** The members as applications see them, each where this peer reaches it. */
export function shownMembers(
  members: readonly Member[],
  options: PeerOptions,
): readonly ShownMember[] {
  return members.map((member) => {
    const { id, role, weight = 1, group } = member
    const address = addressOf(member, options)
    const counts = { weight: role === 'voter' ? weight : undefined, group }
    return { id, role, ...counts, host: address?.host, port: address?.port }
  })
}

/**
 * Whom this peer dials: the members, those before a change among them while that is not known to be
 * committed. One that is no member, or does not know that it is, dials those it lists as well: its log
 * may be of a time when others were.
 */
export function dialledPeers(
  options: PeerOptions,
  known: {
    readonly configuration: Configuration | null
    readonly configurationBefore: Configuration | null
    readonly isMember: boolean
  },
): readonly PeerAddress[] {
  const { configuration, configurationBefore, isMember } = known
  const dialled = new Map<number, PeerAddress>()
  const lists = [
    isMember ? [] : options.members,
    configurationBefore?.members,
    configuration?.members,
  ]
  for (const member of lists.flatMap((list) => list ?? [])) {
    const address = addressOf(member, options)
    if (address !== undefined && member.id !== options.id) {
      dialled.set(member.id, { id: member.id, host: address.host, port: address.port })
    }
  }
  return [...dialled.values()].sort((a, b) => a.id - b.id)
}

/** True when both lists name the same peers at the same places. */
export function sameAddresses(a: readonly PeerAddress[], b: readonly PeerAddress[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ id, host, port }, index) => {
      const other = b[index]
      return other?.id === id && other.host === host && other.port === port
    })
  )
}
