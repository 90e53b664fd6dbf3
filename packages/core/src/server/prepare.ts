/**
 * Request to txn: the leader's judgement. Every request that a session may still make becomes exactly
 * one txn, the change or a refusal, judged against the tree and the sessions as they will be. What is
 * refused, and in which order the reasons are tried, is ZooKeeper's (docs/zookeeper-parity.md).
 *
 * Not here: which requests are judged, and when: leadership.ts and paginate.ts.
 *
 * Invariants: D4 a transaction changes all or nothing; D5 a refusal changes nothing; Q1 a sequential
 * name comes from the parent's count of creates as it will be; S3 a session's end names every
 * ephemeral it will own, in one txn that is sure to fit (ZOOKEEPER-1367, ZOOKEEPER-4306); D6 nothing
 * goes by itself before its time, nor with children.
 */
import {
  isAllowed,
  permissions,
  settleAcl,
  type Acl,
  type Identity,
  type Permission,
} from '../access/acl.ts'
import { assert } from '../assert.ts'
import type { ErrorCode } from '../errors.ts'
import { noSession, type RequestId } from '../ids.ts'
import type { Limits } from '../limits.ts'
import { parentOf, pathFault, sequentialName } from '../tree/path.ts'
import { isMode, isReapable, neverReaped, reapOf } from '../tree/reapables.ts'
import { isSystemPath } from '../tree/system-znodes.ts'
import type { Zxid } from '../zxid.ts'
import type { OutstandingChanges, ZnodeOutlook } from './outstanding-changes.ts'
import {
  anyVersion,
  type CheckOperation,
  type CreateOperation,
  type DeleteOperation,
  type ForwardedRequest,
  type Operation,
  type Refusal,
  type SetAclOperation,
  type SetOperation,
  type TreeRequest,
} from './request.ts'
import type { SessionOutlook } from './session-outlooks.ts'
import { endLimit, limitReachedBy, stepBytes, stepBytesOf, txnOverheadBytes } from './txn-bytes.ts'
import { txnOf } from './txn-of.ts'
import type { TreeTxn, Txn } from './txn.ts'

type CreateTxn = TreeTxn & { readonly type: 'create' }
type Composed = 'transaction' | 'create-with-parents' | 'delete-subtree'

export class Preparation {
  readonly #changes: OutstandingChanges
  readonly #limits: Limits
  /** The txn under way: its place, its time, and who asked. */
  #zxid = 0 as Zxid
  #timeMs = 0
  #requestId: RequestId = 0
  #identities: readonly Identity[] = []

  constructor(changes: OutstandingChanges, limits: Limits) {
    this.#changes = changes
    this.#limits = limits
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
    this.#zxid = zxid
    this.#timeMs = timeMs
    this.#requestId = requestId
    this.#identities = identities
    switch (request.type) {
      case 'set':
        return this.#answer(session, this.#set(request))
      case 'set-acl':
        return this.#answer(session, this.#setAcl(request))
      case 'create':
        return request.parents
          ? this.#createWithParents(session, request)
          : this.#answer(session, this.#create(session, request))
      case 'delete':
        return request.recursive
          ? this.#deleteSubtree(session, request)
          : this.#answer(session, this.#delete(request))
      case 'transaction':
        return this.#transaction(session, request.operations)
      case 'close-session':
        return this.#close(session, 'closed', session)
    }
  }

  /** The txn that ends a session whose time is over. */
  expire(session: SessionOutlook, zxid: Zxid, timeMs: number): Txn {
    this.#zxid = zxid
    this.#timeMs = timeMs
    this.#requestId = 0
    return this.#close(session, 'expired', null)
  }

  /**
   * The txn that deletes a znode whose time has come, or `null` when it may not go (D6). What an
   * outstanding txn changes is left for the next time.
   */
  reap(path: string, zxid: Zxid, timeMs: number): Txn | null {
    const znode = this.#changes.settled(path)
    if (znode === undefined || !isReapable(znode, timeMs)) return null
    this.#changes.delete(this.#existing(path), this.#parentOf(path), zxid)
    return { timeMs, session: noSession, requestId: 0, type: 'delete', path }
  }

  #set(operation: SetOperation): TreeTxn | Refusal {
    const { path, data } = operation
    const limit = limitReachedBy(this.#limits, path, data)
    if (limit !== null) return this.#refusal('LIMIT_EXCEEDED', path, limit)
    const znode = this.#changes.look(path)
    if (znode === undefined) return this.#absent(path)
    if (!this.#may(znode, 'write')) return this.#refusal('NO_AUTH', path)
    if (operation.version !== anyVersion && operation.version !== znode.version) {
      return this.#refusal('BAD_VERSION', path)
    }
    return { type: 'set', path, data, version: this.#changes.set(znode, this.#zxid) }
  }

  #setAcl(operation: SetAclOperation): TreeTxn | Refusal {
    const { path, version } = operation
    if (pathFault(path) !== null) return this.#refusal('BAD_ARGUMENT', path)
    const acl = settleAcl(operation.acl, this.#identities)
    if (acl === undefined) return this.#refusal('INVALID_ACL', path)
    if (txnOverheadBytes + stepBytes(path, null, acl) > this.#limits.maxTxnBytes) {
      return this.#refusal('LIMIT_EXCEEDED', path, 'maxTxnBytes')
    }
    const znode = this.#changes.look(path)
    if (znode === undefined) return this.#refusal('NO_NODE', path)
    if (!this.#may(znode, 'admin')) return this.#refusal('NO_AUTH', path)
    if (version !== anyVersion && version !== znode.aversion) {
      return this.#refusal('BAD_VERSION', path)
    }
    return { type: 'set-acl', path, acl, aversion: this.#changes.setAcl(znode, acl, this.#zxid) }
  }

  #check(operation: CheckOperation): TreeTxn | Refusal {
    const { path, version } = operation
    const znode = this.#changes.look(path)
    if (znode === undefined) return this.#absent(path)
    if (!this.#may(znode, 'read')) return this.#refusal('NO_AUTH', path)
    if (version !== anyVersion && version !== znode.version) {
      return this.#refusal('BAD_VERSION', path)
    }
    return { type: 'check', path }
  }

  #delete(operation: DeleteOperation): TreeTxn | Refusal {
    const { path } = operation
    const znode = this.#deletable(operation)
    if ('code' in znode) return znode
    if (znode.childCount > 0) return this.#refusal('NOT_EMPTY', path)
    this.#changes.delete(znode, this.#parentOf(path), this.#zxid)
    return { type: 'delete', path }
  }

  #create(session: SessionOutlook, operation: CreateOperation): TreeTxn | Refusal {
    if (!isMode(operation.mode)) return this.#refusal('BAD_ARGUMENT', operation.path)
    const limit = limitReachedBy(this.#limits, operation.path, operation.data, operation.acl)
    if (limit !== null) return this.#refusal('LIMIT_EXCEEDED', operation.path, limit)
    const end = operation.path.lastIndexOf('/')
    if (end < 0 || operation.path.includes('\0')) {
      return this.#refusal('BAD_ARGUMENT', operation.path)
    }
    const acl = settleAcl(operation.acl, this.#identities)
    if (acl === undefined) return this.#refusal('INVALID_ACL', operation.path)
    const parent = this.#changes.look(end === 0 ? '/' : operation.path.slice(0, end))
    if (parent === undefined) return this.#refusal('NO_NODE', operation.path)
    if (!this.#may(parent, 'create')) return this.#refusal('NO_AUTH', operation.path)
    const path = operation.sequential
      ? sequentialName(operation.path, parent.createCount)
      : operation.path
    const refusal = this.#refuseName(path) ?? this.#refuseOwner(session, operation, path, parent)
    return refusal ?? this.#created(session, operation, path, acl, parent)
  }

  /** Missing ancestors first. A plain create when none is missing, as it then is one. */
  #createWithParents(session: SessionOutlook, operation: CreateOperation): Txn {
    const end = operation.path.lastIndexOf('/')
    const parent =
      end < 0 ? undefined : this.#changes.look(end === 0 ? '/' : operation.path.slice(0, end))
    if (parent !== undefined) return this.#answer(session, this.#create(session, operation))

    if (!isMode(operation.mode)) {
      return this.#answer(session, this.#refusal('BAD_ARGUMENT', operation.path))
    }
    const path = operation.sequential ? sequentialName(operation.path, 0) : operation.path
    const limit = limitReachedBy(this.#limits, operation.path, operation.data, operation.acl)
    if (limit !== null) {
      return this.#answer(session, this.#refusal('LIMIT_EXCEEDED', operation.path, limit))
    }
    const misnamed = this.#refuseName(path)
    if (misnamed !== null) return this.#answer(session, misnamed)
    const acl = settleAcl(operation.acl, this.#identities)
    if (acl === undefined) return this.#answer(session, this.#refusal('INVALID_ACL', path))

    const { missing, ...found } = this.#changes.above(path)
    let ancestor = found.ancestor
    const bytes = missing.reduce(
      (sum, above) => sum + stepBytes(above, null, acl),
      txnOverheadBytes + stepBytes(path, operation.data, acl),
    )
    if (!this.#may(ancestor, 'create')) {
      return this.#answer(session, this.#refusal('NO_AUTH', path))
    }
    const refusal = this.#refuseOwner(session, operation, path, ancestor)
    if (refusal !== null) return this.#answer(session, refusal)
    if (bytes > this.#limits.maxTxnBytes) {
      return this.#answer(session, this.#refusal('LIMIT_EXCEEDED', path, 'maxTxnBytes'))
    }

    const txns: TreeTxn[] = []
    for (const one of missing) {
      const parentCreateCount = this.#changes.create(one, ancestor, null, acl, this.#zxid)
      txns.push({
        type: 'create',
        path: one,
        data: null,
        ephemeralOwner: noSession,
        reap: neverReaped,
        parentCreateCount,
        acl,
      })
      ancestor = this.#existing(one)
    }
    txns.push(this.#created(session, operation, path, acl, ancestor))
    return this.#composed(session, 'create-with-parents', txns)
  }

  #deleteSubtree(session: SessionOutlook, operation: DeleteOperation): Txn {
    const root = this.#deletable(operation)
    if ('code' in root) return this.#answer(session, root)
    if (root.childCount === 0) return this.#answer(session, this.#delete(operation))
    const { path } = operation
    const paths = this.#changes.subtreeOf(path, this.#limits.maxTxnBytes - txnOverheadBytes)
    if (paths === null) {
      return this.#answer(session, this.#refusal('LIMIT_EXCEEDED', path, 'maxTxnBytes'))
    }
    if (!paths.every((path) => this.#may(this.#parentOf(path), 'delete'))) {
      return this.#answer(session, this.#refusal('NO_AUTH', path))
    }
    const txns = paths.map((one): TreeTxn => {
      this.#changes.delete(this.#existing(one), this.#parentOf(one), this.#zxid)
      return { type: 'delete', path: one }
    })
    return this.#composed(session, 'delete-subtree', txns)
  }

  #transaction(session: SessionOutlook, operations: readonly Operation[]): Txn {
    if (operations.length > this.#limits.maxOperations) {
      return this.#answer(session, this.#refusal('LIMIT_EXCEEDED', '', 'maxOperations'))
    }
    this.#changes.begin()
    const txns: TreeTxn[] = []
    let bytes = txnOverheadBytes
    for (const operation of operations) {
      let outcome = this.#operate(session, operation)
      if (!('code' in outcome)) {
        bytes += stepBytesOf(outcome)
        if (bytes > this.#limits.maxTxnBytes) {
          outcome = this.#refusal('LIMIT_EXCEEDED', operation.path, 'maxTxnBytes')
        }
      }
      if ('code' in outcome) {
        this.#changes.takeBack()
        return this.#answer(session, { ...outcome, operation: txns.length })
      }
      txns.push(outcome)
    }
    this.#changes.keep()
    return this.#composed(session, 'transaction', txns)
  }

  #operate(session: SessionOutlook, operation: Operation): TreeTxn | Refusal {
    switch (operation.type) {
      case 'create':
        return this.#create(session, operation)
      case 'set':
        return this.#set(operation)
      case 'delete':
        return this.#delete(operation)
      case 'check':
        return this.#check(operation)
    }
  }

  #close(closed: SessionOutlook, reason: 'closed' | 'expired', asker: SessionOutlook | null): Txn {
    const paths = this.#changes.ephemeralsOf(closed)
    for (const path of paths) {
      this.#changes.delete(this.#existing(path), this.#parentOf(path), this.#zxid)
    }
    closed.isClosing = true
    return {
      timeMs: this.#timeMs,
      session: asker?.id ?? noSession,
      requestId: this.#requestId,
      type: 'close-session',
      closed: closed.id,
      reason,
      paths,
    }
  }

  #created(
    session: SessionOutlook,
    operation: CreateOperation,
    path: string,
    acl: Acl,
    parent: ZnodeOutlook,
  ): CreateTxn {
    const owner = operation.mode === 'ephemeral' ? session : null
    const parentCreateCount = this.#changes.create(path, parent, owner, acl, this.#zxid)
    const { data } = operation
    const ephemeralOwner = owner?.id ?? noSession
    const reap = reapOf(operation.mode)
    return { type: 'create', path, data, ephemeralOwner, reap, parentCreateCount, acl }
  }

  /** Why no znode can be created by this name: it is none, it is too long, or it is taken. */
  #refuseName(path: string): Refusal | null {
    if (pathFault(path) !== null) return this.#refusal('BAD_ARGUMENT', path)
    if (path.length > this.#limits.maxPathLength) {
      return this.#refusal('LIMIT_EXCEEDED', path, 'maxPathLength')
    }
    return this.#changes.look(path) === undefined ? null : this.#refusal('NODE_EXISTS', path)
  }

  /** Why the znode cannot belong where, or to whom, it is to belong. */
  #refuseOwner(
    session: SessionOutlook,
    { mode }: CreateOperation,
    path: string,
    parent: ZnodeOutlook,
  ): Refusal | null {
    if (parent.ephemeralOwner !== noSession) {
      return this.#refusal('NO_CHILDREN_FOR_EPHEMERALS', path)
    }
    if (mode !== 'ephemeral') return null
    const limit = endLimit(this.#limits, session, path)
    return limit === null ? null : this.#refusal('LIMIT_EXCEEDED', path, limit)
  }

  /** The znode that an unconditional or a fitting delete finds, or why it is none. */
  #deletable({ path, version }: DeleteOperation): ZnodeOutlook | Refusal {
    if (isSystemPath(path) || !path.includes('/') || path.includes('\0')) {
      return this.#refusal('BAD_ARGUMENT', path)
    }
    const parent = this.#changes.look(parentOf(path))
    if (parent !== undefined && !this.#may(parent, 'delete')) {
      return this.#refusal('NO_AUTH', path)
    }
    const znode = this.#changes.look(path)
    if (znode === undefined) return this.#refusal('NO_NODE', path)
    return version === anyVersion || version === znode.version
      ? znode
      : this.#refusal('BAD_VERSION', path)
  }

  #may(znode: ZnodeOutlook, wanted: Permission): boolean {
    return isAllowed(znode.acl, permissions[wanted], this.#identities)
  }

  #absent(path: string): Refusal {
    return this.#refusal(pathFault(path) === null ? 'NO_NODE' : 'BAD_ARGUMENT', path)
  }

  /** What was looked at a moment ago, or follows from it. */
  #existing(path: string): ZnodeOutlook {
    const znode = this.#changes.look(path)
    assert(znode !== undefined, 'D5: the outlook holds together')
    return znode
  }

  #parentOf(path: string): ZnodeOutlook {
    return this.#existing(parentOf(path))
  }

  #refusal(code: ErrorCode, path: string, limit: keyof Limits | null = null): Refusal {
    // A refusal is a txn too: what was too long for a request is cut.
    return { code, path: path.slice(0, this.#limits.maxPathLength), operation: 0, limit }
  }

  #composed(session: SessionOutlook, type: Composed, txns: readonly TreeTxn[]): Txn {
    return { timeMs: this.#timeMs, session: session.id, requestId: this.#requestId, type, txns }
  }

  #answer(asker: SessionOutlook, outcome: TreeTxn | Refusal): Txn {
    return txnOf(this.#timeMs, asker.id, this.#requestId, outcome)
  }
}
