/** Of a txn what the model has no right to predict, and nothing else: see model/model.ts. */
import type { Txn } from '@conclave/core/internal'
import type { Decided } from './model/model.ts'

export function decidedBy(txn: Txn, zxid: number): Decided {
  const { timeMs } = txn
  return { zxid, timeMs, what: whatOf(txn), order: orderOf(txn) }
}

function whatOf(txn: Txn): Decided['what'] {
  const { session, requestId } = txn
  if (requestId !== 0) return { type: 'request', session, requestId }
  switch (txn.type) {
    case 'create-session':
      return { type: 'open', password: txn.password.join() }
    case 'close-session':
      return { type: 'expire', session: txn.closed }
    case 'delete':
      return { type: 'reap', path: txn.path }
    case 'configure':
      return { type: 'configure' }
    default:
      throw new Error(`nobody asked for a ${txn.type}`)
  }
}

function orderOf(txn: Txn): readonly string[] {
  if (txn.type === 'close-session') return txn.paths
  return txn.type === 'delete-subtree' ? txn.txns.map(({ path }) => path) : []
}
