/**
 * Who belongs to the ensemble: replicated, and changed at run time by a `configure` txn. Where the
 * members are reached stands in it too, so that a running peer can reach one that it never listed.
 */
import type { EnsembleId, PeerId } from '../ids.ts'

export type MemberRole = 'voter' | 'observer'

/** Where the others reach a member. */
export interface MemberAddress {
  readonly host: string
  readonly port: number
}

export interface Member {
  readonly id: PeerId
  readonly role: MemberRole
  /** Absent of a member that nobody dials: a standalone peer, or one in a simulation. */
  readonly address?: MemberAddress
  /** How much a voter counts in its group: 1 unless it says more. */
  readonly weight?: number
  /** The group in which a voter counts: every voter of a list has one, or none has. */
  readonly group?: number
}

/** The largest number of a peer, which is one byte in the handshake, and of a group. */
export const maxPeerId = 255

/** What a name in the DNS may have. */
export const maxHostLength = 255

/** The largest weight of a voter. */
export const maxWeight = 65_535

/** The members of an ensemble, by rising id, and the number of changes that led here. */
export interface Configuration {
  readonly ensembleId: EnsembleId
  /** 1 when founded, one more with every change. */
  readonly version: number
  readonly members: readonly Member[]
}

/** The ids that count in a quorum. */
export function votersOf(members: readonly Member[]): PeerId[] {
  return members.filter((member) => member.role === 'voter').map((member) => member.id)
}

/** True where every voter counts like any other: a quorum is a majority then. */
export function countAlike(members: readonly Member[]): boolean {
  return members.every(({ weight = 1, group }) => weight === 1 && group === undefined)
}

/** What somebody is in the ensemble; `none` of one that learns from it and is not listed. */
export type Membership = MemberRole | 'none'

/** True when both lists hold the same ids, which count in the same way, in whatever order. */
export function sameMembers(a: readonly Member[], b: readonly Member[]): boolean {
  const shown = new Set(a.map(formatMember))
  return a.length === b.length && b.every((member) => shown.has(formatMember(member)))
}

/** For error messages: `1 voter, 2 voter of weight 2 in group 1, 3 observer`. */
export function formatMembers(members: readonly Member[]): string {
  return members.map(formatMember).join(', ')
}

function formatMember({ id, role, weight = 1, group }: Member): string {
  const ofWeight = weight === 1 ? '' : ` of weight ${String(weight)}`
  const inGroup = group === undefined ? '' : ` in group ${String(group)}`
  return `${String(id)} ${role}${ofWeight}${inGroup}`
}

/** Why no ensemble can have these members, and the mend: a sentence for people; `null` if one can. */
export function flawOf(members: readonly Member[]): string | null {
  const voters = members.filter(({ role }) => role === 'voter')
  if (voters.length === 0) return 'no voter would be left: keep one, or close every peer'
  const ids = members.map(({ id }) => id)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined) return `peer ${String(twice)} is named twice: name each once`
  const odd = ids.find((id) => !isFromOneTo(maxPeerId, id))
  if (odd !== undefined) {
    return `peer ${String(odd)} cannot be: the number of a peer is from 1 to ${String(maxPeerId)}`
  }
  for (const { id, role, address, weight, group } of members) {
    const peer = `peer ${String(id)}`
    if (address !== undefined && address.host.length > maxHostLength) {
      return `${peer} has a host of ${String(address.host.length)} letters: give the name or address of one`
    }
    if (role === 'observer' && (weight ?? group) !== undefined) {
      return `${peer} is an observer, which counts in no quorum: leave out its weight and group`
    }
    if (!isFromOneTo(maxWeight, weight ?? 1)) {
      const mend = `give it one from 1 to ${String(maxWeight)}, or make it an observer`
      return `${peer} has the weight ${String(weight)}: ${mend}`
    }
    if (!isFromOneTo(maxPeerId, group ?? 1)) {
      return `${peer} is in group ${String(group)}: number groups from 1 to ${String(maxPeerId)}`
    }
  }
  const apart = voters.filter(({ group }) => group === undefined).map(({ id }) => id)
  if (apart.length === 0 || apart.length === voters.length) return null
  return `voters ${apart.join(', ')} are in no group, others are: give every voter one, or none`
}

function isFromOneTo(max: number, value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= max
}
