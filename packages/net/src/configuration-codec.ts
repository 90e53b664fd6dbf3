/** Configurations and their members as positional tuples. */
import {
  maxHostLength,
  maxPeerId,
  maxWeight,
  type Configuration,
  type Member,
  type MemberAddress,
  type MemberRole,
} from '@conclave/core/internal'
import { Tuple } from './tuple.ts'

const memberRoles: readonly MemberRole[] = ['voter', 'observer']
const maxMembers = maxPeerId
const maxPort = 65_535

export function writeConfiguration(configuration: Configuration): unknown[] {
  const { ensembleId, version, members } = configuration
  return [ensembleId, version, writeMembers(members)]
}

export function readConfiguration(tuple: Tuple): Configuration {
  const configuration = {
    ensembleId: tuple.count('ensembleId'),
    version: tuple.count('version'),
    members: readMembers(tuple),
  }
  tuple.end()
  return configuration
}

export function readConfigurationOrNull(tuple: Tuple | null): Configuration | null {
  return tuple === null ? null : readConfiguration(tuple)
}

export function writeMembers(members: readonly Member[]): unknown[] {
  return members.map(writeMember)
}

/** An address, and behind it weight and group, only where there are any; 0 for the one that is not there. */
function writeMember({ id, role, address, weight, group }: Member): unknown[] {
  const kind = memberRoles.indexOf(role)
  const place = [address?.host ?? null, address?.port ?? 0]
  if (weight !== undefined || group !== undefined) {
    return [id, kind, ...place, weight ?? 0, group ?? 0]
  }
  return address === undefined ? [id, kind] : [id, kind, ...place]
}

export function readMembers(tuple: Tuple): readonly Member[] {
  return tuple.list('members', maxMembers).map(readMember)
}

function readMember(value: unknown): Member {
  const tuple = new Tuple(value, 'a member')
  const member = { id: tuple.integer('id', 1, maxPeerId), role: tuple.choice('role', memberRoles) }
  const address = tuple.more ? readAddress(tuple) : null
  const placed = address === null ? member : { ...member, address }
  if (!tuple.more) return placed
  const weight = tuple.integer('weight', 0, maxWeight)
  const group = tuple.integer('group', 0, maxPeerId)
  tuple.end()
  return {
    ...placed,
    ...(weight === 0 ? {} : { weight }),
    ...(group === 0 ? {} : { group }),
  }
}

function readAddress(tuple: Tuple): MemberAddress | null {
  const host = tuple.stringOrNull('host', maxHostLength)
  const port = tuple.integer('port', 0, host === null ? 0 : maxPort)
  return host === null ? null : { host, port }
}
