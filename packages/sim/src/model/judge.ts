/**
 * What a request must come to, judged against the model's state before it: the changes, or the
 * refusal. Written from the description of each operation and from nothing else; where two refusals
 * fit, both are right.
 */
import type {
  CreateMode,
  ErrorCode,
  Operation,
  SessionId,
  TreeRequest,
} from '@conclave/core/internal'
import { isOfBeginning, parentPathOf, type ModelZnode, type TreeModel } from './tree-model.ts'

/** One change that a request must cause, in order. */
export type ExpectedChange =
  | {
      readonly type: 'create'
      readonly path: string
      readonly data: Uint8Array | null
      readonly owner: number
      readonly reap: number
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
type Draft = Pick<ModelZnode, 'version' | 'creates' | 'deletes' | 'owner'>

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

  put(path: string, draft: Draft | null): void {
    this.#changed.set(path, draft)
  }
}

/** What one operation comes to: its changes, or the codes of which one must be its refusal. */
type Verdict =
  | { readonly changes: readonly ExpectedChange[]; readonly codes?: undefined }
  | { readonly codes: readonly ErrorCode[] }

/** Judges the request of a live session. Changes nothing. */
export function judge(request: TreeRequest, session: SessionId, tree: TreeModel): Judgement {
  const prospect = new Prospect(tree)
  const operations = request.type === 'transaction' ? request.operations : [request]
  const changes: ExpectedChange[] = []
  for (const [operation, one] of operations.entries()) {
    const verdict = judgeOne(one, session, prospect, tree)
    if (verdict.codes !== undefined) return { type: 'refusal', codes: verdict.codes, operation }
    changes.push(...verdict.changes)
  }
  return { type: 'changes', changes }
}

function refused(...codes: readonly ErrorCode[]): Verdict {
  return { codes }
}

function judgeOne(
  operation: Operation | TreeRequest,
  session: SessionId,
  prospect: Prospect,
  tree: TreeModel,
): Verdict {
  switch (operation.type) {
    case 'create':
      return judgeCreate(operation, session, prospect)
    case 'set':
    case 'check':
      return judgeExisting(operation, prospect)
    case 'delete':
      return judgeDelete(operation, prospect, tree)
    case 'transaction':
    case 'close-session':
      return { changes: [] }
    case 'set-acl':
      throw new Error('no client of a run changes an ACL')
  }
}

function judgeCreate(
  operation: Extract<Operation, { type: 'create' }> & { readonly parents?: boolean },
  session: SessionId,
  prospect: Prospect,
): Verdict {
  const parentPath = parentPathOf(operation.path)
  const changes: ExpectedChange[] = []
  if (operation.parents === true && prospect.get(parentPath) === null && parentPath !== '') {
    const parent = { ...operation, path: parentPath, data: null, sequential: false } as const
    const verdict = judgeCreate({ ...parent, mode: 'persistent' }, session, prospect)
    if (verdict.codes !== undefined) return verdict
    changes.push(...verdict.changes)
  }
  const parent = prospect.get(parentPath)
  if (parent === null) return refused('NO_NODE')
  const suffix = operation.sequential ? String(parent.creates).padStart(10, '0') : ''
  const path = operation.path + suffix
  if (prospect.get(path) !== null) return refused('NODE_EXISTS')
  if (parent.owner !== 0) return refused('NO_CHILDREN_FOR_EPHEMERALS')
  const owner = operation.mode === 'ephemeral' ? (session as number) : 0
  prospect.put(parentPath, { ...parent, creates: parent.creates + 1 })
  prospect.put(path, { version: 0, creates: 0, deletes: 0, owner })
  changes.push({ type: 'create', path, data: operation.data, owner, reap: reapOf(operation.mode) })
  return { changes }
}

function reapOf(mode: CreateMode): number {
  if (typeof mode === 'object') return mode.ttlMs
  return mode === 'container' ? -1 : 0
}

function judgeExisting(
  operation: Extract<Operation, { type: 'set' | 'check' }>,
  prospect: Prospect,
): Verdict {
  const { type, path, version } = operation
  const old = prospect.get(path)
  if (old === null) return refused('NO_NODE')
  if (version !== -1 && version !== old.version) return refused('BAD_VERSION')
  if (type === 'check') return { changes: [{ type, path }] }
  prospect.put(path, { ...old, version: old.version + 1 })
  return { changes: [{ type, path, data: operation.data }] }
}

function judgeDelete(
  operation: Extract<Operation, { type: 'delete' }> & { readonly recursive?: boolean },
  prospect: Prospect,
  tree: TreeModel,
): Verdict {
  const { path, version } = operation
  if (isOfBeginning(path)) return refused('BAD_ARGUMENT')
  const old = prospect.get(path)
  if (old === null) return refused('NO_NODE')
  const codes: ErrorCode[] = []
  if (version !== -1 && version !== old.version) codes.push('BAD_VERSION')
  const whole = operation.recursive === true
  if (!whole && old.creates !== old.deletes) codes.push('NOT_EMPTY')
  if (codes.length > 0) return refused(...codes)
  if (whole) return { changes: subtreeOf(path, tree) }
  const parentPath = parentPathOf(path)
  const parent = prospect.get(parentPath)
  if (parent !== null) prospect.put(parentPath, { ...parent, deletes: parent.deletes + 1 })
  prospect.put(path, null)
  return { changes: [{ type: 'delete', path }] }
}

/** A subtree, each znode after all of its children. */
function subtreeOf(path: string, tree: TreeModel): ExpectedChange[] {
  const below = tree.childrenOf(path).flatMap((child) => subtreeOf(child, tree))
  return [...below, { type: 'delete', path }]
}
