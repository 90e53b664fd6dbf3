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
}

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

/** What somebody is in the ensemble; `none` of one that learns from it and is not listed. */
export type Membership = MemberRole | 'none'

/** True when both lists hold the same ids in the same roles, in whatever order. */
export function sameMembers(a: readonly Member[], b: readonly Member[]): boolean {
  if (a.length !== b.length) return false
  const roles = new Map(a.map((member) => [member.id, member.role]))
  return b.every((member) => roles.get(member.id) === member.role)
}

/** For error messages: `1 voter, 2 voter, 3 observer`. */
export function formatMembers(members: readonly Member[]): string {
  return members.map((member) => `${String(member.id)} ${member.role}`).join(', ')
}
