/**
 * What ZooKeeper 3.8.0 did otherwise than the versions that a peer answers like, so that it is not asked:
 * it never answered a check outside a multi, let everybody ask whether a znode exists and hear of what
 * they may not read, knew one kind of watch of a client on a path, no types 4 and 5 of them, and took
 * those of anybody for a client's own. In a multi it knew one create, whatever was asked; in lists, no
 * addresses of IPv6, and whom `auth` stands for as often as it stands there.
 */
import type { WireAcl } from '@conclave/zookeeper'
import type { Random } from '../faults/random.ts'
import type { Action, Program, Record } from './program.ts'
import type { ServerVersion } from './servers.ts'

type WatchKind = 'standard' | 'persistent' | 'recursive'

/** The program as this server can be asked it. */
export function askable(program: Program, version: ServerVersion, random: Random): Program {
  if (version !== '3.8.0') return program
  const kind = random.pick<WatchKind>(['standard', 'persistent', 'recursive'])
  const actions = program.actions.map((action): Action => {
    return action.type === 'ask' ? { ...action, record: asked(action.record, kind) } : action
  })
  return { ...program, actions }
}

/** True where events say at which zxid they were. */
export function hasEventZxids(version: ServerVersion): boolean {
  return version !== '3.8.0'
}

function asked(record: Record, kind: WatchKind): Record {
  switch (record.op) {
    case 'check':
      return { op: 'exists', path: record.path, watch: false }
    case 'exists':
    case 'getData':
    case 'getChildren':
    case 'getChildren2':
      return { ...record, watch: record.watch && kind === 'standard' }
    case 'addWatch':
      if (kind === 'standard') return { op: 'getData', path: record.path, watch: true }
      return { ...record, path: record.path ?? '', mode: kind === 'persistent' ? 0 : 1 }
    case 'checkWatches':
      return { op: 'whoAmI' }
    case 'removeWatches':
      return { ...record, watcherType: 3 }
    case 'setWatches':
    case 'setWatches2': {
      const { data, exist, child, persistent, recursive } = record
      const none: readonly string[] = []
      if (kind === 'standard') return { ...record, persistent: none, recursive: none }
      const other = { ...record, data: none, exist: none, child: none }
      const lists = [...data, ...exist, ...child, ...persistent, ...recursive]
      return kind === 'persistent'
        ? { ...other, persistent: lists, recursive: none }
        : { ...other, persistent: none, recursive: lists }
    }
    case 'multi':
      return { ...record, parts: record.parts.map((part) => readable(plainPart(part))) }
    default:
      return readable(record)
  }
}

/** A create by its path alone, of what needs no more than flags to be created. */
function plainPart(part: Record): Record {
  if (!('flags' in part)) return part
  const { path, data, acl, flags } = part
  return { op: 'create', path, data, acl, flags: flags & 3 }
}

function readable(record: Record): Record {
  return 'acl' in record ? { ...record, acl: forReaders(record.acl) } : record
}

/** A list that lets everybody read, without what is newer in lists. */
function forReaders(acl: WireAcl): WireAcl {
  if (acl === null || acl.length === 0) return acl
  const first = acl.findIndex(({ scheme }) => scheme === 'auth')
  const older = acl.filter(({ scheme, id }, index) => {
    return scheme === 'auth' ? index === first : id !== '::1'
  })
  return [...older, { permissions: 1, scheme: 'world', id: 'anyone' }]
}
