/**
 * What a request comes to, judged alone against a naive state to which everything before it has been
 * applied. Shares no code with the preparation that it is to prove: plain copies, nothing ahead.
 */
import type {
  AclEntry,
  ErrorCode,
  Identity,
  Operation,
  SessionId,
  TreeTxn,
  TreeRequest,
  Txn,
} from '../../src/internal.ts'
import type { NaiveState } from './naive-state.ts'

interface Plain {
  sets: number
  creates: number
  readonly owner: SessionId
  acl: readonly AclEntry[] | null
  aclSets: number
}

type Step = TreeTxn | { readonly code: ErrorCode; readonly limit?: string; readonly path: string }

export const naiveMaxEphemerals = 3

function above(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

function isLegal(path: string): boolean {
  return path === '/' || /^(\/(?!\.\.?(\/|$))[a-z0-9.-]+)+$/.test(path)
}

/** The tree as operations of one request see it. */
class Scratch {
  readonly znodes: Map<string, Plain>
  readonly session: SessionId
  readonly identities: readonly Identity[]

  constructor(state: NaiveState, session: SessionId, identities: readonly Identity[]) {
    this.znodes = new Map(
      [...state.znodes].map(([path, { sets, creates, owner, acl, aclSets }]) => [
        path,
        { sets, creates, owner, acl, aclSets },
      ]),
    )
    this.session = session
    this.identities = identities
  }

  /** By letter: one of `rwcda`. */
  may(path: string, letter: string): boolean {
    const acl = this.znodes.get(path)?.acl ?? null
    const bit = 2 ** 'rwcda'.indexOf(letter)
    const names = ['world:anyone', ...this.identities.map(({ scheme, id }) => `${scheme}:${id}`)]
    if (acl === null || names.some((name) => name.startsWith('super:'))) return true
    return acl.some(
      ({ permissions, scheme, id }) =>
        Math.floor(permissions / bit) % 2 === 1 && names.includes(`${scheme}:${id}`),
    )
  }

  /** What a list comes to; `undefined`: it is none. Only digests and everybody are ever asked for. */
  settle(asked: readonly AclEntry[]): readonly AclEntry[] | null | undefined {
    const own = this.identities.filter(({ scheme }) => scheme === 'digest')
    if (asked.some(({ scheme }) => scheme === 'auth') && own.length === 0) return undefined
    const entries = asked.flatMap(({ permissions, scheme, id }) =>
      scheme === 'auth'
        ? own.map((one) => ({ permissions, ...one }))
        : [{ permissions, scheme, id }],
    )
    if (entries.length === 0) return undefined
    const texts = [...new Set(entries.map((entry) => JSON.stringify(entry)))]
    const open = '{"permissions":31,"scheme":"world","id":"anyone"}'
    return texts.join() === open ? null : texts.map((text) => JSON.parse(text) as AclEntry)
  }

  childCount(path: string): number {
    return [...this.znodes.keys()].filter((one) => one !== '/' && above(one) === path).length
  }

  operate(operation: Operation): Step {
    switch (operation.type) {
      case 'create':
        return this.create(operation)
      case 'set':
      case 'check': {
        const { type, path, version } = operation
        if (!isLegal(path)) return { code: 'BAD_ARGUMENT', path }
        const znode = this.znodes.get(path)
        if (znode === undefined) return { code: 'NO_NODE', path }
        if (!this.may(path, type === 'set' ? 'w' : 'r')) return { code: 'NO_AUTH', path }
        if (version !== -1 && version !== znode.sets) return { code: 'BAD_VERSION', path }
        if (type === 'check') return { type, path }
        znode.sets += 1
        return { type, path, data: operation.data, version: znode.sets }
      }
      case 'delete': {
        const { type, path, version } = operation
        if (path === '/' || !path.includes('/')) return { code: 'BAD_ARGUMENT', path }
        if (!this.may(above(path), 'd')) return { code: 'NO_AUTH', path }
        const znode = this.znodes.get(path)
        if (znode === undefined) return { code: 'NO_NODE', path }
        if (version !== -1 && version !== znode.sets) return { code: 'BAD_VERSION', path }
        if (this.childCount(path) > 0) return { code: 'NOT_EMPTY', path }
        this.znodes.delete(path)
        return { type, path }
      }
    }
  }

  /** `isFree`: below an ancestor that the same request has created. */
  create(operation: Operation & { readonly type: 'create' }, isFree = false): Step {
    const { path: asked, data, mode, sequential } = operation
    if (!asked.includes('/')) return { code: 'BAD_ARGUMENT', path: asked }
    const acl = operation.acl === null ? null : this.settle(operation.acl)
    if (acl === undefined) return { code: 'INVALID_ACL', path: asked }
    const parent = this.znodes.get(above(asked))
    if (parent === undefined) return { code: 'NO_NODE', path: asked }
    if (!isFree && !this.may(above(asked), 'c')) return { code: 'NO_AUTH', path: asked }
    const path = sequential ? asked + String(parent.creates).padStart(10, '0') : asked
    if (!isLegal(path)) return { code: 'BAD_ARGUMENT', path }
    if (this.znodes.has(path)) return { code: 'NODE_EXISTS', path }
    if (parent.owner !== 0) return { code: 'NO_CHILDREN_FOR_EPHEMERALS', path }
    const owned = [...this.znodes.values()].filter(({ owner }) => owner === this.session)
    if (mode === 'ephemeral' && owned.length >= naiveMaxEphemerals) {
      return { code: 'LIMIT_EXCEEDED', limit: 'maxSessionEphemerals', path }
    }
    parent.creates += 1
    const owner = mode === 'ephemeral' ? this.session : (0 as SessionId)
    this.znodes.set(path, { sets: 0, creates: 0, owner, acl, aclSets: 0 })
    const parentCreateCount = parent.creates
    const reap = typeof mode === 'object' ? mode.ttlMs : mode === 'container' ? -1 : 0
    return {
      type: 'create',
      path,
      data,
      ephemeralOwner: owner,
      reap,
      parentCreateCount,
      acl,
    }
  }

  setAcl({ path, acl: asked, version }: Extract<TreeRequest, { type: 'set-acl' }>): Step {
    if (!isLegal(path)) return { code: 'BAD_ARGUMENT', path }
    const acl = this.settle(asked)
    if (acl === undefined) return { code: 'INVALID_ACL', path }
    const znode = this.znodes.get(path)
    if (znode === undefined) return { code: 'NO_NODE', path }
    if (!this.may(path, 'a')) return { code: 'NO_AUTH', path }
    if (version !== -1 && version !== znode.aclSets) return { code: 'BAD_VERSION', path }
    return { type: 'set-acl', path, acl, aversion: znode.aclSets + 1 }
  }

  /** Every missing ancestor, then the znode; all or none. */
  createAll(operation: Operation & { readonly type: 'create' }): Step[] {
    const { path, sequential } = operation
    const missing: string[] = []
    const isDeep = path.startsWith('/') && isLegal(sequential ? `${path}0` : path)
    for (let at = above(path); isDeep && !this.znodes.has(at); at = above(at)) missing.unshift(at)
    const last = path + (sequential ? '0000000000' : '')
    const isMisnamed = !isDeep && (!path.includes('/') || !this.znodes.has(above(path)))
    if (isMisnamed) return [{ code: 'BAD_ARGUMENT', path: last }]
    const isNoList = operation.acl !== null && this.settle(operation.acl) === undefined
    if (isNoList && !this.znodes.has(above(path))) {
      return [{ code: 'INVALID_ACL', path: last }]
    }
    const steps: Step[] = missing.map((one, index) =>
      this.create(
        { ...operation, path: one, data: null, mode: 'persistent', sequential: false },
        index > 0,
      ),
    )
    const refused = steps.find((step) => 'code' in step)
    if (refused !== undefined) return [{ ...refused, path: last }]
    return [...steps, this.create(operation, steps.length > 0)]
  }
}

function outcomeOf(
  state: NaiveState,
  session: SessionId,
  identities: readonly Identity[],
  request: TreeRequest,
): unknown {
  const scratch = new Scratch(state, session, identities)
  switch (request.type) {
    case 'set':
      return scratch.operate(request)
    case 'set-acl':
      return scratch.setAcl(request)
    case 'create': {
      const { parents, ...operation } = request
      const steps = parents ? scratch.createAll(operation) : [scratch.create(operation)]
      const refused = steps.find((step) => 'code' in step)
      if (refused !== undefined || steps.length === 1) return refused ?? steps[0]
      return { type: 'create-with-parents', txns: steps }
    }
    case 'delete': {
      const { recursive, ...operation } = request
      const plain = scratch.operate(operation)
      if (!recursive || !('code' in plain) || plain.code !== 'NOT_EMPTY') return plain
      const inside = [...state.znodes.keys()].filter((one) => one.startsWith(`${request.path}/`))
      const paths = [request.path, ...inside].sort().reverse()
      const guarded = paths.some((path) => !scratch.may(above(path), 'd'))
      if (guarded) return { code: 'NO_AUTH', path: request.path }
      return { type: 'delete-subtree', txns: paths.map((path) => ({ type: 'delete', path })) }
    }
    case 'transaction': {
      const steps: Step[] = []
      for (const operation of request.operations) {
        const step = scratch.operate(operation)
        if ('code' in step) return { ...step, operation: steps.length }
        steps.push(step)
      }
      return { type: 'transaction', txns: steps }
    }
    case 'close-session': {
      const paths = state.ephemeralsOf(session)
      return { type: 'close-session', closed: session, reason: 'closed', paths }
    }
  }
}

/** The txn that the request becomes; `null` when its session is gone. */
export function judgeAlone(
  state: NaiveState,
  session: SessionId,
  request: TreeRequest,
  timeMs: number,
  identities: readonly Identity[] = [],
): Txn | null {
  const asking = state.sessions.get(session)
  if (asking === undefined) return null
  const outcome = outcomeOf(state, session, identities, request) as object
  const refusal = 'code' in outcome ? { type: 'refuse', operation: 0, limit: null } : {}
  return { timeMs, session, requestId: asking.lastRequestId + 1, ...refusal, ...outcome } as Txn
}

/** The same txn, with what may stand in any order in one order. */
export function ordered(txn: Txn): Txn {
  if (txn.type === 'close-session') return { ...txn, paths: [...txn.paths].sort() }
  if (txn.type !== 'delete-subtree') return txn
  return { ...txn, txns: [...txn.txns].sort((a, b) => (a.path > b.path ? -1 : 1)) }
}
