/**
 * What a request must come to, judged against the model's state before it: the changes, or the
 * refusal. Written from the description of each operation and from nothing else; where two refusals
 * fit, both are right.
 */
import type { ErrorCode, Operation, SessionId, WriteRequest } from '@conclave/core/internal'
import { parentPathOf, type ModelZnode, type TreeModel } from './tree-model.ts'

/** One change that a request must cause, in order. */
export type ExpectedChange =
  | {
      readonly type: 'create'
      readonly path: string
      readonly data: Uint8Array | null
      readonly owner: number
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

class Refused extends Error {
  readonly codes: readonly ErrorCode[]

  constructor(...codes: readonly ErrorCode[]) {
    super(codes.join())
    this.codes = codes
  }
}

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

/** Judges the request of a live session. Changes nothing. */
export function judge(request: WriteRequest, session: SessionId, tree: TreeModel): Judgement {
  const prospect = new Prospect(tree)
  const operations = request.type === 'transaction' ? request.operations : [request]
  const changes: ExpectedChange[] = []
  for (const [index, operation] of operations.entries()) {
    try {
      changes.push(...judgeOne(operation, session, prospect, tree))
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      return { type: 'refusal', codes: error.codes, operation: index }
    }
  }
  return { type: 'changes', changes }
}

function judgeOne(
  operation: Operation | WriteRequest,
  session: SessionId,
  prospect: Prospect,
  tree: TreeModel,
): ExpectedChange[] {
  switch (operation.type) {
    case 'create':
      return judgeCreate(operation, session, prospect)
    case 'set': {
      const { path, data } = operation
      const old = existingAt(operation.version, path, prospect)
      prospect.put(path, { ...old, version: old.version + 1 })
      return [{ type: 'set', path, data }]
    }
    case 'check':
      existingAt(operation.version, operation.path, prospect)
      return [{ type: 'check', path: operation.path }]
    case 'delete':
      if ('recursive' in operation && operation.recursive) {
        existingAt(operation.version, operation.path, prospect)
        return subtreeOf(operation.path, tree)
      }
      return judgeDelete(operation, prospect)
    case 'transaction':
    case 'close-session':
      return []
  }
}

function judgeCreate(
  operation: Extract<Operation, { type: 'create' }> & { readonly parents?: boolean },
  session: SessionId,
  prospect: Prospect,
): ExpectedChange[] {
  const parentPath = parentPathOf(operation.path)
  const changes: ExpectedChange[] = []
  if (operation.parents === true && prospect.get(parentPath) === null && parentPath !== '') {
    const parent = { ...operation, path: parentPath, data: null, sequential: false } as const
    changes.push(...judgeCreate({ ...parent, mode: 'persistent' }, session, prospect))
  }
  const parent = prospect.get(parentPath)
  if (parent === null) throw new Refused('NO_NODE')
  const suffix = operation.sequential ? String(parent.creates).padStart(10, '0') : ''
  const path = operation.path + suffix
  if (prospect.get(path) !== null) throw new Refused('NODE_EXISTS')
  if (parent.owner !== 0) throw new Refused('NO_CHILDREN_FOR_EPHEMERALS')
  const owner = operation.mode === 'ephemeral' ? (session as number) : 0
  prospect.put(parentPath, { ...parent, creates: parent.creates + 1 })
  prospect.put(path, { version: 0, creates: 0, deletes: 0, owner })
  changes.push({ type: 'create', path, data: operation.data, owner })
  return changes
}

function judgeDelete(
  operation: { readonly path: string; readonly version: number },
  prospect: Prospect,
): ExpectedChange[] {
  const { path, version } = operation
  const codes: ErrorCode[] = []
  const old = prospect.get(path)
  if (old === null) throw new Refused('NO_NODE')
  if (version !== -1 && version !== old.version) codes.push('BAD_VERSION')
  if (old.creates !== old.deletes) codes.push('NOT_EMPTY')
  if (codes.length > 0) throw new Refused(...codes)
  const parentPath = parentPathOf(path)
  const parent = prospect.get(parentPath)
  if (parent !== null) prospect.put(parentPath, { ...parent, deletes: parent.deletes + 1 })
  prospect.put(path, null)
  return [{ type: 'delete', path }]
}

function existingAt(version: number, path: string, prospect: Prospect): Draft {
  const old = prospect.get(path)
  if (old === null) throw new Refused('NO_NODE')
  if (version !== -1 && version !== old.version) throw new Refused('BAD_VERSION')
  return old
}

/** A subtree, each znode after all of its children. */
function subtreeOf(path: string, tree: TreeModel): ExpectedChange[] {
  const below = tree.childrenOf(path).flatMap((child) => subtreeOf(child, tree))
  return [...below, { type: 'delete', path }]
}
