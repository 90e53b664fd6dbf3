/** What a server's refusals are as errors of ours, with the words that embedded sessions use. */
import {
  CoordinationError,
  errorCodes,
  type ErrorCode,
  type WriteRequest,
} from '@conclave/core/internal'
import { wireErrorName, wireErrors, type NoAnswer } from '@conclave/zookeeper'
import { refusalError } from '../refusals.ts'

const codes = new Map<number, ErrorCode>(
  Object.entries(errorCodes).flatMap(([code, kind]) =>
    'wire' in kind ? [[kind.wire, code as ErrorCode] as const] : [],
  ),
)
codes.set(wireErrors.throttledOp, 'BUSY')
codes.set(wireErrors.marshallingError, 'BAD_ARGUMENT')
codes.set(wireErrors.ephemeralOnLocalSession, 'UNIMPLEMENTED')
codes.set(wireErrors.sessionClosedRequireSaslAuth, 'NO_AUTH')

/** Which of our codes a server's is; `undefined` of one that says nothing of the request. */
export function codeOfWire(error: number): ErrorCode | undefined {
  return codes.get(error)
}

/** The error of a write that a server has refused. In a transaction, `operation` is at fault. */
export function writeRefusal(
  error: number,
  request: WriteRequest,
  path: string,
  operation = 0,
): CoordinationError {
  const code = codeOfWire(error)
  if (code === undefined) return unclear(error, `${request.type} ${path}`, path)
  return refusalError({ code, path, operation, limit: null }, request, null)
}

/** The error of a read that a server has refused. */
export function readRefusal(error: number, what: string, path?: string): CoordinationError {
  const code = codeOfWire(error)
  const details = path === undefined ? {} : { path }
  if (code === undefined) return unclear(error, what, path)
  return new CoordinationError(code, `${what} was refused: ${reasonOf(code)}`, details)
}

function reasonOf(code: ErrorCode): string {
  switch (code) {
    case 'NO_NODE':
      return 'there is no such znode; create it first'
    case 'NO_AUTH':
      return 'its ACL does not let this session read it; authenticate as one whom it names'
    case 'UNIMPLEMENTED':
      return 'the server does not know how, as those before ZooKeeper 3.6; take a later one'
    default:
      return `see ${code} in docs/errors.md`
  }
}

/** The server has failed at it, and says no more. */
function unclear(error: number, what: string, path: string | undefined): CoordinationError {
  const name = wireErrorName(error) ?? 'which nobody knows'
  return new CoordinationError(
    'RESULT_LOST',
    `${what} failed: the server answered with ${String(error)}, ${name}; read to know what became of it`,
    { outcome: 'unknown', ...(path === undefined ? {} : { path }) },
  )
}

/** The error of a call that no answer came to, while the session goes on. */
export function noAnswer(
  why: Exclude<NoAnswer, 'over'>,
  what: string,
  isWrite: boolean,
  path: string | undefined,
): CoordinationError {
  const details = path === undefined ? {} : { path }
  if (why === 'too-long' && !isWrite) {
    const message = `${what} failed: the answer is longer than may come; raise maxFrameBytes of connect(), here and as jute.maxbuffer there`
    return new CoordinationError('LIMIT_EXCEEDED', message, details)
  }
  const reason =
    why === 'lost'
      ? 'the connection broke behind it, so it may be applied or not; read to know'
      : 'what the server answered cannot be read'
  return new CoordinationError('RESULT_LOST', `${what} failed: ${reason}`, {
    outcome: 'unknown',
    ...details,
  })
}
