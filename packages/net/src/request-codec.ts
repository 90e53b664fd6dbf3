/**
 * Forwarded requests as positional tuples. What a request asks is not judged here, only that it
 * is a request: paths, sizes and rights are the leader's business (server/prepare.ts).
 */
import {
  anyVersion,
  forwardingBounds,
  unreachable,
  type AclEntry,
  type CreateMode,
  type CreateOperation,
  type DeleteOperation,
  type ForwardedRequest,
  type Identity,
  type Operation,
  type SessionId,
  type SessionMove,
  type SessionRequest,
  type SetAclOperation,
  type SetOperation,
  type WriteRequest,
} from '@conclave/core/internal'
import { readMembers, writeMembers } from './configuration-codec.ts'
import { ProtocolError } from './protocol-error.ts'
import { Tuple } from './tuple.ts'

/** The first field of every request and operation. Numbers are never reused. */
const kinds = {
  create: 1,
  set: 2,
  delete: 3,
  check: 4,
  transaction: 5,
  'close-session': 6,
  reconfigure: 7,
  'set-acl': 8,
} as const
type Kind = keyof typeof kinds
const kindsByNumber = new Map<number, Kind>(
  Object.entries(kinds).map(([kind, number]) => [number, kind as Kind]),
)

/** A znode with a TTL is sent as the last of these and its TTL, any other as its word and 0. */
const modes = ['persistent', 'ephemeral', 'container', 'ttl'] as const
const { maxTextLength } = forwardingBounds
/** Of operations, of entries. How many fields they have all together is bounded by the frame. */
const maxListed = 131_072
const none: readonly never[] = []
const passwordBytes = 16
const surrogate = /\p{Surrogate}/u

/** What a member weighs in a message, at most. */
const memberBytes = 300

/** What an entry of a list or an identity weighs beside its text: three fields of a tuple. */
const entryBytes = 32

/** A request's size in bytes, about; for deciding which requests share a frame. */
export function weighForwarded({ identities, request }: ForwardedRequest): number {
  return weighRequest(request) + weighIdentities(identities)
}

function weighIdentities(identities: readonly Identity[]): number {
  return identities.reduce(
    (total, one) => total + entryBytes + one.scheme.length + one.id.length,
    0,
  )
}

function weighRequest(request: WriteRequest): number {
  switch (request.type) {
    case 'transaction':
      return request.operations.reduce((total, operation) => total + weighOperation(operation), 64)
    case 'reconfigure':
      return 64 + memberBytes * request.members.length
    default:
      return weighOperation(request)
  }
}

function weighOperation(
  operation: Exclude<WriteRequest, { type: 'transaction' | 'reconfigure' }> | Operation,
): number {
  const path = 'path' in operation ? operation.path.length : 0
  const data = 'data' in operation ? (operation.data?.length ?? 0) : 0
  const acl = 'acl' in operation ? weighIdentities(operation.acl ?? none) : 0
  return 64 + path + data + acl
}

export function writeForwardedRequest(forwarded: ForwardedRequest): unknown[] {
  const { session, requestId, hostedSince, identities, request } = forwarded
  const shown = identities.length === 0 ? none : identities.map(({ scheme, id }) => [scheme, id])
  return [session, requestId, hostedSince, shown, writeRequest(request)]
}

export function readForwardedRequest(value: unknown): ForwardedRequest {
  const tuple = new Tuple(value, 'a request')
  const forwarded = {
    session: tuple.count('session') as SessionId,
    requestId: tuple.count('request id'),
    hostedSince: tuple.zxid('hostedSince'),
    identities: readIdentities(tuple),
    request: readRequest(tuple.tuple('content')),
  }
  tuple.end()
  return forwarded
}

export function writeSessionMove(move: SessionMove): unknown[] {
  return [move.session, move.replaces]
}

export function readSessionMove(value: unknown): SessionMove {
  const tuple = new Tuple(value, 'a session move')
  const move = { session: tuple.count('session') as SessionId, replaces: tuple.zxid('replaces') }
  tuple.end()
  return move
}

export function writeSessionRequest(request: SessionRequest): unknown[] {
  return [request.timeoutMs, request.password]
}

export function readSessionRequest(value: unknown): SessionRequest {
  const tuple = new Tuple(value, 'a session request')
  const request = { timeoutMs: tuple.durationMs('timeout'), password: tuple.bytes('password') }
  tuple.end()
  if (request.password.length !== passwordBytes) {
    throw new ProtocolError(
      'MESSAGE_MALFORMED',
      `the password of a session request has ${String(request.password.length)} bytes, not 16`,
    )
  }
  return request
}

function writeRequest(request: WriteRequest): unknown[] {
  switch (request.type) {
    case 'create':
      return [...writeOperation(request), request.parents]
    case 'delete':
      return [...writeOperation(request), request.recursive]
    case 'set':
      return writeOperation(request)
    case 'set-acl':
      return [
        kinds['set-acl'],
        checkedPath(request.path),
        request.acl.map(writeEntry),
        request.version,
      ]
    case 'transaction':
      return [kinds.transaction, writeOperations(request.operations)]
    case 'close-session':
      return [kinds['close-session']]
    case 'reconfigure':
      return [kinds.reconfigure, writeMembers(request.members), request.version]
    default:
      return unreachable(request)
  }
}

function writeOperations(operations: readonly Operation[]): unknown[][] {
  if (operations.length > maxListed) {
    throw new ProtocolError(
      'MESSAGE_TOO_LONG',
      `a transaction of ${String(operations.length)} operations exceeds ${String(maxListed)}`,
    )
  }
  return operations.map(writeOperation)
}

function writeOperation(operation: Operation): unknown[] {
  const { type } = operation
  const path = checkedPath(operation.path)
  switch (type) {
    case 'create':
      return [
        kinds.create,
        path,
        operation.data,
        ...writeMode(operation.mode),
        operation.sequential,
        operation.acl === null ? null : operation.acl.map(writeEntry),
      ]
    case 'set':
      return [kinds.set, path, operation.data, operation.version]
    case 'delete':
      return [kinds.delete, path, operation.version]
    case 'check':
      return [kinds.check, path, operation.version]
    default:
      return unreachable(type)
  }
}

function writeEntry({ permissions, scheme, id }: AclEntry): unknown[] {
  return [permissions, scheme, id]
}

/** UTF-8 cannot say a lone surrogate: it would arrive as another path. */
function checkedPath(path: string): string {
  if (path.length > maxTextLength) {
    throw new ProtocolError(
      'MESSAGE_TOO_LONG',
      `a path of ${String(path.length)} characters exceeds ${String(maxTextLength)}`,
    )
  }
  if (surrogate.test(path)) {
    throw new ProtocolError('MESSAGE_MALFORMED', 'a path with a lone surrogate cannot be sent')
  }
  return path
}

function readKind(tuple: Tuple): Kind {
  const number = tuple.count('kind')
  const kind = kindsByNumber.get(number)
  if (kind === undefined) {
    throw new ProtocolError(
      'MESSAGE_MALFORMED',
      `no request has kind ${String(number)}; run the same version on all peers`,
    )
  }
  return kind
}

function readRequest(tuple: Tuple): WriteRequest {
  const kind = readKind(tuple)
  const request = readRequestOf(kind, tuple)
  tuple.end()
  return request
}

function readRequestOf(kind: Kind, tuple: Tuple): WriteRequest {
  switch (kind) {
    case 'create': {
      const create = readCreate(tuple)
      return { ...create, parents: tuple.boolean('parents') }
    }
    case 'set':
      return readSet(tuple)
    case 'delete': {
      const deletion = readDelete(tuple)
      return { ...deletion, recursive: tuple.boolean('recursive') }
    }
    case 'transaction':
      return {
        type: 'transaction',
        operations: tuple.list('operations', maxListed).map(readOperation),
      }
    case 'set-acl':
      return readSetAcl(tuple)
    case 'close-session':
      return { type: 'close-session' }
    case 'reconfigure':
      return {
        type: 'reconfigure',
        members: readMembers(tuple),
        version: tuple.integer('version', anyVersion, Number.MAX_SAFE_INTEGER),
      }
    case 'check':
      throw new ProtocolError('MESSAGE_MALFORMED', 'a check is not a request of its own')
    default:
      return unreachable(kind)
  }
}

function readOperation(value: unknown): Operation {
  const tuple = new Tuple(value, 'an operation')
  const operation = readOperationOf(readKind(tuple), tuple)
  tuple.end()
  return operation
}

function readOperationOf(kind: Kind, tuple: Tuple): Operation {
  switch (kind) {
    case 'create':
      return readCreate(tuple)
    case 'set':
      return readSet(tuple)
    case 'delete':
      return readDelete(tuple)
    case 'check':
      return { type: 'check', path: readPath(tuple), version: readVersion(tuple) }
    case 'set-acl':
    case 'transaction':
    case 'close-session':
    case 'reconfigure':
      throw new ProtocolError('MESSAGE_MALFORMED', `a ${kind} is not an operation of a transaction`)
    default:
      return unreachable(kind)
  }
}

function readCreate(tuple: Tuple): CreateOperation {
  return {
    type: 'create',
    path: readPath(tuple),
    data: tuple.bytesOrNull('data'),
    mode: readMode(tuple),
    sequential: tuple.boolean('sequential'),
    acl: tuple.listOrNull('acl', maxListed)?.map(readEntry) ?? null,
  }
}

function writeMode(mode: CreateMode): [word: number, ttlMs: number] {
  return typeof mode === 'object' ? [modes.indexOf('ttl'), mode.ttlMs] : [modes.indexOf(mode), 0]
}

function readMode(tuple: Tuple): CreateMode {
  const word = tuple.choice('mode', modes)
  const ttlMs = tuple.integer('TTL', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  return word === 'ttl' ? { ttlMs } : word
}

function readSet(tuple: Tuple): SetOperation {
  return {
    type: 'set',
    path: readPath(tuple),
    data: tuple.bytesOrNull('data'),
    version: readVersion(tuple),
  }
}

function readSetAcl(tuple: Tuple): SetAclOperation {
  return {
    type: 'set-acl',
    path: readPath(tuple),
    acl: tuple.list('acl', maxListed).map(readEntry),
    version: readVersion(tuple),
  }
}

function readEntry(value: unknown): AclEntry {
  const tuple = new Tuple(value, 'an entry of an ACL')
  // As they were asked: what there is none of the leader refuses.
  const permissions = readVersion(tuple, 'permissions')
  return { permissions, ...readIdentityOf(tuple) }
}

/** Most sessions have proved nothing: no list is made for them. */
function readIdentities(tuple: Tuple): readonly Identity[] {
  const values = tuple.list('identities', maxListed)
  return values.length === 0 ? none : values.map(readIdentity)
}

function readIdentity(value: unknown): Identity {
  return readIdentityOf(new Tuple(value, 'an identity'))
}

function readIdentityOf(tuple: Tuple): Identity {
  const scheme = tuple.string('scheme', maxTextLength)
  const id = tuple.string('id', maxTextLength)
  tuple.end()
  return { scheme, id }
}

function readDelete(tuple: Tuple): DeleteOperation {
  return { type: 'delete', path: readPath(tuple), version: readVersion(tuple) }
}

function readPath(tuple: Tuple): string {
  return tuple.string('path', maxTextLength)
}

/** Any 32-bit integer: ZooKeeper's clients may ask for versions that no znode ever has. */
function readVersion(tuple: Tuple, field = 'version'): number {
  return tuple.integer(field, -(2 ** 31), 2 ** 31 - 1)
}
