/**
 * What a request must come to, judged against the model's state before it: the changes, or the
 * refusal. Written from the description of each operation and from nothing else; where two refusals
 * fit, both are right.
 */
import type {
  Acl,
  CreateMode,
  ErrorCode,
  Identity,
  Operation,
  SessionId,
  TreeRequest,
} from '@conclave/core/internal'
import { bits, lets, settled } from './access.ts'
import { isFull } from './quotas.ts'
import { isOfBeginning, parentPathOf, type ModelZnode, type TreeModel } from './tree-model.ts'

/** One change that a request must cause, in order. */
export type ExpectedChange =
  | {
      readonly type: 'create'
      readonly path: string
      readonly data: Uint8Array | null
      readonly owner: number
      readonly reap: number
      readonly acl: Acl
    }
  | {
      readonly type: 'set-acl'
      readonly path: string
      readonly acl: Acl
      readonly aversion: number
    }
  | { readonly type: 'set'; readonly path: string; readonly data: Uint8Array | null }
  | { readonly type: 'delete'; readonly path: string }
  | { readonly type: 'check'; readonly path: string }

export type Judgement =
  | { readonly type: 'changes'; readonly changes: readonly ExpectedChange[] }
  | {
      readonly type: 'refusal'
      /** Any of these. */
      readonly codes: readonly ErrorCode[]
      /** Which operation of a transaction. */
      readonly operation: number
    }

/** As much of a znode as decides about an operation. */
type Draft = Pick<
  ModelZnode,
  'data' | 'version' | 'creates' | 'deletes' | 'owner' | 'acl' | 'aversion'
>

/** The tree as it will be, while the operations of one request are judged. */
class Prospect {
  readonly #tree: TreeModel
  readonly #changed = new Map<string, Draft | null>()

  constructor(tree: TreeModel) {
    this.#tree = tree
  }

  get(path: string): Draft | null {
    const changed = this.#changed.get(path)
    return changed === undefined ? this.#tree.get(path) : changed
  }

  *all(): Generator<readonly [path: string, draft: Draft]> {
    for (const znode of this.#tree.znodes()) {
      if (!this.#changed.has(znode.path)) yield [znode.path, znode]
    }
    for (const [path, draft] of this.#changed) if (draft !== null) yield [path, draft]
  }

  put(path: string, draft: Draft | null): void {
    this.#changed.set(path, draft)
  }
}

/** What one operation comes to: its changes, or the codes of which one must be its refusal. */
type Verdict =
  | { readonly changes: readonly ExpectedChange[]; readonly codes?: undefined }
  | { readonly codes: readonly ErrorCode[] }

/** Who asks. Of whom it is not known what they have proved, no list says anything. */
export interface Asker {
  readonly session: SessionId
  readonly identities: readonly Identity[] | null
}

/** Judges the request of a live session. Changes nothing. */
export function judge(request: TreeRequest, asker: Asker, tree: TreeModel): Judgement {
  const prospect = new Prospect(tree)
  const operations = request.type === 'transaction' ? request.operations : [request]
  const changes: ExpectedChange[] = []
  for (const [operation, one] of operations.entries()) {
    const verdict = judgeOne(one, asker, prospect, tree)
    if (verdict.codes !== undefined) return { type: 'refusal', codes: verdict.codes, operation }
    changes.push(...verdict.changes)
  }
  return { type: 'changes', changes }
}

function refused(...codes: readonly ErrorCode[]): Verdict {
  return { codes }
}

/** The verdict on who may not do it: that, or whatever else speaks against it. */
function forbidden(verdict: Verdict): Verdict {
  return refused('NO_AUTH', ...(verdict.codes ?? []))
}

function mayDo({ identities }: Asker, acl: Acl, bit: number): boolean {
  return identities === null || lets(acl, bit, identities)
}

function judgeOne(
  operation: Operation | TreeRequest,
  asker: Asker,
  prospect: Prospect,
  tree: TreeModel,
): Verdict {
  switch (operation.type) {
    case 'create':
      return judgeCreate(operation, asker, prospect)
    case 'set':
    case 'check':
      return judgeExisting(operation, asker, prospect)
    case 'delete':
      return judgeDelete(operation, asker, prospect, tree)
    case 'transaction':
    case 'close-session':
      return { changes: [] }
    case 'set-acl':
      return judgeSetAcl(operation, asker, prospect)
  }
}

function judgeCreate(
  operation: Extract<Operation, { type: 'create' }> & { readonly parents?: boolean },
  asker: Asker,
  prospect: Prospect,
): Verdict {
  const parentPath = parentPathOf(operation.path)
  const changes: ExpectedChange[] = []
  if (operation.parents === true && prospect.get(parentPath) === null && parentPath !== '') {
    const parent = { ...operation, path: parentPath, data: null, sequential: false } as const
    const verdict = judgeCreate({ ...parent, mode: 'persistent' }, asker, prospect)
    if (verdict.codes !== undefined) return verdict
    changes.push(...verdict.changes)
  }
  const parent = prospect.get(parentPath)
  if (parent === null) return refused('NO_NODE')
  // What it has just made for itself, nobody is asked about.
  const isFree = changes.length > 0
  const verdict = judgeBelow(operation, asker, prospect, parent, changes)
  return isFree || mayDo(asker, parent.acl, bits.create) ? verdict : forbidden(verdict)
}

function judgeBelow(
  operation: Extract<Operation, { type: 'create' }>,
  asker: Asker,
  prospect: Prospect,
  parent: Draft,
  changes: ExpectedChange[],
): Verdict {
  const parentPath = parentPathOf(operation.path)
  const suffix = operation.sequential ? String(parent.creates).padStart(10, '0') : ''
  const path = operation.path + suffix
  if (prospect.get(path) !== null) return refused('NODE_EXISTS')
  if (parent.owner !== 0) return refused('NO_CHILDREN_FOR_EPHEMERALS')
  if (isFull(prospect, path, 1, operation.data?.length ?? 0)) return refused('QUOTA_EXCEEDED')
  const owner = operation.mode === 'ephemeral' ? (asker.session as number) : 0
  const acl = settled(operation.acl, asker.identities ?? [])
  prospect.put(parentPath, { ...parent, creates: parent.creates + 1 })
  prospect.put(path, {
    data: operation.data,
    version: 0,
    creates: 0,
    deletes: 0,
    owner,
    acl,
    aversion: 0,
  })
  const { data, mode } = operation
  changes.push({ type: 'create', path, data, owner, reap: reapOf(mode), acl })
  return { changes }
}

function reapOf(mode: CreateMode): number {
  if (typeof mode === 'object') return mode.ttlMs
  return mode === 'container' ? -1 : 0
}

function judgeExisting(
  operation: Extract<Operation, { type: 'set' | 'check' }>,
  asker: Asker,
  prospect: Prospect,
): Verdict {
  const { type, path, version } = operation
  const old = prospect.get(path)
  if (old === null) return refused('NO_NODE')
  const bit = type === 'set' ? bits.write : bits.read
  if (!mayDo(asker, old.acl, bit)) return refused('NO_AUTH')
  const grown = type === 'set' ? (operation.data?.length ?? 0) - (old.data?.length ?? 0) : 0
  if (isFull(prospect, path, 0, grown)) return refused('QUOTA_EXCEEDED')
  if (version !== -1 && version !== old.version) return refused('BAD_VERSION')
  if (type === 'check') return { changes: [{ type, path }] }
  const { data } = operation
  prospect.put(path, { ...old, data, version: old.version + 1 })
  return { changes: [{ type, path, data: operation.data }] }
}

function judgeSetAcl(
  { path, acl, version }: Extract<TreeRequest, { type: 'set-acl' }>,
  asker: Asker,
  prospect: Prospect,
): Verdict {
  const old = prospect.get(path)
  if (old === null) return refused('NO_NODE')
  if (!mayDo(asker, old.acl, bits.admin)) return refused('NO_AUTH')
  if (version !== -1 && version !== old.aversion) return refused('BAD_VERSION')
  const list = settled(acl, asker.identities ?? [])
  return { changes: [{ type: 'set-acl', path, acl: list, aversion: old.aversion + 1 }] }
}

function judgeDelete(
  operation: Extract<Operation, { type: 'delete' }> & { readonly recursive?: boolean },
  asker: Asker,
  prospect: Prospect,
  tree: TreeModel,
): Verdict {
  const { path, version } = operation
  if (isOfBeginning(path)) return refused('BAD_ARGUMENT')
  const old = prospect.get(path)
  const parentPath = parentPathOf(path)
  const parent = prospect.get(parentPath)
  const whole = operation.recursive === true
  const removed = whole && old !== null ? subtreeOf(path, tree) : []
  const parents = [parent, ...removed.map((one) => prospect.get(parentPathOf(one.path)))]
  const codes: ErrorCode[] = []
  if (parents.some((one) => one !== null && !mayDo(asker, one.acl, bits.delete))) {
    codes.push('NO_AUTH')
  }
  if (old === null) return refused('NO_NODE', ...codes)
  if (version !== -1 && version !== old.version) codes.push('BAD_VERSION')
  if (!whole && old.creates !== old.deletes) codes.push('NOT_EMPTY')
  if (codes.length > 0) return refused(...codes)
  if (whole) return { changes: removed }
  if (parent !== null) prospect.put(parentPath, { ...parent, deletes: parent.deletes + 1 })
  prospect.put(path, null)
  return { changes: [{ type: 'delete', path }] }
}

/** A subtree, each znode after all of its children. */
function subtreeOf(path: string, tree: TreeModel): ExpectedChange[] {
  const below = tree.childrenOf(path).flatMap((child) => subtreeOf(child, tree))
  return [...below, { type: 'delete', path }]
}
