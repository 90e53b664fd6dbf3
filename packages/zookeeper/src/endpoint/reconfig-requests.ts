/**
 * A change of the members as the wire has it, made into the list that the ensemble is to have. By
 * what this peer has applied: when the leader knows better, it says so.
 *
 * Deviation: members have one port, the first of the two that ZooKeeper's have, and no clients' port.
 */
import type { Member, Reconfiguration, Replica } from '@conclave/core/internal'
import { wireErrors } from '../messages/error-codes.ts'
import type { ReconfigRequest } from '../messages/reconfig.ts'
import { parseServerLine } from '../server-line.ts'
import { configPath } from './server-texts.ts'

/** Any configuration may be the one before. */
const anyConfiguration = -1

/** The change, or the error that the request comes to. */
export function reconfigurationOf(
  request: ReconfigRequest,
  replica: Replica,
): Reconfiguration | number {
  const { configuration } = replica
  if (configuration === null) return wireErrors.reconfigInProgress
  const known = replica.tree.get(configPath)?.mzxid
  const asked = Number(request.version)
  if (asked !== anyConfiguration && asked !== known) return wireErrors.badVersion
  const members =
    request.newMembers === null
      ? changedMembers(configuration.members, request)
      : membersIn(request.newMembers)
  if (members === null) return wireErrors.badArguments
  return { type: 'reconfigure', members, version: configuration.version }
}

function changedMembers(
  members: readonly Member[],
  { joining, leaving }: ReconfigRequest,
): readonly Member[] | null {
  const next = new Map(members.map((member) => [member.id, member]))
  for (const text of partsOf(leaving)) {
    if (!/^\d+$/.test(text)) return null
    next.delete(Number(text))
  }
  const joined = membersIn(joining ?? '')
  for (const member of joined ?? []) next.set(member.id, member)
  return joined === null ? null : [...next.values()]
}

/** Members in a text, divided by commas or lines; the line with the version is passed over. */
function membersIn(text: string): readonly Member[] | null {
  const members: Member[] = []
  for (const part of partsOf(text)) {
    if (part.startsWith('version=')) continue
    const line = parseServerLine(part)
    if (typeof line === 'string') return null
    const { id, role, host, port } = line
    members.push({ id, role, address: { host, port } })
  }
  return members
}

function partsOf(text: string | null): readonly string[] {
  return (text ?? '').split(/[,\n]/).flatMap((part) => (part.trim() === '' ? [] : [part.trim()]))
}
