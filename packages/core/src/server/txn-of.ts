/** The txn that a request came to, alone in it: a change of one znode, or the refusal. */
import type { RequestId, SessionId } from '../ids.ts'
import type { Refusal } from './request.ts'
import type { TreeTxn, Txn } from './txn.ts'

/** Spelled out, not spread: this is every write's path. */
export function txnOf(
  timeMs: number,
  session: SessionId,
  requestId: RequestId,
  outcome: TreeTxn | Refusal,
): Txn {
  if ('code' in outcome) return { timeMs, session, requestId, type: 'refuse', ...outcome }
  const { type, path } = outcome
  switch (type) {
    case 'set': {
      const { data, version } = outcome
      return { timeMs, session, requestId, type, path, data, version }
    }
    case 'create': {
      const { data, ephemeralOwner, reap, parentCreateCount, acl } = outcome
      return {
        timeMs,
        session,
        requestId,
        type,
        path,
        data,
        ephemeralOwner,
        reap,
        parentCreateCount,
        acl,
      }
    }
    case 'set-acl': {
      const { acl, aversion } = outcome
      return { timeMs, session, requestId, type, path, acl, aversion }
    }
    case 'delete':
    case 'check':
      return { timeMs, session, requestId, type, path }
  }
}
