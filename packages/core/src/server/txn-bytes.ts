/**
 * How large requests and txns are, estimated before anything is packed: for the limits that bound
 * them and for where a page closes. A path counts its UTF-16 units, which is what it packs to unless
 * it leaves ASCII; numbers and tags count a flat sum, which is more than they pack to.
 */
import type { Member } from '../ensemble/configuration.ts'
import type { WriteRequest } from './request.ts'
import type { TreeTxn, Txn } from './txn.ts'

/** What a txn weighs beside its paths and data: header, tag, numbers. */
export const txnOverheadBytes = 48
/** What each change within a txn weighs beside its path and data. */
export const stepOverheadBytes = 24

/** What one change with this path and data adds to a txn. */
export function stepBytes(path: string, data: Uint8Array | null): number {
  return stepOverheadBytes + path.length + (data === null ? 0 : data.byteLength)
}

/** What a request weighs while it waits. Whatever its txn weighs is judged when that is made. */
export function requestBytes(request: WriteRequest): number {
  switch (request.type) {
    case 'create':
    case 'set':
      return txnOverheadBytes + stepBytes(request.path, request.data)
    case 'delete':
      return txnOverheadBytes + stepBytes(request.path, null)
    case 'transaction': {
      let bytes = txnOverheadBytes
      for (const operation of request.operations) {
        bytes += stepBytes(operation.path, 'data' in operation ? operation.data : null)
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
      return txnOverheadBytes + stepBytes(txn.path, txn.data)
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
  for (const txn of txns) bytes += stepBytes(txn.path, 'data' in txn ? txn.data : null)
  return bytes
}

function membersBytes(members: readonly Member[]): number {
  let bytes = 0
  for (const { address } of members) bytes += stepBytes(address?.host ?? '', null)
  return bytes
}

function pathsBytes(paths: Iterable<string>): number {
  let bytes = 0
  for (const path of paths) bytes += stepBytes(path, null)
  return bytes
}
