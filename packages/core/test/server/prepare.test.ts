import { describe, expect, test } from 'vitest'
import { recordOf } from '../../src/internal.ts'
import { withTree, wordOf } from './lone-leader.ts'
import { bytes, check, close, create, remove, set, transaction } from './requests.ts'

describe('what is refused, and in which order the reasons are tried', () => {
  test('a create: no path, no parent, no legal name, taken, below an ephemeral', () => {
    const { leader, session } = withTree()

    expect(
      leader.judge(
        session,
        create('nowhere'),
        create('/a\0/b/c'),
        create('/x/..'),
        create('/a/'),
        create('/a/..'),
        create('/'),
        create('/a/b'),
        create('/e/child'),
        create('/e/child', { sequential: true }),
      ),
    ).toEqual([
      'BAD_ARGUMENT nowhere',
      'BAD_ARGUMENT /a\0/b/c',
      'NO_NODE /x/..',
      'BAD_ARGUMENT /a/',
      'BAD_ARGUMENT /a/..',
      'NODE_EXISTS /',
      'NODE_EXISTS /a/b',
      'NO_CHILDREN_FOR_EPHEMERALS /e/child',
      'NO_CHILDREN_FOR_EPHEMERALS /e/child0000000000',
    ])
  })

  test('a set: no legal path, no znode, another version', () => {
    const { leader, session } = withTree()

    expect(
      leader.judge(session, set('/a/'), set('/b'), set('/a', 1), set('/a', 0), set('/a'), set('/')),
    ).toEqual(['BAD_ARGUMENT /a/', 'NO_NODE /b', 'BAD_VERSION /a', 'set /a', 'set /a', 'set /'])
  })

  test('a delete: a system znode, no znode, another version, children', () => {
    const { leader, session } = withTree()

    expect(
      leader.judge(
        session,
        remove('/'),
        remove('/zookeeper', { recursive: true }),
        remove('/zookeeper/quota'),
        remove('/zookeeper/config', { version: 7 }),
        remove('/zookeeper/other'),
        remove('a'),
        remove('/\0'),
        remove('/b'),
        remove('/a', { version: 3 }),
        remove('/a'),
        remove('/a/b'),
        remove('/a', { version: 0 }),
      ),
    ).toEqual([
      'BAD_ARGUMENT /',
      'BAD_ARGUMENT /zookeeper',
      'BAD_ARGUMENT /zookeeper/quota',
      'BAD_ARGUMENT /zookeeper/config',
      'NO_NODE /zookeeper/other',
      'BAD_ARGUMENT a',
      'BAD_ARGUMENT /\0',
      'NO_NODE /b',
      'BAD_VERSION /a',
      'NOT_EMPTY /a',
      'delete /a/b',
      'delete /a',
    ])
  })

  test('a check: no legal path, no znode, another version', () => {
    const { leader, session } = withTree()

    const refused = [check('a'), check('/b'), check('/a', 1)].map((one) => transaction(one))
    expect(leader.judge(session, ...refused, transaction(check('/a', 0)))).toEqual([
      'BAD_ARGUMENT a',
      'NO_NODE /b',
      'BAD_VERSION /a',
      'transaction [check /a]',
    ])
  })

  test('D5: a refused write is a txn of its own that changes nothing', () => {
    const { leader, session } = withTree()
    const before = [...leader.replica.tree.znodes()].map(recordOf)

    const [txn] = leader.write(session, set('/a', 7))

    expect(txn).toEqual({
      timeMs: 1_000,
      session,
      requestId: 4,
      type: 'refuse',
      code: 'BAD_VERSION',
      path: '/a',
      operation: 0,
      limit: null,
    })
    expect([...leader.replica.tree.znodes()].map(recordOf)).toEqual(before)
    expect(leader.replica.sessions.get(session)?.lastRequestId).toBe(4)
  })
})

describe('the tree as it will be', () => {
  test('a request sees what every request before it does, though nothing is applied', () => {
    const { leader, session } = withTree()

    expect(
      leader.judge(
        session,
        set('/a', 0),
        set('/a', 0),
        set('/a', 1),
        remove('/a/b'),
        create('/a/b'),
        set('/a/b', 0),
        create('/a/b/c'),
        remove('/a/b'),
        remove('/a/b/c'),
        remove('/a/b', { version: 1 }),
        create('/a/b/c'),
      ),
    ).toEqual([
      'set /a',
      'BAD_VERSION /a',
      'set /a',
      'delete /a/b',
      'create /a/b',
      'set /a/b',
      'create /a/b/c',
      'NOT_EMPTY /a/b',
      'delete /a/b/c',
      'delete /a/b',
      'NO_NODE /a/b/c',
    ])
    leader.applyAll()
  })

  test('D3: a znode that is deleted and created again counts from the beginning', () => {
    const { leader, session } = withTree()

    expect(
      leader.judge(
        session,
        set('/a/b'),
        set('/a/b'),
        create('/a/b/x'),
        remove('/a/b/x'),
        remove('/a/b', { version: 2 }),
        create('/a/b'),
        create('/a/b/', { sequential: true }),
        set('/a/b', 0),
      ),
    ).toEqual([
      'set /a/b',
      'set /a/b',
      'create /a/b/x',
      'delete /a/b/x',
      'delete /a/b',
      'create /a/b',
      'create /a/b/0000000000',
      'set /a/b',
    ])
    leader.applyAll()
  })

  test('Q1, ZOOKEEPER-1046: sequential names come from creates, whatever was deleted since', () => {
    const { leader, session } = withTree()
    const next = create('/a/n-', { sequential: true })

    expect(leader.judge(session, next, next, remove('/a/n-0000000002'), next)).toEqual([
      'create /a/n-0000000001',
      'create /a/n-0000000002',
      'delete /a/n-0000000002',
      'create /a/n-0000000003',
    ])
    leader.applyAll()
    expect(leader.judge(session, create('/a/plain'), next)).toEqual([
      'create /a/plain',
      'create /a/n-0000000005',
    ])
  })

  test('Q1: the name is judged with its digits, so that "/a/" is a legal prefix', () => {
    const { leader, session } = withTree()

    expect(leader.judge(session, create('/a/', { sequential: true }))).toEqual([
      'create /a/0000000001',
    ])
  })
})

describe('create with parents', () => {
  test('missing ancestors come first, in the same txn, persistent and without data', () => {
    const { leader, session } = withTree()
    const request = create('/a/x/y/z', { parents: true, mode: 'ephemeral', data: bytes('z') })

    const [txn] = leader.write(session, request)

    const ancestor = { type: 'create', data: null, ephemeralOwner: 0, reap: 0 }
    expect(txn).toMatchObject({
      type: 'create-with-parents',
      txns: [
        { ...ancestor, path: '/a/x', parentCreateCount: 2 },
        { ...ancestor, path: '/a/x/y', parentCreateCount: 1 },
        {
          type: 'create',
          path: '/a/x/y/z',
          ephemeralOwner: session,
          reap: 0,
          parentCreateCount: 1,
        },
      ],
    })
    expect(leader.recorder.results.at(-1)).toMatchObject({ type: 'create', path: '/a/x/y/z' })
  })

  test('it is a plain create when none is missing, as it will be', () => {
    const { leader, session } = withTree()
    const parents = true

    expect(
      leader.judge(
        session,
        create('/x/y', { parents }),
        create('/x/y/', { parents, sequential: true }),
        create('/x/q/n', { parents, sequential: true }),
      ),
    ).toEqual([
      'create-with-parents [create /x, create /x/y]',
      'create /x/y/0000000000',
      'create-with-parents [create /x/q, create /x/q/n0000000000]',
    ])
  })

  test('what is wrong with the path or the nearest ancestor refuses all of it', () => {
    const { leader, session } = withTree()
    const parents = true

    expect(
      leader.judge(
        session,
        create('x/y', { parents }),
        create('/x//y', { parents }),
        create('/e/x/y', { parents }),
        create('/a/b', { parents }),
        create('/', { parents }),
        create('/x', { parents: false }),
      ),
    ).toEqual([
      'BAD_ARGUMENT x/y',
      'BAD_ARGUMENT /x//y',
      'NO_CHILDREN_FOR_EPHEMERALS /e/x/y',
      'NODE_EXISTS /a/b',
      'NODE_EXISTS /',
      'create /x',
    ])
  })
})

describe('recursive delete', () => {
  test('takes the subtree as it will be, leaves first; the version guards its root', () => {
    const { leader, session } = withTree()
    leader.write(session, create('/a/b/old'), create('/a/gone'), create('/a/back'))
    const recursive = true

    leader.send(
      session,
      create('/a/b/new'),
      create('/a/b/new/deep'),
      remove('/a/gone'),
      remove('/a/back'),
      create('/a/back'),
      set('/a/b/old'),
      remove('/a', { recursive, version: 9 }),
      remove('/a', { recursive, version: 0 }),
      remove('/a', { recursive }),
      create('/a'),
      remove('/a', { recursive }),
      remove('/', { recursive }),
    )
    const txns = leader.draftAll()

    const subtree = txns.find((txn) => txn.type === 'delete-subtree')
    const paths = subtree?.txns.map(({ path }) => path) ?? []
    expect([...paths].sort()).toEqual(
      ['/a', '/a/b', '/a/back', '/a/b/new', '/a/b/new/deep', '/a/b/old'].sort(),
    )
    for (const [index, path] of paths.entries()) {
      const above = paths.slice(0, index).filter((earlier) => path.startsWith(`${earlier}/`))
      expect(above, `deleted before ${path}`).toEqual([])
    }
    expect(txns.slice(6).map((txn) => wordOf(txn).split(' [')[0])).toEqual([
      'BAD_VERSION /a',
      'delete-subtree',
      'NO_NODE /a',
      'create /a',
      'delete /a',
      'BAD_ARGUMENT /',
    ])
    leader.applyAll()
    expect(leader.replica.tree.size).toBe(5)
  })

  test('a subtree too large for a txn is refused, and stays', () => {
    const { leader, session } = withTree({ maxTxnBytes: 600 })
    for (let i = 0; i < 20; i += 1) leader.write(session, create(`/a/b/child-${String(i)}`))

    expect(leader.judge(session, remove('/a', { recursive: true }))).toEqual([
      'LIMIT_EXCEEDED maxTxnBytes /a',
    ])
  })
})

describe('transaction', () => {
  test('D4: later operations see earlier ones, and all have one zxid', () => {
    const { leader, session } = withTree()
    const next = create('/t/n-', { sequential: true })

    const [txn] = leader.write(
      session,
      transaction(
        create('/t'),
        next,
        next,
        set('/t', 0),
        check('/t', 1),
        remove('/t/n-0000000000'),
      ),
    )

    expect(wordOf(txn!)).toBe(
      'transaction [create /t, create /t/n-0000000000, create /t/n-0000000001, set /t, check /t, ' +
        'delete /t/n-0000000000]',
    )
    expect(leader.recorder.results.at(-1)).toMatchObject({
      type: 'transaction',
      results: ['create', 'create', 'create', 'set', 'check', 'delete'].map((type) => ({ type })),
    })
  })

  test('D4: when one operation is refused, none was ever there', () => {
    const { leader, session } = withTree()

    expect(
      leader.judge(
        session,
        set('/a'),
        transaction(
          set('/a'),
          create('/a/t', { mode: 'ephemeral' }),
          remove('/e'),
          create('/e'),
          remove('/a/b'),
          set('/a', 9),
        ),
        set('/a', 1),
        create('/a/t'),
        create('/a/n-', { sequential: true }),
        create('/a/b'),
        create('/e'),
        transaction(),
      ),
    ).toEqual([
      'set /a',
      'BAD_VERSION /a at 5',
      'set /a',
      'create /a/t',
      'create /a/n-0000000002',
      'NODE_EXISTS /a/b',
      'NODE_EXISTS /e',
      'transaction []',
    ])
    expect(leader.judge(session, close)).toEqual(['closed [/e]'])
    leader.applyAll()
  })
})
