/**
 * What a client asks once it has a session: decoded, and handed to the session, to be answered in its
 * turn. A body that cannot be read is answered as such, in its turn too; an opcode that there is not
 * ends the connection behind its answer, as in ZooKeeper.
 */
import { timingSafeEqual } from 'node:crypto'
import type { Identity, SessionId, WireWatchType, Zxid } from '@conclave/core/internal'
import { MalformedError } from '../jute/malformed-error.ts'
import type { JuteReader } from '../jute/reader.ts'
import { readAuthRequest } from '../messages/auth.ts'
import { readCreateRequest, readCreateTtlRequest } from '../messages/create.ts'
import { readDeleteRequest } from '../messages/delete.ts'
import { wireErrors } from '../messages/error-codes.ts'
import { xids } from '../messages/headers.ts'
import { readMultiRequest, type MultiPart } from '../messages/multi.ts'
import { opcodes } from '../messages/opcodes.ts'
import { readRemoveWatchesRequest, watcherTypes } from '../messages/remove-watches.ts'
import { readReconfigRequest } from '../messages/reconfig.ts'
import { readSetAclRequest } from '../messages/set-acl.ts'
import { readSetDataRequest } from '../messages/set-data.ts'
import {
  readSetWatches2Request,
  readSetWatchesRequest,
  type SetWatches2Request,
  type SetWatchesRequest,
} from '../messages/set-watches.ts'
import { readSyncRequest } from '../messages/sync.ts'
import type { ClientConnection } from './client-connection.ts'
import type { ClientSession, Question } from './client-session.ts'
import { digestIdentity } from './digest-identity.ts'
import { readWireRead } from './read-requests.ts'
import { reconfigurationOf } from './reconfig-requests.ts'
import {
  createOperationOf,
  operationOf,
  pathOf,
  setAclOperationOf,
  setOperationOf,
  understoodPart,
} from './write-requests.ts'

/** Nobody can know of a change later than this. */
const lastZxid = Number.MAX_SAFE_INTEGER
const noParts: readonly MultiPart[] = []
/** Who may do everything, as lists of access know it. */
const superuser: Identity = { scheme: 'super', id: '' }

/** Takes one request. Throws `MalformedError` when not even its header can be read. */
export function takeRequest(
  session: ClientSession,
  connection: ClientConnection,
  reader: JuteReader,
): void {
  const xid = reader.int()
  const opcode = reader.int()
  if (opcode === opcodes.ping) {
    connection.reply(xid, session.replica.lastApplied, wireErrors.ok)
    connection.noteAnswer(opcode, xid, null)
    return
  }
  try {
    if (opcode === opcodes.auth) authenticate(session, connection, reader, xid)
    else dispatch(session, connection, reader, xid, opcode)
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    session.refuse(connection, xid, opcode, wireErrors.marshallingError)
  }
}

function dispatch(
  session: ClientSession,
  connection: ClientConnection,
  reader: JuteReader,
  xid: number,
  opcode: number,
): void {
  const read = readWireRead(opcode, reader)
  if (read !== undefined) {
    session.read(connection, xid, read)
    return
  }
  if (opcode === opcodes.reconfig) {
    reconfigure(session, connection, reader, xid)
    return
  }
  const question = questionOf(session.sessionId, opcode, reader)
  if (question !== undefined) {
    if (session.isReadOnly && question.type !== 'watches') {
      refuseReadOnly(session, connection, xid, opcode)
      return
    }
    session.ask(connection, xid, opcode, question)
    return
  }
  connection.replyUnknown(xid)
  connection.finish()
}

/** Without a quorum there is nobody to ask; but whoever wants to go may. */
function refuseReadOnly(
  session: ClientSession,
  connection: ClientConnection,
  xid: number,
  opcode: number,
): void {
  const isFarewell = opcode === opcodes.closeSession
  session.refuse(connection, xid, opcode, isFarewell ? wireErrors.ok : wireErrors.notReadOnly)
  if (isFarewell) connection.finish()
}

/** What is asked of the ensemble; `undefined` of an opcode that asks nothing. */
function questionOf(session: SessionId, opcode: number, reader: JuteReader): Question | undefined {
  switch (opcode) {
    case opcodes.setData:
      return write(setOperationOf(readSetDataRequest(reader)))
    case opcodes.create:
    case opcodes.create2:
    case opcodes.createContainer:
      return write({ ...createOperationOf(opcode, readCreateRequest(reader)), parents: false })
    case opcodes.createTtl:
      return write({ ...createOperationOf(opcode, readCreateTtlRequest(reader)), parents: false })
    case opcodes.delete: {
      const { path, version } = readDeleteRequest(reader)
      return write({ type: 'delete', path: pathOf(path), version, recursive: false })
    }
    case opcodes.setAcl:
      return write(setAclOperationOf(readSetAclRequest(reader)))
    case opcodes.multi: {
      const parts = readMultiRequest(reader).map(understoodPart)
      return write({ type: 'transaction', operations: parts.map(operationOf) }, parts)
    }
    case opcodes.closeSession:
      return write({ type: 'close-session' })
    case opcodes.sync:
      return { type: 'sync', path: readSyncRequest(reader).path }
    case opcodes.checkWatches:
    case opcodes.removeWatches:
      return watchesAsked(session, opcode === opcodes.removeWatches, reader)
    case opcodes.setWatches:
      return watchesRestored(session, readSetWatchesRequest(reader), [], [])
    case opcodes.setWatches2: {
      const request: SetWatches2Request = readSetWatches2Request(reader)
      const { persistent, persistentRecursive } = request
      return watchesRestored(session, request, pathsOf(persistent), pathsOf(persistentRecursive))
    }
    default:
      return undefined
  }
}

/** The leader judges whether who asks may, and whether the new members can. */
function reconfigure(
  session: ClientSession,
  connection: ClientConnection,
  reader: JuteReader,
  xid: number,
): void {
  const { reconfiguration, standing } = session.host
  const request = readReconfigRequest(reader)
  const refuse = (error: number): void => session.refuse(connection, xid, opcodes.reconfig, error)
  if (session.isReadOnly) return refuse(wireErrors.notReadOnly)
  if (reconfiguration === null) return refuse(wireErrors.reconfigDisabled)
  if (standing.mode === 'standalone') return refuse(wireErrors.unimplemented)
  const change = reconfigurationOf(request, session.replica)
  if (typeof change === 'number') return refuse(change)
  if (!reconfiguration.accepts(change.members)) return refuse(wireErrors.badArguments)
  session.ask(connection, xid, opcodes.reconfig, write(change))
}

function write(
  request: (Question & { readonly type: 'write' })['request'],
  parts = noParts,
): Question {
  return { type: 'write', request, parts }
}

function watchesAsked(session: SessionId, removes: boolean, reader: JuteReader): Question {
  const { path: given, watcherType } = readRemoveWatchesRequest(reader)
  // No path is one that nothing happens to.
  const path = given ?? ''
  const watches = watchesOf(watcherType)
  return {
    type: 'watches',
    event: (call) => ({ type: 'wire-watches-asked', session, call, path, watches, removes }),
  }
}

function watchesRestored(
  session: SessionId,
  request: SetWatchesRequest,
  persistent: readonly string[],
  recursive: readonly string[],
): Question {
  const restoration = {
    after: Math.min(Number(request.relativeZxid), lastZxid) as Zxid,
    data: pathsOf(request.data),
    exist: pathsOf(request.exist),
    child: pathsOf(request.child),
    persistent,
    recursive,
  }
  return {
    type: 'watches',
    event: (call) => ({ type: 'wire-watches-restored', session, call, restoration }),
  }
}

function pathsOf(paths: readonly (string | null)[] | null): readonly string[] {
  return (paths ?? []).map(pathOf)
}

function watchesOf(watcherType: number): WireWatchType {
  switch (watcherType) {
    case watcherTypes.children:
      return 'child'
    case watcherTypes.data:
      return 'data'
    case watcherTypes.any:
      return 'any'
    case watcherTypes.persistent:
      return 'persistent'
    case watcherTypes.persistentRecursive:
      return 'recursive'
    default:
      throw new MalformedError('RECORD', `no watch has the type ${String(watcherType)}`)
  }
}

/** Out of turn: clients send it behind the handshake, and wait for the answer beside all others. */
function authenticate(
  session: ClientSession,
  connection: ClientConnection,
  reader: JuteReader,
  xid: number,
): void {
  const { scheme, proof } = readAuthRequest(reader)
  const isProved = scheme === 'ip' || (scheme === 'digest' && isDigest(session, proof))
  const { lastApplied } = session.replica
  if (isProved) {
    connection.reply(xid, lastApplied, wireErrors.ok)
    return
  }
  connection.noteFailedProof()
  connection.reply(xid === xids.auth ? xid : xids.auth, lastApplied, wireErrors.authFailed)
  connection.finish()
}

function isDigest(session: ClientSession, proof: Uint8Array | null): boolean {
  if (proof === null || proof.length > session.maxProofBytes) return false
  const identity = digestIdentity(proof)
  const { superDigest } = session.host
  const isSuper = superDigest !== null && isSameText(identity.id, superDigest)
  return (!isSuper || session.prove(superuser)) && session.prove(identity)
}

/** In a time that tells nothing of where they differ. */
function isSameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
