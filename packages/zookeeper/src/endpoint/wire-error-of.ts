/** The code that a client is told for why a write of its was refused or came to nothing. */
import { errorCodes, type ErrorCode, type Limits } from '@conclave/core/internal'
import { wireErrors } from '../messages/error-codes.ts'

/** Bounds of the tree: what ZooKeeper has quotas for. */
const boundsOfTree: readonly (keyof Limits)[] = [
  'maxChildren',
  'maxZnodes',
  'maxTreeBytes',
  'maxSessionEphemerals',
]

/** Of a write that the leader refused. */
export function wireErrorOf(code: ErrorCode, limit: keyof Limits | null): number {
  if (code === 'LIMIT_EXCEEDED') {
    const isOfTree = limit !== null && boundsOfTree.includes(limit)
    return isOfTree ? wireErrors.quotaExceeded : wireErrors.badArguments
  }
  return wireOf(code) ?? wireErrors.systemError
}

/**
 * Of a call that ended without an answer; `undefined` where nobody can say what became of it, or where
 * it, and its session, are for another server to say: then the connection is closed, as ZooKeeper does.
 */
export function wireErrorOfFailure(code: ErrorCode): number | undefined {
  switch (code) {
    case 'SESSION_EXPIRED':
      return wireErrors.sessionExpired
    case 'BUSY':
      return wireErrors.throttledOp
    case 'LIMIT_EXCEEDED':
      return wireErrors.badArguments
    default:
      return undefined
  }
}

function wireOf(code: ErrorCode): number | undefined {
  const kind = errorCodes[code]
  return 'wire' in kind ? kind.wire : undefined
}
