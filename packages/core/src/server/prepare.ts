/**
 * Request to txn: the leader's judgement. Every request that a session may still make becomes exactly
 * one txn, the change or a refusal, judged against the tree and the sessions as they will be. What is
 * refused, and in which order the reasons are tried, is ZooKeeper's (docs/zookeeper-parity.md).
 *
 * Not here: creates, which are prepare-create.ts; whether there is room, which is room.ts; which
 * requests are judged, and when: leadership.ts and paginate.ts.
 *
 * Invariants: D4 a transaction changes all or nothing; D5 a refusal changes nothing; S3 a session's
 * end names every ephemeral it will own, in one txn (ZOOKEEPER-1367); D6 nothing goes by itself before
 * its time, nor with children.
 */
import { settleAcl } from '../access/acl.ts'
import { assert } from '../assert.ts'
import { noSession } from '../ids.ts'
import type { Limits } from '../limits.ts'
import { parentOf, pathFault } from '../tree/path.ts'
import { isReapable } from '../tree/reapables.ts'
import { isSystemPath } from '../tree/system-znodes.ts'
import type { Zxid } from '../zxid.ts'
import { Judging } from './judging.ts'
import type { OutstandingChanges, ZnodeOutlook } from './outstanding-changes.ts'
import { CreatePreparation } from './prepare-create.ts'
import {
  anyVersion,
  type CheckOperation,
  type DeleteOperation,
  type ForwardedRequest,
  type Operation,
  type Refusal,
  type SetAclOperation,
  type SetOperation,
  type TreeRequest,
} from './request.ts'
import type { SessionOutlook } from './session-outlooks.ts'
import { limitReachedBy, stepBytes, stepBytesOf, txnOverheadBytes } from './txn-bytes.ts'
import type { TreeTxn, Txn } from './txn.ts'

export class Preparation {
  readonly #judging: Judging
  readonly #creates: CreatePreparation

  constructor(changes: OutstandingChanges, limits: Limits) {
    this.#judging = new Judging(changes, limits)
    this.#creates = new CreatePreparation(this.#judging)
  }

  /** The txn that a request becomes at `zxid`. Changes the outlook accordingly. */
  prepare(
    session: SessionOutlook,
    { requestId, identities }: ForwardedRequest,
    request: TreeRequest,
    zxid: Zxid,
    timeMs: number,
  ): Txn {
    assert(!session.isClosing, 'S3: nothing is judged behind the end of a session')
    this.#judging.begin(zxid, timeMs, requestId, identities)
    switch (request.type) {
      case 'set':
        return this.#judging.answer(session, this.#set(request))
      case 'set-acl':
        return this.#judging.answer(session, this.#setAcl(request))
      case 'create':
        return request.parents
          ? this.#creates.createWithParents(session, request)
          : this.#judging.answer(session, this.#creates.create(session, request))
      case 'delete':
        return request.recursive
          ? this.#deleteSubtree(session, request)
          : this.#judging.answer(session, this.#delete(request))
      case 'transaction':
        return this.#transaction(session, request.operations)
      case 'close-session':
        return this.#close(session, 'closed', session)
    }
  }

  /** The txn that ends a session whose time is over. */
  expire(session: SessionOutlook, zxid: Zxid, timeMs: number): Txn {
    this.#judging.begin(zxid, timeMs)
    return this.#close(session, 'expired', null)
  }

  /**
   * The txn that deletes a znode whose time has come, or `null` when it may not go (D6). What an
   * outstanding txn changes is left for the next time.
   */
  reap(path: string, zxid: Zxid, timeMs: number): Txn | null {
    const znode = this.#judging.changes.settled(path)
    if (znode === undefined || !isReapable(znode, timeMs)) return null
    this.#judging.changes.delete(this.#judging.existing(path), this.#judging.parentOf(path), zxid)
    return { timeMs, session: noSession, requestId: 0, type: 'delete', path }
  }

  #set(operation: SetOperation): TreeTxn | Refusal {
    const { path, data } = operation
    const limit = limitReachedBy(this.#judging.limits, path, data)
    if (limit !== null) return this.#judging.refusal('LIMIT_EXCEEDED', path, limit)
    const znode = this.#judging.changes.look(path)
    if (znode === undefined) return this.#judging.absent(path)
    if (!this.#judging.may(znode, 'write')) return this.#judging.refusal('NO_AUTH', path)
    const bytes = (data?.byteLength ?? 0) - znode.dataLength
    const full = this.#judging.refuseRoom(path, { siblings: null, bytes })
    if (full !== null) return full
    if (operation.version !== anyVersion && operation.version !== znode.version) {
      return this.#judging.refusal('BAD_VERSION', path)
    }
    return {
      type: 'set',
      path,
      data,
      version: this.#judging.changes.set(znode, data, this.#judging.zxid),
    }
  }

  #setAcl(operation: SetAclOperation): TreeTxn | Refusal {
    const { path, version } = operation
    if (pathFault(path) !== null) return this.#judging.refusal('BAD_ARGUMENT', path)
    const acl = settleAcl(operation.acl, this.#judging.identities)
    if (acl === undefined) return this.#judging.refusal('INVALID_ACL', path)
    if (txnOverheadBytes + stepBytes(path, null, acl) > this.#judging.limits.maxTxnBytes) {
      return this.#judging.refusal('LIMIT_EXCEEDED', path, 'maxTxnBytes')
    }
    const znode = this.#judging.changes.look(path)
    if (znode === undefined) return this.#judging.refusal('NO_NODE', path)
    if (!this.#judging.may(znode, 'admin')) return this.#judging.refusal('NO_AUTH', path)
    if (version !== anyVersion && version !== znode.aversion) {
      return this.#judging.refusal('BAD_VERSION', path)
    }
    return {
      type: 'set-acl',
      path,
      acl,
      aversion: this.#judging.changes.setAcl(znode, acl, this.#judging.zxid),
    }
  }

  #check(operation: CheckOperation): TreeTxn | Refusal {
    const { path, version } = operation
    const znode = this.#judging.changes.look(path)
    if (znode === undefined) return this.#judging.absent(path)
    if (!this.#judging.may(znode, 'read')) return this.#judging.refusal('NO_AUTH', path)
    if (version !== anyVersion && version !== znode.version) {
      return this.#judging.refusal('BAD_VERSION', path)
    }
    return { type: 'check', path }
  }

  #delete(operation: DeleteOperation): TreeTxn | Refusal {
    const { path } = operation
    const znode = this.#deletable(operation)
    if ('code' in znode) return znode
    if (znode.childCount > 0) return this.#judging.refusal('NOT_EMPTY', path)
    this.#judging.changes.delete(znode, this.#judging.parentOf(path), this.#judging.zxid)
    return { type: 'delete', path }
  }

  #deleteSubtree(session: SessionOutlook, operation: DeleteOperation): Txn {
    const root = this.#deletable(operation)
    if ('code' in root) return this.#judging.answer(session, root)
    if (root.childCount === 0) return this.#judging.answer(session, this.#delete(operation))
    const { path } = operation
    const paths = this.#judging.changes.subtreeOf(
      path,
      this.#judging.limits.maxTxnBytes - txnOverheadBytes,
    )
    if (paths === null) {
      return this.#judging.answer(
        session,
        this.#judging.refusal('LIMIT_EXCEEDED', path, 'maxTxnBytes'),
      )
    }
    if (!paths.every((path) => this.#judging.may(this.#judging.parentOf(path), 'delete'))) {
      return this.#judging.answer(session, this.#judging.refusal('NO_AUTH', path))
    }
    const txns = paths.map((one): TreeTxn => {
      this.#judging.changes.delete(
        this.#judging.existing(one),
        this.#judging.parentOf(one),
        this.#judging.zxid,
      )
      return { type: 'delete', path: one }
    })
    return this.#judging.composed(session, 'delete-subtree', txns)
  }

  #transaction(session: SessionOutlook, operations: readonly Operation[]): Txn {
    if (operations.length > this.#judging.limits.maxOperations) {
      return this.#judging.answer(
        session,
        this.#judging.refusal('LIMIT_EXCEEDED', '', 'maxOperations'),
      )
    }
    this.#judging.changes.begin()
    const txns: TreeTxn[] = []
    let bytes = txnOverheadBytes
    for (const operation of operations) {
      let outcome = this.#operate(session, operation)
      if (!('code' in outcome)) {
        bytes += stepBytesOf(outcome)
        if (bytes > this.#judging.limits.maxTxnBytes) {
          outcome = this.#judging.refusal('LIMIT_EXCEEDED', operation.path, 'maxTxnBytes')
        }
      }
      if ('code' in outcome) {
        this.#judging.changes.takeBack()
        return this.#judging.answer(session, { ...outcome, operation: txns.length })
      }
      txns.push(outcome)
    }
    this.#judging.changes.keep()
    return this.#judging.composed(session, 'transaction', txns)
  }

  #operate(session: SessionOutlook, operation: Operation): TreeTxn | Refusal {
    switch (operation.type) {
      case 'create':
        return this.#creates.create(session, operation)
      case 'set':
        return this.#set(operation)
      case 'delete':
        return this.#delete(operation)
      case 'check':
        return this.#check(operation)
    }
  }

  #close(closed: SessionOutlook, reason: 'closed' | 'expired', asker: SessionOutlook | null): Txn {
    const paths = this.#judging.changes.ephemeralsOf(closed)
    for (const path of paths) {
      this.#judging.changes.delete(
        this.#judging.existing(path),
        this.#judging.parentOf(path),
        this.#judging.zxid,
      )
    }
    closed.isClosing = true
    return {
      timeMs: this.#judging.timeMs,
      session: asker?.id ?? noSession,
      requestId: this.#judging.requestId,
      type: 'close-session',
      closed: closed.id,
      reason,
      paths,
    }
  }

  /** The znode that an unconditional or a fitting delete finds, or why it is none. */
  #deletable({ path, version }: DeleteOperation): ZnodeOutlook | Refusal {
    if (isSystemPath(path) || !path.includes('/') || path.includes('\0')) {
      return this.#judging.refusal('BAD_ARGUMENT', path)
    }
    const parent = this.#judging.changes.look(parentOf(path))
    if (parent !== undefined && !this.#judging.may(parent, 'delete')) {
      return this.#judging.refusal('NO_AUTH', path)
    }
    const znode = this.#judging.changes.look(path)
    if (znode === undefined) return this.#judging.refusal('NO_NODE', path)
    return version === anyVersion || version === znode.version
      ? znode
      : this.#judging.refusal('BAD_VERSION', path)
  }
}
