/**
 * How large requests and txns are, estimated before anything is packed: for the limits that bound
 * them and for where a page closes. A path counts its UTF-16 units, which is what it packs to unless
 * it leaves ASCII; numbers and tags count a flat sum, which is more than they pack to.
 */
import type { AclEntry } from '../access/acl.ts'
import type { Member } from '../ensemble/configuration.ts'
import type { Limits } from '../limits.ts'
import type { Operation, WriteRequest } from './request.ts'
import type { TreeTxn, Txn } from './txn.ts'

/** What a txn weighs beside its paths and data: header, tag, numbers. */
export const txnOverheadBytes = 48
/** What each change within a txn weighs beside its path and data. */
export const stepOverheadBytes = 24
/** What an entry of an ACL weighs beside its scheme and its id. */
const entryOverheadBytes = 8

/** What one change with this path, data and ACL adds to a txn. */
export function stepBytes(
  path: string,
  data: Uint8Array | null,
  acl: readonly AclEntry[] | null = null,
): number {
  const bytes = stepOverheadBytes + path.length + (data === null ? 0 : data.byteLength)
  return acl === null ? bytes : bytes + aclBytes(acl)
}

function aclBytes(acl: readonly AclEntry[]): number {
  let bytes = 0
  for (const { scheme, id } of acl) bytes += entryOverheadBytes + scheme.length + id.length
  return bytes
}

/** The bound that one change with this path, data and ACL goes beyond, `null` when it goes beyond none. */
export function limitReachedBy(
  limits: Limits,
  path: string,
  data: Uint8Array | null,
  acl: readonly AclEntry[] | null = null,
): keyof Limits | null {
  if ((data?.byteLength ?? 0) > limits.maxDataBytes) return 'maxDataBytes'
  const bytes = txnOverheadBytes + stepBytes(path, data, acl)
  return bytes > limits.maxTxnBytes ? 'maxTxnBytes' : null
}

/**
 * The bound that one more ephemeral znode would have the session's end go beyond: that is one txn, and
 * must fit, however many and however long its paths are.
 */
export function endLimit(
  limits: Limits,
  session: { readonly ephemeralCount: number; readonly ephemeralBytes: number },
  path: string,
): keyof Limits | null {
  if (session.ephemeralCount >= limits.maxSessionEphemerals) return 'maxSessionEphemerals'
  const bytes = txnOverheadBytes + session.ephemeralBytes + stepBytes(path, null)
  return bytes > limits.maxTxnBytes ? 'maxTxnBytes' : null
}

/** What a request weighs while it waits. Whatever its txn weighs is judged when that is made. */
export function requestBytes(request: WriteRequest): number {
  switch (request.type) {
    case 'create':
      return txnOverheadBytes + stepBytes(request.path, request.data, request.acl)
    case 'set':
      return txnOverheadBytes + stepBytes(request.path, request.data)
    case 'set-acl':
      return txnOverheadBytes + stepBytes(request.path, null, request.acl)
    case 'delete':
      return txnOverheadBytes + stepBytes(request.path, null)
    case 'transaction': {
      let bytes = txnOverheadBytes
      for (const operation of request.operations) {
        bytes += stepBytesOf(operation)
      }
      return bytes
    }
    case 'close-session':
      return txnOverheadBytes
    case 'reconfigure':
      return txnOverheadBytes + membersBytes(request.members)
  }
}

/** What a txn weighs in a page. */
export function txnBytes(txn: Txn): number {
  switch (txn.type) {
    case 'create':
    case 'set':
    case 'set-acl':
      return txnOverheadBytes + stepBytesOf(txn)
    case 'delete':
    case 'check':
    case 'refuse':
      return txnOverheadBytes + stepBytes(txn.path, null)
    case 'transaction':
    case 'create-with-parents':
    case 'delete-subtree':
      return txnOverheadBytes + stepsBytes(txn.txns)
    case 'close-session':
      return txnOverheadBytes + pathsBytes(txn.paths)
    case 'create-session':
      return txnOverheadBytes + txn.password.byteLength
    case 'move-session':
      return txnOverheadBytes
    case 'configure':
      return txnOverheadBytes + membersBytes(txn.configuration.members)
  }
}

function stepsBytes(txns: readonly TreeTxn[]): number {
  let bytes = 0
  for (const txn of txns) bytes += stepBytesOf(txn)
  return bytes
}

function membersBytes(members: readonly Member[]): number {
  let bytes = 0
  for (const { address } of members) bytes += stepBytes(address?.host ?? '', null)
  return bytes
}

/** What a change, or the operation that asks for it, adds to a txn. */
export function stepBytesOf(step: TreeTxn | Operation): number {
  const data = 'data' in step ? step.data : null
  return stepBytes(step.path, data, 'acl' in step ? step.acl : null)
}

function pathsBytes(paths: Iterable<string>): number {
  let bytes = 0
  for (const path of paths) bytes += stepBytes(path, null)
  return bytes
}
