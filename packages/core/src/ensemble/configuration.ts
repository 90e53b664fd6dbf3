/**
 * Who belongs to the ensemble. The ids and roles are replicated and come from the log; the addresses
 * come from each peer's own options.
 */
import type { EnsembleId, PeerId } from '../ids.ts'

export type MemberRole = 'voter' | 'observer'

export interface Member {
  readonly id: PeerId
  readonly role: MemberRole
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
