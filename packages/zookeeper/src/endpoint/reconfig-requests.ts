/**
 * A change of the members as the wire has it, made into the list that the ensemble is to have. By
 * what this peer has applied: when the leader knows better, it says so.
 *
 * Deviation: members have one port, the first of the two that ZooKeeper's have, and no clients' port.
 */
import {
  countAlike,
  flawOf,
  type Member,
  type Reconfiguration,
  type Replica,
} from '@conclave/core/internal'
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
  // What no member can be has no form between peers either: the leader is not to meet it.
  if (members === null || flawOf(members) !== null) return wireErrors.badArguments
  return { type: 'reconfigure', members, version: configuration.version }
}

/** As with ZooKeeper, where voters have weights or groups only the whole list says what is meant. */
function changedMembers(
  members: readonly Member[],
  { joining, leaving }: ReconfigRequest,
): readonly Member[] | null {
  if (!countAlike(members)) return null
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
  const counts = new Map<number, Pick<Member, 'weight' | 'group'>>()
  for (const part of partsOf(text)) {
    if (part.startsWith('version=') || readCounts(part, counts)) continue
    const line = parseServerLine(part)
    if (typeof line === 'string') return null
    const { id, role, host, port } = line
    members.push({ id, role, address: { host, port } })
  }
  return members.map((one) => (one.role === 'voter' ? { ...one, ...counts.get(one.id) } : one))
}

/** Takes a line `weight.<id>=<weight>` or `group.<group>=<id>:<id>…`; false of any other. */
function readCounts(line: string, counts: Map<number, Pick<Member, 'weight' | 'group'>>): boolean {
  const match = /^(weight|group)\.(\d+)\s*=\s*(\d+(?::\d+)*)$/.exec(line)
  if (match === null) return false
  const [, kind, number, values = ''] = match
  if (kind === 'weight') {
    const id = Number(number)
    counts.set(id, { ...counts.get(id), weight: Number(values) })
    return true
  }
  for (const id of values.split(':').map(Number)) {
    counts.set(id, { ...counts.get(id), group: Number(number) })
  }
  return true
}

function partsOf(text: string | null): readonly string[] {
  return (text ?? '').split(/[,\n]/).flatMap((part) => (part.trim() === '' ? [] : [part.trim()]))
}
