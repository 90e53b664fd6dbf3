/**
 * What a request comes to, done step by step on a copy of the tree: whoever meets a reason against it
 * throws that, and the copy is let go of. The order of the reasons is zookeeper.md's, "Validation
 * order", and docs/zookeeper-parity.md's where a request is ours alone.
 */
import type { CreateOperation, Operation, TreeRequest } from '@conclave/core/internal'
import { mayDo, open, settle, type Entry, type Identity, type Permission } from './access.ts'
import { countAnew, isBeyondQuota } from './quotas.ts'
import { above, isBelow, isLegal, isSystem, suffixOf } from './paths.ts'
import {
  childrenOf,
  ephemeralsOf,
  int32,
  nextVersion,
  statOf,
  type Change,
  type Stat,
  type Tree,
  type Znode,
} from './tree.ts'

/** What of the limits is reached in programs. */
export interface ModelLimits {
  readonly maxDataBytes: number
  readonly maxPathLength: number
  readonly maxOperations: number
  readonly maxSessionEphemerals: number
  readonly maxSessionRequests: number
  readonly maxSessionWatches: number
  readonly maxChildren: number
  readonly maxZnodes: number
  readonly maxTreeBytes: number
}

export class Refusal extends Error {
  readonly code: string
  readonly path: string
  readonly limit: keyof ModelLimits | null

  constructor(code: string, path: string, limit: keyof ModelLimits | null = null) {
    super(code)
    this.code = code
    this.path = path
    this.limit = limit
  }
}

/** Who asks, where in the order of all writes, and when. */
export interface Circumstances {
  readonly session: number
  readonly identities: readonly Identity[]
  readonly zxid: number
  readonly timeMs: number
  readonly limits: ModelLimits
}

export type OperationResult =
  | { readonly type: 'create'; readonly path: string; readonly stat: Stat }
  | { readonly type: 'set' | 'set-acl'; readonly stat: Stat }
  | { readonly type: 'delete' | 'check' }

export type WriteResult =
  | OperationResult
  | { readonly type: 'transaction'; readonly results: readonly OperationResult[] }
  | { readonly type: 'close-session' }

type Create = Omit<CreateOperation, 'type'>

const maxTtlMs = 2 ** 40 - 1

function lengthOf(data: Uint8Array | null): number {
  return data?.length ?? 0
}

export class Attempt {
  readonly tree: Tree
  /** What watches see of it, in order. */
  readonly changes: Change[] = []
  /** How many operations of a transaction are done. */
  done = 0
  readonly #by: Circumstances

  constructor(tree: Tree, by: Circumstances) {
    this.tree = new Map(tree)
    this.#by = by
  }

  create(wanted: Create): OperationResult {
    const { path: asked, data, mode, sequential } = wanted
    this.#judgeModeAndData(wanted)
    if (!asked.includes('/') || asked.includes('\0')) throw new Refusal('BAD_ARGUMENT', asked)
    const acl = this.#settled(wanted.acl ?? open, asked)
    const parent = this.#find(above(asked), asked)
    this.#demand('create', parent, asked)
    const path = sequential ? asked + suffixOf(parent.creates) : asked
    this.#judgeName(path)
    if (this.tree.has(path)) throw new Refusal('NODE_EXISTS', path)
    this.#judgeOwner(wanted, path, parent)
    this.#judgeRoom(path, data)
    return this.#add(path, data, mode, acl)
  }

  /** Missing ancestors too, as persistent znodes without data that have the same list. */
  createWithParents(wanted: Create): OperationResult {
    const { path: asked, data, mode, sequential } = wanted
    if (asked.includes('/') && this.tree.has(above(asked))) return this.create(wanted)
    this.#judgeModeAndData(wanted)
    const path = sequential ? asked + suffixOf(0) : asked
    this.#judgeName(path)
    const acl = this.#settled(wanted.acl ?? open, path)
    const missing: string[] = []
    let ancestor = above(path)
    for (; !this.tree.has(ancestor); ancestor = above(ancestor)) missing.unshift(ancestor)
    this.#demand('create', this.tree.get(ancestor)!, path)
    this.#judgeOwner(wanted, path, this.tree.get(ancestor)!)
    for (const one of missing) {
      this.#judgeRoom(one, null, path)
      this.#add(one, null, 'persistent', acl)
    }
    this.#judgeRoom(path, data)
    return this.#add(path, data, mode, acl)
  }

  set(path: string, data: Uint8Array | null, version: number): OperationResult {
    if (lengthOf(data) > this.#by.limits.maxDataBytes) {
      throw new Refusal('LIMIT_EXCEEDED', path, 'maxDataBytes')
    }
    if (!isLegal(path)) throw new Refusal('BAD_ARGUMENT', path)
    const znode = this.#find(path)
    this.#demand('write', znode, path)
    const added = lengthOf(data) - lengthOf(znode.data)
    this.#judgeBytes(added, path)
    if (isBeyondQuota(this.tree, path, 0, added)) throw new Refusal('QUOTA_EXCEEDED', path)
    if (version !== -1 && version !== znode.version) throw new Refusal('BAD_VERSION', path)
    const { zxid, timeMs } = this.#by
    const written = { data, mzxid: zxid, mtime: timeMs, version: nextVersion(znode.version) }
    this.tree.set(path, { ...znode, ...written })
    countAnew(this.tree)
    this.#note('changed', path)
    return { type: 'set', stat: statOf(this.tree, path) }
  }

  setAcl(path: string, list: readonly Entry[], version: number): OperationResult {
    if (!isLegal(path)) throw new Refusal('BAD_ARGUMENT', path)
    const acl = this.#settled(list, path)
    const znode = this.#find(path)
    this.#demand('admin', znode, path)
    if (version !== -1 && version !== znode.aversion) throw new Refusal('BAD_VERSION', path)
    this.tree.set(path, { ...znode, acl, aversion: nextVersion(znode.aversion) })
    return { type: 'set-acl', stat: statOf(this.tree, path) }
  }

  check(path: string, version: number): OperationResult {
    if (!isLegal(path)) throw new Refusal('BAD_ARGUMENT', path)
    const znode = this.#find(path)
    this.#demand('read', znode, path)
    if (version !== -1 && version !== znode.version) throw new Refusal('BAD_VERSION', path)
    return { type: 'check' }
  }

  delete(path: string, version: number): OperationResult {
    this.#judgeDelete(path, version)
    if (childrenOf(this.tree, path).length > 0) throw new Refusal('NOT_EMPTY', path)
    this.remove(path)
    return { type: 'delete' }
  }

  /** The whole subtree; `order` is the one that was chosen, of which only this is demanded. */
  deleteAll(path: string, version: number, order: readonly string[]): OperationResult {
    this.#judgeDelete(path, version)
    const inside = [...this.tree.keys()].filter((one) => isBelow(one, path))
    for (const one of [path, ...inside]) {
      if (!this.#may('delete', this.tree.get(above(one))!)) throw new Refusal('NO_AUTH', path)
    }
    this.removeAll([path, ...inside], inside.length === 0 ? [path] : order)
    return { type: 'delete' }
  }

  /** Exactly these, in the order that was chosen: no znode before its children. */
  removeAll(paths: readonly string[], order: readonly string[]): void {
    if ([...paths].sort().join() !== [...order].sort().join()) {
      throw new Error(`of ${paths.join(' ')} were deleted ${order.join(' ')}`)
    }
    for (const path of order) {
      if (childrenOf(this.tree, path).length > 0)
        throw new Error(`${path} goes before its children`)
      this.remove(path)
    }
  }

  remove(path: string): void {
    const znode = this.tree.get(path)!
    const stat = statOf(this.tree, path)
    this.tree.delete(path)
    const parent = this.tree.get(above(path))!
    this.tree.set(above(path), { ...parent, pzxid: this.#by.zxid })
    countAnew(this.tree)
    this.changes.push({ type: 'deleted', path, zxid: this.#by.zxid, znode, stat })
  }

  /** All or none: who meets a refusal throws it, and `done` says where. */
  transact(operations: readonly Operation[]): OperationResult[] {
    if (operations.length > this.#by.limits.maxOperations) {
      throw new Refusal('LIMIT_EXCEEDED', '', 'maxOperations')
    }
    return operations.map((operation) => {
      const result = this.#operate(operation)
      this.done += 1
      return result
    })
  }

  /** What a request comes to, but for the end of a session. `order` as for `deleteAll`. */
  perform(
    request: Exclude<TreeRequest, { type: 'close-session' }>,
    order: readonly string[],
  ): WriteResult {
    switch (request.type) {
      case 'create':
        return request.parents ? this.createWithParents(request) : this.create(request)
      case 'set-acl':
        return this.setAcl(request.path, request.acl, request.version)
      case 'delete':
        return request.recursive
          ? this.deleteAll(request.path, request.version, order)
          : this.delete(request.path, request.version)
      case 'set':
        return this.set(request.path, request.data, request.version)
      case 'transaction':
        return { type: 'transaction', results: this.transact(request.operations) }
    }
  }

  #operate(operation: Operation): OperationResult {
    switch (operation.type) {
      case 'create':
        return this.create(operation)
      case 'set':
        return this.set(operation.path, operation.data, operation.version)
      case 'delete':
        return this.delete(operation.path, operation.version)
      case 'check':
        return this.check(operation.path, operation.version)
    }
  }

  #add(
    path: string,
    data: Uint8Array | null,
    mode: CreateOperation['mode'],
    acl: readonly Entry[],
  ): OperationResult {
    const { zxid, timeMs, session } = this.#by
    const parent = this.tree.get(above(path))!
    this.tree.set(above(path), { ...parent, creates: int32(parent.creates + 1), pzxid: zxid })
    this.tree.set(path, {
      ...{ data, acl, version: 0, aversion: 0, creates: 0 },
      ...{ czxid: zxid, mzxid: zxid, pzxid: zxid, ctime: timeMs, mtime: timeMs },
      owner: mode === 'ephemeral' ? session : 0,
      life: mode === 'ephemeral' ? 'persistent' : mode,
    })
    countAnew(this.tree)
    this.#note('created', path)
    return { type: 'create', path, stat: statOf(this.tree, path) }
  }

  #judgeModeAndData({ path, mode, data }: Create): void {
    if (typeof mode === 'object') {
      const { ttlMs } = mode
      const isTtl = Number.isInteger(ttlMs) && ttlMs > 0 && ttlMs <= maxTtlMs
      if (!isTtl) throw new Refusal('BAD_ARGUMENT', path)
    }
    if (lengthOf(data) > this.#by.limits.maxDataBytes) {
      throw new Refusal('LIMIT_EXCEEDED', path, 'maxDataBytes')
    }
  }

  #judgeName(path: string): void {
    if (!isLegal(path)) throw new Refusal('BAD_ARGUMENT', path)
    if (path.length > this.#by.limits.maxPathLength) {
      throw new Refusal('LIMIT_EXCEEDED', path, 'maxPathLength')
    }
  }

  #judgeOwner({ mode }: Create, path: string, parent: Znode): void {
    if (parent.owner !== 0) throw new Refusal('NO_CHILDREN_FOR_EPHEMERALS', path)
    const { limits, session } = this.#by
    const isOneMore = mode === 'ephemeral'
    if (isOneMore && ephemeralsOf(this.tree, session).length >= limits.maxSessionEphemerals) {
      throw new Refusal('LIMIT_EXCEEDED', path, 'maxSessionEphemerals')
    }
  }

  /** Room for a new znode; `asked` is what it is refused for. */
  #judgeRoom(path: string, data: Uint8Array | null, asked = path): void {
    const { maxChildren, maxZnodes } = this.#by.limits
    if (childrenOf(this.tree, above(path)).length >= maxChildren) {
      throw new Refusal('LIMIT_EXCEEDED', asked, 'maxChildren')
    }
    if (this.tree.size >= maxZnodes) throw new Refusal('LIMIT_EXCEEDED', asked, 'maxZnodes')
    this.#judgeBytes(path.length + lengthOf(data), asked)
    if (isBeyondQuota(this.tree, path, 1, lengthOf(data))) {
      throw new Refusal('QUOTA_EXCEEDED', asked)
    }
  }

  /** What shrinks the tree is never refused. */
  #judgeBytes(added: number, asked: string): void {
    let bytes = added
    for (const [path, { data }] of this.tree) bytes += path.length + lengthOf(data)
    if (added > 0 && bytes > this.#by.limits.maxTreeBytes) {
      throw new Refusal('LIMIT_EXCEEDED', asked, 'maxTreeBytes')
    }
  }

  #judgeDelete(path: string, version: number): void {
    const isPath = path.includes('/') && !path.includes('\0')
    if (!isPath || isSystem(path)) throw new Refusal('BAD_ARGUMENT', path)
    this.#demand('delete', this.#find(above(path), path), path)
    const znode = this.#find(path)
    if (version !== -1 && version !== znode.version) throw new Refusal('BAD_VERSION', path)
  }

  #find(path: string, asked = path): Znode {
    const znode = this.tree.get(path)
    if (znode === undefined) throw new Refusal('NO_NODE', asked)
    return znode
  }

  #may(wanted: Permission, { acl }: Znode): boolean {
    return mayDo(wanted, acl, this.#by.identities)
  }

  #demand(wanted: Permission, znode: Znode, asked: string): void {
    if (!this.#may(wanted, znode)) throw new Refusal('NO_AUTH', asked)
  }

  #settled(list: readonly Entry[], path: string): readonly Entry[] {
    const settled = settle(list, this.#by.identities)
    if (settled === null) throw new Refusal('INVALID_ACL', path)
    return settled
  }

  #note(type: 'created' | 'changed', path: string): void {
    const [znode, stat] = [this.tree.get(path)!, statOf(this.tree, path)]
    this.changes.push({ type, path, zxid: this.#by.zxid, znode, stat })
  }
}
