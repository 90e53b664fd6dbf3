/**
 * What every judgement of a request has at hand: the tree as it will be, the bounds, and the txn under
 * way, with its place, its time, and who asked. What each operation comes to is prepare.ts and
 * prepare-create.ts.
 */
import { isAllowed, permissions, type Identity, type Permission } from '../access/acl.ts'
import { assert } from '../assert.ts'
import type { ErrorCode } from '../errors.ts'
import type { RequestId } from '../ids.ts'
import type { Limits } from '../limits.ts'
import { parentOf, pathFault } from '../tree/path.ts'
import type { Zxid } from '../zxid.ts'
import type { OutstandingChanges, ZnodeOutlook } from './outstanding-changes.ts'
import type { Refusal } from './request.ts'
import { lackOfRoom, type Growth } from './room.ts'
import type { SessionOutlook } from './session-outlooks.ts'
import { txnOf } from './txn-of.ts'
import type { TreeTxn, Txn } from './txn.ts'

export type Composed = 'transaction' | 'create-with-parents' | 'delete-subtree'

const nobody: readonly Identity[] = []

export class Judging {
  readonly changes: OutstandingChanges
  readonly limits: Limits
  zxid = 0 as Zxid
  timeMs = 0
  requestId: RequestId = 0
  identities: readonly Identity[] = nobody

  constructor(changes: OutstandingChanges, limits: Limits) {
    this.changes = changes
    this.limits = limits
  }

  /** Another txn is under way; without a request, the ensemble makes it on its own account. */
  begin(zxid: Zxid, timeMs: number, requestId: RequestId = 0, identities = nobody): void {
    this.zxid = zxid
    this.timeMs = timeMs
    this.requestId = requestId
    this.identities = identities
  }

  may(znode: ZnodeOutlook, wanted: Permission): boolean {
    return isAllowed(znode.acl, permissions[wanted], this.identities)
  }

  /** What was looked at a moment ago, or follows from it. */
  existing(path: string): ZnodeOutlook {
    const znode = this.changes.look(path)
    assert(znode !== undefined, 'D5: the outlook holds together')
    return znode
  }

  parentOf(path: string): ZnodeOutlook {
    return this.existing(parentOf(path))
  }

  refusal(code: ErrorCode, path: string, limit: keyof Limits | null = null): Refusal {
    // A refusal is a txn too: what was too long for a request is cut.
    return { code, path: path.slice(0, this.limits.maxPathLength), operation: 0, limit }
  }

  /** Why nothing is where something must be: the path is none, or there is no znode. */
  absent(path: string): Refusal {
    return this.refusal(pathFault(path) === null ? 'NO_NODE' : 'BAD_ARGUMENT', path)
  }

  /** Why the tree cannot grow by so much at this path, `null` when it can. */
  refuseRoom(path: string, growth: Growth): Refusal | null {
    const lack = lackOfRoom(this.changes, this.limits, path, growth)
    return lack === null ? null : this.refusal(lack.code, path, lack.limit)
  }

  composed(session: SessionOutlook, type: Composed, txns: readonly TreeTxn[]): Txn {
    return { timeMs: this.timeMs, session: session.id, requestId: this.requestId, type, txns }
  }

  answer(asker: SessionOutlook, outcome: TreeTxn | Refusal): Txn {
    return txnOf(this.timeMs, asker.id, this.requestId, outcome)
  }
}
