/**
 * Creates, judged: of every mode, sequential or not, with the parents that are missing or without.
 * What is refused, and in which order the reasons are tried, is ZooKeeper's (docs/zookeeper-parity.md).
 *
 * Invariants: D4 parents are created with what is below them, or not at all; Q1 a sequential name
 * comes from the parent's count of creates as it will be; S3 an ephemeral with which the end of its
 * session would not fit a txn is refused (ZOOKEEPER-4306).
 */
import { settleAcl, type Acl } from '../access/acl.ts'
import { noSession } from '../ids.ts'
import { pathFault, sequentialName } from '../tree/path.ts'
import { isMode, reapOf } from '../tree/reapables.ts'
import type { Judging } from './judging.ts'
import type { ZnodeOutlook } from './outstanding-changes.ts'
import type { CreateOperation, Refusal } from './request.ts'
import type { SessionOutlook } from './session-outlooks.ts'
import { endLimit, limitReachedBy, stepBytes, txnOverheadBytes } from './txn-bytes.ts'
import type { TreeTxn, Txn } from './txn.ts'

type CreateTxn = TreeTxn & { readonly type: 'create' }
/** What a new znode is to be like. */
type Shape = Pick<CreateOperation, 'data' | 'mode'>

export class CreatePreparation {
  readonly #judging: Judging

  constructor(judging: Judging) {
    this.#judging = judging
  }

  create(session: SessionOutlook, operation: CreateOperation): TreeTxn | Refusal {
    if (!isMode(operation.mode)) return this.#judging.refusal('BAD_ARGUMENT', operation.path)
    const limit = limitReachedBy(
      this.#judging.limits,
      operation.path,
      operation.data,
      operation.acl,
    )
    if (limit !== null) return this.#judging.refusal('LIMIT_EXCEEDED', operation.path, limit)
    const end = operation.path.lastIndexOf('/')
    if (end < 0 || operation.path.includes('\0')) {
      return this.#judging.refusal('BAD_ARGUMENT', operation.path)
    }
    const acl = settleAcl(operation.acl, this.#judging.identities)
    if (acl === undefined) return this.#judging.refusal('INVALID_ACL', operation.path)
    const parent = this.#judging.changes.look(end === 0 ? '/' : operation.path.slice(0, end))
    if (parent === undefined) return this.#judging.refusal('NO_NODE', operation.path)
    if (!this.#judging.may(parent, 'create'))
      return this.#judging.refusal('NO_AUTH', operation.path)
    const path = operation.sequential
      ? sequentialName(operation.path, parent.createCount)
      : operation.path
    const refusal =
      this.#refuseName(path) ??
      this.#refuseOwner(session, operation, path, parent) ??
      this.#refuseRoom(operation, path, parent)
    return refusal ?? this.#created(session, operation, path, acl, parent)
  }

  /** Missing ancestors first. A plain create when none is missing, as it then is one. */
  createWithParents(session: SessionOutlook, operation: CreateOperation): Txn {
    const end = operation.path.lastIndexOf('/')
    const parent =
      end < 0
        ? undefined
        : this.#judging.changes.look(end === 0 ? '/' : operation.path.slice(0, end))
    if (parent !== undefined) return this.#judging.answer(session, this.create(session, operation))

    if (!isMode(operation.mode)) {
      return this.#judging.answer(session, this.#judging.refusal('BAD_ARGUMENT', operation.path))
    }
    const path = operation.sequential ? sequentialName(operation.path, 0) : operation.path
    const limit = limitReachedBy(
      this.#judging.limits,
      operation.path,
      operation.data,
      operation.acl,
    )
    if (limit !== null) {
      return this.#judging.answer(
        session,
        this.#judging.refusal('LIMIT_EXCEEDED', operation.path, limit),
      )
    }
    const misnamed = this.#refuseName(path)
    if (misnamed !== null) return this.#judging.answer(session, misnamed)
    const acl = settleAcl(operation.acl, this.#judging.identities)
    if (acl === undefined)
      return this.#judging.answer(session, this.#judging.refusal('INVALID_ACL', path))

    const { missing, ancestor } = this.#judging.changes.above(path)
    const bytes = missing.reduce(
      (sum, above) => sum + stepBytes(above, null, acl),
      txnOverheadBytes + stepBytes(path, operation.data, acl),
    )
    if (!this.#judging.may(ancestor, 'create')) {
      return this.#judging.answer(session, this.#judging.refusal('NO_AUTH', path))
    }
    const refusal = this.#refuseOwner(session, operation, path, ancestor)
    if (refusal !== null) return this.#judging.answer(session, refusal)
    if (bytes > this.#judging.limits.maxTxnBytes) {
      return this.#judging.answer(
        session,
        this.#judging.refusal('LIMIT_EXCEEDED', path, 'maxTxnBytes'),
      )
    }

    return this.#createAll(session, operation, path, acl, ancestor, missing)
  }

  /** The missing ancestors and the znode, or the refusal of all of it. */
  #createAll(
    session: SessionOutlook,
    operation: CreateOperation,
    path: string,
    acl: Acl,
    ancestor: ZnodeOutlook,
    missing: readonly string[],
  ): Txn {
    const { changes } = this.#judging
    const parent = { data: null, mode: 'persistent' } as const
    const txns: TreeTxn[] = []
    let above = ancestor
    changes.begin()
    for (const one of [...missing, path]) {
      const shape = one === path ? operation : parent
      const full = this.#refuseRoom(shape, one, above)
      if (full !== null) {
        changes.takeBack()
        return this.#judging.answer(session, { ...full, path })
      }
      txns.push(this.#created(session, shape, one, acl, above))
      above = this.#judging.existing(one)
    }
    changes.keep()
    return this.#judging.composed(session, 'create-with-parents', txns)
  }

  #created(
    session: SessionOutlook,
    { data, mode }: Shape,
    path: string,
    acl: Acl,
    parent: ZnodeOutlook,
  ): CreateTxn {
    const owner = mode === 'ephemeral' ? session : null
    const { changes, zxid } = this.#judging
    const parentCreateCount = changes.create(path, parent, { owner, acl, data }, zxid)
    const ephemeralOwner = owner?.id ?? noSession
    const reap = reapOf(mode)
    return { type: 'create', path, data, ephemeralOwner, reap, parentCreateCount, acl }
  }

  /** Why no znode can be created by this name: it is none, it is too long, or it is taken. */
  #refuseName(path: string): Refusal | null {
    if (pathFault(path) !== null) return this.#judging.refusal('BAD_ARGUMENT', path)
    if (path.length > this.#judging.limits.maxPathLength) {
      return this.#judging.refusal('LIMIT_EXCEEDED', path, 'maxPathLength')
    }
    return this.#judging.changes.look(path) === undefined
      ? null
      : this.#judging.refusal('NODE_EXISTS', path)
  }

  /** Why the znode cannot belong where, or to whom, it is to belong. */
  #refuseOwner(
    session: SessionOutlook,
    { mode }: CreateOperation,
    path: string,
    parent: ZnodeOutlook,
  ): Refusal | null {
    if (parent.ephemeralOwner !== noSession) {
      return this.#judging.refusal('NO_CHILDREN_FOR_EPHEMERALS', path)
    }
    if (mode !== 'ephemeral') return null
    const limit = endLimit(this.#judging.limits, session, path)
    return limit === null ? null : this.#judging.refusal('LIMIT_EXCEEDED', path, limit)
  }

  /** Why there is no room for it. */
  #refuseRoom({ data }: Shape, path: string, parent: ZnodeOutlook): Refusal | null {
    const growth = { siblings: parent.childCount, bytes: data?.byteLength ?? 0 }
    return this.#judging.refuseRoom(path, growth)
  }
}
