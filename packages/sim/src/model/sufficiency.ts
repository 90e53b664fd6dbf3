/**
 * What suffices of some members, once more and by other means than the core's: in each group those who
 * are here are held against those who are missing, and then the groups that they win against the rest.
 */
import type { Member, PeerId } from '@conclave/core/internal'

export function suffices(members: readonly Member[], isHere: (id: PeerId) => boolean): boolean {
  const balances = new Map<number, number>()
  for (const { id, role, weight = 1, group = 0 } of members) {
    if (role !== 'voter') continue
    balances.set(group, (balances.get(group) ?? 0) + (isHere(id) ? weight : -weight))
  }
  const won = [...balances.values()].filter((balance) => balance > 0).length
  return won > balances.size - won
}
