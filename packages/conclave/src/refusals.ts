/** The errors of writes that the ensemble refused: what, where, and the mend. */
import {
  CoordinationError,
  formatMembers,
  type ErrorCode,
  type Limits,
  type Operation,
  type Reconfiguration,
  type Refusal,
  type WriteRequest,
} from '@conclave/core/internal'

/** A write as messages name it: `set /a`. */
export function describeWrite(request: WriteRequest): string {
  if (request.type === 'reconfigure') return `reconfigure to [${formatMembers(request.members)}]`
  if ('path' in request) return `${request.type} ${request.path}`
  return request.type === 'close-session' ? 'close session' : request.type
}

/** The error of a write in a session that takes none. */
export function writesNothing(request: WriteRequest): CoordinationError {
  const what = describeWrite(request)
  const message = `${what} failed: the session is read-only; open one without readOnly for what writes`
  return new CoordinationError('NOT_READ_ONLY', message)
}

/**
 * The error that the caller of a refused write meets. Nothing of the write was applied. `version` is
 * that of the znode which the refusal is about, before the write.
 */
export function refusalError(
  refusal: Refusal,
  request: WriteRequest,
  version: number | null,
): CoordinationError {
  if (request.type === 'reconfigure') return reconfigurationError(refusal.code, request)
  const { code, path, operation } = refusal
  const refused = request.type === 'transaction' ? request.operations[operation] : request
  const of =
    request.type === 'transaction' ? `operation ${String(operation)} of the transaction, ` : ''
  const what = `${of}${refused?.type ?? 'one'} ${path} was refused`
  const reason =
    code === 'BAD_VERSION'
      ? badVersion(refused, versionAt(refusal, request, version))
      : reasonOf(refusal, refused?.type)
  return new CoordinationError(code, `${what}: ${reason}`, { path })
}

function reconfigurationError(code: ErrorCode, request: Reconfiguration): CoordinationError {
  return new CoordinationError(code, `${describeWrite(request)} was refused: ${mendOf(code)}`)
}

function mendOf(code: ErrorCode): string {
  switch (code) {
    case 'RECONFIG_IN_PROGRESS':
      return 'another change of the ensemble is under way; call again once that is committed'
    case 'BAD_VERSION':
      return 'the ensemble was changed meanwhile; look at status().members and decide again'
    case 'NEW_CONFIG_NO_QUORUM':
      return 'no quorum of its voters is synced with the leader; start those that are new, wait until each is ready(), and call again'
    case 'BAD_ARGUMENT':
      return 'it needs a voter at least, every id once, from 1 to 255, and a group for each voter or for none'
    default:
      return `see ${code} in docs/errors.md`
  }
}

function badVersion(refused: WriteRequest | Operation | undefined, actual: number | null): string {
  if (refused?.type === 'set-acl') {
    return `the ACL has another version than ${String(refused.version)}; read it again and decide again`
  }
  const expected = refused !== undefined && 'version' in refused ? refused.version : null
  const has = `the znode has ${actual === null ? 'another version' : `version ${String(actual)}`}`
  const not = expected === null ? '' : `, not ${String(expected)}`
  return `${has}${not}; read it again and decide again`
}

/** The version that the refused operation met: earlier ones of its transaction may have changed it. */
function versionAt(
  { path, operation }: Refusal,
  request: WriteRequest,
  version: number | null,
): number | null {
  if (request.type !== 'transaction') return version
  let at = version
  for (const earlier of request.operations.slice(0, operation)) {
    if (earlier.type === 'create' && earlier.sequential) {
      // Only the leader knew which path that came to.
      if (path.startsWith(earlier.path)) return null
    } else if (earlier.path === path) {
      if (earlier.type === 'create') at = 0
      else if (earlier.type === 'set' && at !== null) at += 1
    }
  }
  return at
}

/** What to do at a bound that the leader keeps; at every other one, less at a time. */
const mendAt: Partial<Readonly<Record<keyof Limits, string>>> = {
  maxChildren: 'its parent has as many children as it may; spread them over more parents',
  maxZnodes: 'the tree has as many znodes as it may; delete some, or raise it on every peer',
  maxTreeBytes: 'the tree is as large as it may be; delete something, or raise it on every peer',
  maxDataBytes: 'keep large values elsewhere and their address here',
  maxPathLength: 'use shorter names',
  maxSessionEphemerals: 'spread ephemeral znodes over more sessions',
}

function beyond(limit: keyof Limits): string {
  return `it goes beyond limits.${limit}; ${mendAt[limit] ?? 'write less at a time'}`
}

function reasonOf(refusal: Refusal, type: WriteRequest['type'] | 'check' | undefined): string {
  switch (refusal.code) {
    case 'NO_NODE':
      return type === 'create'
        ? 'its parent does not exist; create that first, or give parents: true'
        : 'there is no such znode; create it first'
    case 'NODE_EXISTS':
      return 'the znode exists; set it, or create it sequential'
    case 'NOT_EMPTY':
      return 'the znode has children; delete them first, or give recursive: true'
    case 'NO_CHILDREN_FOR_EPHEMERALS':
      return 'its parent is ephemeral; create it below a persistent znode'
    case 'LIMIT_EXCEEDED':
      return beyond(refusal.limit ?? 'maxTxnBytes')
    case 'QUOTA_EXCEEDED':
      return 'a hard quota on it, or on a path above, is used up; delete something below that, or raise it with setQuota'
    case 'NO_AUTH':
      return 'an ACL does not let this session do it; authenticate as one whom it names'
    case 'INVALID_ACL':
      return 'the ACL is empty, has a scheme or an id that cannot be, or names auth while nothing is proved'
    case 'BUSY':
      return 'too much is waiting at the leader; call again once some of it is answered'
    case 'SESSION_EXPIRED':
      return 'the session had expired; open a new one'
    case 'SESSION_CLOSED':
      return 'the session was closed; open a new one'
    case 'UNIMPLEMENTED':
      return 'the server does not know how; znodes with a TTL need extendedTypesEnabled there, containers and stats of what was created version 3.5'
    case 'BAD_ARGUMENT':
      return 'the path is none that this can be done to: the root and /zookeeper stay, and a path begins with /'
    default:
      return `see ${refusal.code} in docs/errors.md`
  }
}
