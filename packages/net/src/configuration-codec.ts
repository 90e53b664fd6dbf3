/** Configurations and their members as positional tuples. */
import type { Configuration, Member, MemberRole } from '@conclave/core/internal'
import { Tuple } from './tuple.ts'

const memberRoles: readonly MemberRole[] = ['voter', 'observer']
const maxMembers = 255
/** What a name in the DNS may have. */
const maxHostLength = 255
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
  return members.map(({ id, role, address }) => {
    const kind = memberRoles.indexOf(role)
    return address === undefined ? [id, kind] : [id, kind, address.host, address.port]
  })
}

export function readMembers(tuple: Tuple): readonly Member[] {
  return tuple.list('members', maxMembers).map(readMember)
}

function readMember(value: unknown): Member {
  const tuple = new Tuple(value, 'a member')
  const member = { id: tuple.integer('id', 1, 255), role: tuple.choice('role', memberRoles) }
  if (!tuple.more) return member
  const address = {
    host: tuple.string('host', maxHostLength),
    port: tuple.integer('port', 0, maxPort),
  }
  tuple.end()
  return { ...member, address }
}
