import { describe, expect, test } from 'vitest'
import type {
  Identity,
  Operation,
  SessionId,
  TreeTxn,
  TreeRequest,
  Zxid,
} from '@conclave/core/internal'
import { judge, type Judgement } from '../../src/model/judge.ts'
import { TreeModel } from '../../src/model/tree-model.ts'

const session = 42 as SessionId

function create(
  path: string,
  more: Partial<Operation & { type: 'create' }> = {},
): TreeRequest & Operation {
  return {
    type: 'create',
    path,
    data: null,
    mode: 'persistent',
    sequential: false,
    parents: false,
    acl: null,
    ...more,
  } as never
}

/** A tree with /a, /a/b and the ephemeral /e. */
function tree(): TreeModel {
  const model = new TreeModel()
  const txns: TreeTxn[] = [
    {
      type: 'create',
      path: '/a',
      data: null,
      ephemeralOwner: 0 as SessionId,
      reap: 0,
      parentCreateCount: 1,
      acl: null,
    },
    {
      type: 'create',
      path: '/a/b',
      data: null,
      ephemeralOwner: 0 as SessionId,
      reap: 0,
      parentCreateCount: 1,
      acl: null,
    },
    {
      type: 'create',
      path: '/e',
      data: null,
      ephemeralOwner: session,
      reap: 0,
      parentCreateCount: 2,
      acl: null,
    },
    { type: 'set', path: '/a', data: null, version: 1 },
  ]
  for (const [index, txn] of txns.entries()) model.apply(txn, (index + 1) as Zxid, 0)
  return model
}

function outcomeOf(request: TreeRequest, identities: readonly Identity[] = []): string {
  const judgement: Judgement = judge(request, { session, identities }, tree())
  if (judgement.type === 'refusal') return `${judgement.codes.join('|')} at ${judgement.operation}`
  return judgement.changes.map((change) => `${change.type} ${change.path}`).join(', ')
}

describe('what a request must come to', () => {
  test.each<[string, TreeRequest, string]>([
    ['a create', create('/x'), 'create /x'],
    ['one without a parent', create('/x/y'), 'NO_NODE at 0'],
    [
      'one with its parents',
      { ...create('/x/y/z'), parents: true } as never,
      'create /x, create /x/y, create /x/y/z',
    ],
    ['one that exists', create('/a'), 'NODE_EXISTS at 0'],
    ['one below an ephemeral', create('/e/x'), 'NO_CHILDREN_FOR_EPHEMERALS at 0'],
    ['a sequential one', create('/a/n-', { sequential: true }), 'create /a/n-0000000001'],
    ['a set', { type: 'set', path: '/a', data: null, version: 1 }, 'set /a'],
    ['a set of any version', { type: 'set', path: '/a', data: null, version: -1 }, 'set /a'],
    [
      'a set of another version',
      { type: 'set', path: '/a', data: null, version: 0 },
      'BAD_VERSION at 0',
    ],
    ['a set of nothing', { type: 'set', path: '/x', data: null, version: 0 }, 'NO_NODE at 0'],
    ['a delete', { type: 'delete', path: '/e', version: -1, recursive: false }, 'delete /e'],
    [
      'a delete that is refused twice over',
      { type: 'delete', path: '/a', version: 9, recursive: false },
      'BAD_VERSION|NOT_EMPTY at 0',
    ],
    [
      'a delete of a subtree',
      { type: 'delete', path: '/a', version: -1, recursive: true },
      'delete /a/b, delete /a',
    ],
  ])('%s', (_name, request, expected) => {
    expect(outcomeOf(request)).toBe(expected)
  })

  test('later operations of a transaction see the effect of earlier ones', () => {
    const operations: Operation[] = [
      create('/x'),
      create('/x/n-', { sequential: true }),
      create('/x/n-', { sequential: true }),
      { type: 'check', path: '/x', version: 0 },
      { type: 'set', path: '/x', data: null, version: 0 },
      { type: 'check', path: '/x', version: 1 },
    ]

    expect(outcomeOf({ type: 'transaction', operations })).toBe(
      'create /x, create /x/n-0000000000, create /x/n-0000000001, check /x, set /x, check /x',
    )
  })

  const me: Identity = { scheme: 'digest', id: 'me:hash' }
  const mine = [{ permissions: 31, scheme: 'auth', id: '' }]
  const guarded = (...operations: readonly Operation[]): TreeRequest => {
    return { type: 'transaction', operations: [create('/x', { acl: mine }), ...operations] }
  }

  test.each<[string, Operation]>([
    ['create below it', create('/x/y')],
    ['set', { type: 'set', path: '/x', data: null, version: -1 }],
    ['check', { type: 'check', path: '/x', version: -1 }],
  ])('a list forbids others: %s', (_name, operation) => {
    const other = [{ permissions: 31, scheme: 'digest', id: 'other:hash' }]
    const locked = create('/l', { acl: other })
    const inside = { ...operation, path: operation.path.replace('/x', '/l') }

    expect(outcomeOf(guarded(operation), [me])).toMatch(/^create \/x, \w+ \/x/)
    expect(outcomeOf({ type: 'transaction', operations: [locked, inside] }, [me])).toMatch(
      /^NO_AUTH.* at 1$/,
    )
  })

  test('a list is settled when it is asked for, and its version counted', () => {
    const request: TreeRequest = { type: 'set-acl', path: '/a', acl: mine, version: 0 }

    expect(judge(request, { session, identities: [me] }, tree())).toEqual({
      type: 'changes',
      changes: [{ type: 'set-acl', path: '/a', aversion: 1, acl: [{ permissions: 31, ...me }] }],
    })
    expect(outcomeOf({ ...request, version: 1 }, [me])).toBe('BAD_VERSION at 0')
  })

  test('a transaction is refused for its first operation that fails, and names it', () => {
    const operations: Operation[] = [
      { type: 'delete', path: '/a/b', version: -1 },
      { type: 'delete', path: '/a', version: -1 },
      { type: 'check', path: '/a', version: -1 },
    ]

    expect(outcomeOf({ type: 'transaction', operations })).toBe('NO_NODE at 2')
  })
})
