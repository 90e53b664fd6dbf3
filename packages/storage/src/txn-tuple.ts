/**
 * The txn as a tuple: its type, when it was, who asked, then the fields of its type, in the order in
 * which they stand here. The order is part of the page's format: see page-codec.ts.
 *
 * What is packed is checked as what is unpacked: one bad txn in a page would fail every peer.
 */
import {
  assert,
  defaultLimits,
  errorCodes,
  type ErrorCode,
  type Limits,
  type RequestId,
  type SessionId,
  type TreeTxn,
  type Txn,
} from '@conclave/core/internal'
import {
  aclTuple,
  configurationTuple,
  readAcl,
  readBytes,
  readConfiguration,
  readCount,
  readData,
  readInteger,
  readReap,
  readString,
  readTuple,
  TupleError,
} from './tuple.ts'

/** The first field of a txn's tuple. A number is never given to another type. */
export const txnCodes = {
  create: 1,
  set: 2,
  delete: 3,
  check: 4,
  transaction: 5,
  'create-with-parents': 6,
  'delete-subtree': 7,
  'create-session': 8,
  'move-session': 9,
  'close-session': 10,
  configure: 11,
  refuse: 12,
  'set-acl': 13,
} as const satisfies Record<Txn['type'], number>

/** What `readTxn` reads. Throws an `InvariantError` for stamps that it would refuse. */
export function txnTuple(txn: Txn): readonly unknown[] {
  const { timeMs, session, requestId } = txn
  assert(
    Number.isSafeInteger(timeMs) &&
      Number.isSafeInteger(session) &&
      Number.isSafeInteger(requestId),
    'a txn is stamped with integers',
  )
  switch (txn.type) {
    case 'create':
      return [
        txnCodes.create,
        timeMs,
        session,
        requestId,
        txn.path,
        txn.data,
        txn.ephemeralOwner,
        txn.reap,
        txn.parentCreateCount,
        aclTuple(txn.acl),
      ]
    case 'set':
      return [txnCodes.set, timeMs, session, requestId, txn.path, txn.data, txn.version]
    case 'delete':
      return [txnCodes.delete, timeMs, session, requestId, txn.path]
    case 'check':
      return [txnCodes.check, timeMs, session, requestId, txn.path]
    case 'set-acl': {
      const { path, acl, aversion } = txn
      return [txnCodes['set-acl'], timeMs, session, requestId, path, aclTuple(acl), aversion]
    }
    case 'transaction':
    case 'create-with-parents':
    case 'delete-subtree':
      return [txnCodes[txn.type], timeMs, session, requestId, txn.txns.map(treeTxnTuple)]
    case 'create-session': {
      const { timeoutMs, password, host } = txn
      return [txnCodes['create-session'], timeMs, session, requestId, timeoutMs, password, host]
    }
    case 'move-session':
      return [txnCodes['move-session'], timeMs, session, requestId, txn.moved, txn.host]
    case 'close-session': {
      const expired = txn.reason === 'expired' ? 1 : 0
      return [txnCodes['close-session'], timeMs, session, requestId, txn.closed, expired, txn.paths]
    }
    case 'configure': {
      const configuration = configurationTuple(txn.configuration)
      return [txnCodes.configure, timeMs, session, requestId, configuration]
    }
    case 'refuse':
      return [
        txnCodes.refuse,
        timeMs,
        session,
        requestId,
        txn.code,
        txn.path,
        txn.operation,
        txn.limit,
      ]
  }
}

function treeTxnTuple(txn: TreeTxn): readonly unknown[] {
  switch (txn.type) {
    case 'create':
      return [
        txnCodes.create,
        txn.path,
        txn.data,
        txn.ephemeralOwner,
        txn.reap,
        txn.parentCreateCount,
        aclTuple(txn.acl),
      ]
    case 'set':
      return [txnCodes.set, txn.path, txn.data, txn.version]
    case 'delete':
      return [txnCodes.delete, txn.path]
    case 'check':
      return [txnCodes.check, txn.path]
    case 'set-acl':
      return [txnCodes['set-acl'], txn.path, aclTuple(txn.acl), txn.aversion]
  }
}

const headerFields = 4

/** The txn in a tuple that was unpacked. Throws `TupleError`. */
export function readTxn(value: unknown): Txn {
  const tuple = readTuple(value)
  const timeMs = readInteger(tuple[1])
  const session = readSession(tuple[2])
  const requestId: RequestId = readCount(tuple[3])
  const at = headerFields
  switch (tuple[0]) {
    case txnCodes.create:
      readTuple(tuple, at + 6)
      return {
        type: 'create',
        timeMs,
        session,
        requestId,
        path: readString(tuple[at]),
        data: readData(tuple[at + 1]),
        ephemeralOwner: readSession(tuple[at + 2]),
        reap: readReap(tuple[at + 3]),
        parentCreateCount: readInteger(tuple[at + 4]),
        acl: readAcl(tuple[at + 5]),
      }
    case txnCodes.set:
      readTuple(tuple, at + 3)
      return {
        type: 'set',
        timeMs,
        session,
        requestId,
        path: readString(tuple[at]),
        data: readData(tuple[at + 1]),
        version: readInteger(tuple[at + 2]),
      }
    case txnCodes.delete:
      readTuple(tuple, at + 1)
      return { type: 'delete', timeMs, session, requestId, path: readString(tuple[at]) }
    case txnCodes.check:
      readTuple(tuple, at + 1)
      return { type: 'check', timeMs, session, requestId, path: readString(tuple[at]) }
    default:
      return readRareTxn(tuple, timeMs, session, requestId)
  }
}

/** Everything but the four changes of one znode, which are nearly all there is. */
function readRareTxn(
  tuple: readonly unknown[],
  timeMs: number,
  session: SessionId,
  requestId: RequestId,
): Txn {
  const header = { timeMs, session, requestId }
  const at = headerFields
  switch (tuple[0]) {
    case txnCodes['set-acl']: {
      readTuple(tuple, at + 3)
      const path = readString(tuple[at])
      const acl = readAcl(tuple[at + 1])
      return { type: 'set-acl', ...header, path, acl, aversion: readInteger(tuple[at + 2]) }
    }
    case txnCodes.transaction:
      return { type: 'transaction', ...header, txns: readTreeTxns(readTuple(tuple, at + 1)[at]) }
    case txnCodes['create-with-parents']: {
      const txns = readTreeTxns(readTuple(tuple, at + 1)[at])
      return { type: 'create-with-parents', ...header, txns }
    }
    case txnCodes['delete-subtree']:
      return { type: 'delete-subtree', ...header, txns: readTreeTxns(readTuple(tuple, at + 1)[at]) }
    case txnCodes['create-session']: {
      readTuple(tuple, at + 3)
      const timeoutMs = readCount(tuple[at])
      const password = readBytes(tuple[at + 1])
      return {
        type: 'create-session',
        ...header,
        timeoutMs,
        password,
        host: readCount(tuple[at + 2]),
      }
    }
    case txnCodes['move-session']: {
      readTuple(tuple, at + 2)
      const moved = readSession(tuple[at])
      return { type: 'move-session', ...header, moved, host: readCount(tuple[at + 1]) }
    }
    case txnCodes['close-session']: {
      readTuple(tuple, at + 3)
      const closed = readSession(tuple[at])
      const reason = readCount(tuple[at + 1], 1) === 1 ? 'expired' : 'closed'
      const paths = readTuple(tuple[at + 2]).map(readString)
      return { type: 'close-session', ...header, closed, reason, paths }
    }
    case txnCodes.configure: {
      const configuration = readConfiguration(readTuple(tuple, at + 1)[at])
      return { type: 'configure', ...header, configuration }
    }
    case txnCodes.refuse: {
      readTuple(tuple, at + 4)
      const code = readErrorCode(tuple[at])
      const path = readString(tuple[at + 1])
      const operation = readCount(tuple[at + 2])
      return { type: 'refuse', ...header, code, path, operation, limit: readLimit(tuple[at + 3]) }
    }
    default:
      throw new TupleError('a txn of a type that this version does not know')
  }
}

function readTreeTxns(value: unknown): readonly TreeTxn[] {
  return readTuple(value).map(readTreeTxn)
}

function readTreeTxn(value: unknown): TreeTxn {
  const tuple = readTuple(value)
  const path = readString(tuple[1])
  switch (tuple[0]) {
    case txnCodes.create:
      readTuple(tuple, 7)
      return {
        type: 'create',
        path,
        data: readData(tuple[2]),
        ephemeralOwner: readSession(tuple[3]),
        reap: readReap(tuple[4]),
        parentCreateCount: readInteger(tuple[5]),
        acl: readAcl(tuple[6]),
      }
    case txnCodes.set:
      readTuple(tuple, 4)
      return { type: 'set', path, data: readData(tuple[2]), version: readInteger(tuple[3]) }
    case txnCodes.delete:
      readTuple(tuple, 2)
      return { type: 'delete', path }
    case txnCodes.check:
      readTuple(tuple, 2)
      return { type: 'check', path }
    case txnCodes['set-acl']: {
      readTuple(tuple, 4)
      return { type: 'set-acl', path, acl: readAcl(tuple[2]), aversion: readInteger(tuple[3]) }
    }
    default:
      throw new TupleError('a change of a znode of a type that this version does not know')
  }
}

function readSession(value: unknown): SessionId {
  return readCount(value) as SessionId
}

function readErrorCode(value: unknown): ErrorCode {
  const code = readString(value)
  if (!Object.hasOwn(errorCodes, code)) throw new TupleError(`a refusal with the code ${code}`)
  return code as ErrorCode
}

function readLimit(value: unknown): keyof Limits | null {
  if (value === null) return null
  const limit = readString(value)
  if (!Object.hasOwn(defaultLimits, limit)) throw new TupleError(`a refusal at a limit ${limit}`)
  return limit as keyof Limits
}
