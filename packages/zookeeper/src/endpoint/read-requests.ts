/**
 * Reads of the wire: decoded when they come, answered from the replica when it is their turn. Paths are
 * not judged, as in ZooKeeper: what is none is not there, and the empty one is the root.
 */
import {
  isAllowed,
  maskAcl,
  mayRead,
  openAcl,
  permissions,
  statOf,
  type Identity,
  type Replica,
  type SessionId,
  type WireWatchMode,
  type Znode,
} from '@conclave/core/internal'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { MalformedError } from '../jute/malformed-error.ts'
import {
  addWatchModes,
  readAddWatchRequest,
  writeAddWatchResponse,
  type AddWatchRequest,
} from '../messages/add-watch.ts'
import { wireErrors } from '../messages/error-codes.ts'
import { readExistsRequest } from '../messages/exists.ts'
import { writeGetAclResponse, readGetAclRequest } from '../messages/get-acl.ts'
import {
  readGetAllChildrenNumberRequest,
  writeGetAllChildrenNumberResponse,
} from '../messages/get-all-children-number.ts'
import {
  readGetChildrenRequest,
  writeGetChildren2Response,
  writeGetChildrenResponse,
} from '../messages/get-children.ts'
import { readGetDataRequest, writeGetDataResponse } from '../messages/get-data.ts'
import { readGetEphemeralsRequest, writeGetEphemeralsResponse } from '../messages/get-ephemerals.ts'
import {
  readMultiReadRequest,
  writeMultiReadResponse,
  type MultiReadPart,
  type MultiReadResult,
} from '../messages/multi-read.ts'
import { opcodes } from '../messages/opcodes.ts'
import { writeStat } from '../messages/stat.ts'
import { writeWhoAmIResponse } from '../messages/who-am-i.ts'
import { pathOf } from './write-requests.ts'

/** A read, until it is answered. */
export interface WireRead {
  readonly opcode: number
  readonly path: string
  /** How the path is watched from then on. */
  readonly watch: WireWatchMode | null
  /** Of a `multiRead`. */
  readonly parts: readonly MultiReadPart[]
}

/** Who reads, and what of. */
export interface ReadContext {
  readonly replica: Replica
  readonly session: SessionId
  readonly identities: readonly Identity[]
  /** Watches a path, which is done before anything changes. */
  watch(path: string, mode: WireWatchMode): void
}

const noParts: readonly MultiReadPart[] = []

/** A read of this opcode; `undefined` of an opcode that is none. */
export function readWireRead(opcode: number, reader: JuteReader): WireRead | undefined {
  switch (opcode) {
    case opcodes.getData:
      return watching(opcode, readGetDataRequest(reader), 'data')
    case opcodes.exists:
      return watching(opcode, readExistsRequest(reader), 'data')
    case opcodes.getChildren:
    case opcodes.getChildren2:
      return watching(opcode, readGetChildrenRequest(reader), 'child')
    case opcodes.addWatch:
      return addingWatch(readAddWatchRequest(reader))
    case opcodes.getAcl:
      return plain(opcode, pathOf(readGetAclRequest(reader).path))
    case opcodes.getAllChildrenNumber:
      return plain(opcode, pathOf(readGetAllChildrenNumberRequest(reader).path))
    case opcodes.getEphemerals:
      return plain(opcode, readGetEphemeralsRequest(reader).prefixPath ?? '')
    case opcodes.whoAmI:
      return plain(opcode, '')
    case opcodes.multiRead:
      return { opcode, path: '', watch: null, parts: readMultiReadRequest(reader).map(readable) }
    default:
      return undefined
  }
}

function watching(
  opcode: number,
  { path, watch }: { readonly path: string | null; readonly watch: boolean },
  mode: WireWatchMode,
): WireRead {
  return { opcode, path: pathOf(path), watch: watch ? mode : null, parts: noParts }
}

/** No path is one that nothing happens to, as in ZooKeeper. */
function addingWatch({ path: given, mode }: AddWatchRequest): WireRead {
  const opcode = opcodes.addWatch
  const path = given ?? ''
  switch (mode) {
    case addWatchModes.persistent:
      return { opcode, path, watch: 'persistent', parts: noParts }
    case addWatchModes.persistentRecursive:
      return { opcode, path, watch: 'recursive', parts: noParts }
    default:
      throw new MalformedError('RECORD', `no watch has the mode ${String(mode)}`)
  }
}

/** A part that names a path: what it comes to is written when the reply is begun already. */
function readable(part: MultiReadPart): MultiReadPart {
  pathOf(part.request.path)
  return part
}

function plain(opcode: number, path: string): WireRead {
  return { opcode, path, watch: null, parts: noParts }
}

function rooted(path: string): string {
  return path === '' ? '/' : path
}

/** Why a read comes to nothing, or 0. A watch is left even where `exists` finds nothing. */
export function errorOfRead(read: WireRead, context: ReadContext): number {
  const { opcode, path, watch } = read
  switch (opcode) {
    case opcodes.getEphemerals:
    case opcodes.whoAmI:
    case opcodes.multiRead:
      return wireErrors.ok
    case opcodes.addWatch:
      if (watch !== null) context.watch(path, watch)
      return wireErrors.ok
    case opcodes.exists:
      // The one read whose path is looked at.
      if (path.includes('\0')) return wireErrors.badArguments
      break
    default:
  }
  const znode = context.replica.tree.get(rooted(path))
  if (znode === undefined) {
    if (opcode === opcodes.exists && watch !== null) context.watch(path, watch)
    return wireErrors.noNode
  }
  if (!mayRead(znode, context.identities)) {
    const mayAdmin = opcode === opcodes.getAcl && isAdmin(znode, context.identities)
    if (!mayAdmin) return wireErrors.noAuth
  }
  if (watch !== null) context.watch(path, watch)
  return wireErrors.ok
}

/** Writes what a read without error comes to. */
export function writeReading(writer: JuteWriter, read: WireRead, context: ReadContext): void {
  const { replica, identities, session } = context
  switch (read.opcode) {
    case opcodes.getEphemerals: {
      const prefix = read.path === '/' ? '' : read.path
      const paths = [...replica.sessions.ephemeralsOf(session)]
      writeGetEphemeralsResponse(
        writer,
        paths.filter((path) => path.startsWith(prefix)),
      )
      return
    }
    case opcodes.addWatch:
      writeAddWatchResponse(writer, wireErrors.ok)
      return
    case opcodes.whoAmI:
      writeWhoAmIResponse(writer, identities.map(infoOf))
      return
    case opcodes.multiRead:
      writeMultiReadResponse(
        writer,
        read.parts.map((part) => multiReadResultOf(part, context)),
      )
      return
    default:
  }
  const znode = replica.tree.get(rooted(read.path))
  if (znode !== undefined) writeZnode(writer, read.opcode, znode, context)
}

function writeZnode(
  writer: JuteWriter,
  opcode: number,
  znode: Znode,
  { replica, identities }: ReadContext,
): void {
  switch (opcode) {
    case opcodes.getData:
      writeGetDataResponse(writer, znode.data, statOf(znode))
      return
    case opcodes.exists:
      writeStat(writer, statOf(znode))
      return
    case opcodes.getChildren:
      writeGetChildrenResponse(writer, znode.childNames)
      return
    case opcodes.getChildren2:
      writeGetChildren2Response(writer, znode.childNames, statOf(znode))
      return
    case opcodes.getAcl: {
      const acl = isAdmin(znode, identities) ? (znode.acl ?? openAcl) : maskAcl(znode.acl)
      writeGetAclResponse(writer, acl, statOf(znode))
      return
    }
    case opcodes.getAllChildrenNumber:
      writeGetAllChildrenNumberResponse(writer, countBelow(replica, znode))
      return
    default:
  }
}

function multiReadResultOf(
  { opcode, request }: MultiReadPart,
  context: ReadContext,
): MultiReadResult {
  const path = rooted(pathOf(request.path))
  const error = errorOfRead(plain(opcode, path), context)
  const znode = context.replica.tree.get(path)
  if (error !== wireErrors.ok || znode === undefined) return { opcode: opcodes.error, error }
  if (opcode === opcodes.getChildren) return { opcode, names: znode.childNames }
  return { opcode, data: znode.data, stat: statOf(znode) }
}

function isAdmin(znode: Znode, identities: readonly Identity[]): boolean {
  return znode.acl === null || isAllowed(znode.acl, permissions.admin, identities)
}

/** Everything below a znode, counted without a list of it. */
function countBelow(replica: Replica, root: Znode): number {
  if (root.path === '/') return replica.tree.size - 1
  let count = 0
  const open = [root]
  for (let znode = open.pop(); znode !== undefined; znode = open.pop()) {
    count += znode.numChildren
    for (const child of znode.children ?? []) if (child.numChildren > 0) open.push(child)
  }
  return count
}

/** Of a digest, the name alone. */
function infoOf({ scheme, id }: Identity): { readonly scheme: string; readonly user: string } {
  const end = scheme === 'digest' ? id.indexOf(':') : -1
  return { scheme, user: end < 0 ? id : id.slice(0, end) }
}
