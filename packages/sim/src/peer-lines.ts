/** Where each peer stands, a line each: what one looks at first when a rule is broken. */
import { formatZxid } from '@conclave/core/internal'
import type { Member } from './member.ts'

export function describePeers(members: Iterable<Member>): readonly string[] {
  return [...members].map(describePeer)
}

function describePeer(member: Member): string {
  const { id, isAmnesiac, view, durable, snapshotEnd, incarnation } = member
  const lost = isAmnesiac ? ', lost its store' : ''
  const store = [
    `accepted ${durable.acceptedEpoch}, current ${durable.currentEpoch}`,
    `log ${formatZxid(durable.start.last)}..${formatZxid(durable.end.last)}`,
    `snapshot ${formatZxid(snapshotEnd.last)}`,
  ].join(', ')
  const who = `peer ${id}, start ${incarnation}${lost}`
  if (view === null) return `${who}: down; on disk: ${store}`
  const { standing, lastLogged, lastCommitted, lastApplied, digest } = view
  const { phase, leader, epoch, ready, membership, configurationVersion } = standing
  const following = standing.role === 'follower' ? ` of ${leader}` : ''
  const positions = [
    `logged ${formatZxid(lastLogged)}`,
    `committed ${formatZxid(lastCommitted)}`,
    `applied ${formatZxid(lastApplied)} as ${digest}`,
  ].join(', ')
  const state = `${standing.role}${following} in ${phase}, epoch ${epoch}${ready ? ', ready' : ''}`
  const listed = `${membership === 'none' ? 'no member' : membership} by ${configurationVersion}`
  return `${who}: ${state}, ${listed}; ${positions}; on disk: ${store}`
}
