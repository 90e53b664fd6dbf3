import { describe, expect, test } from 'vitest'
import type { Limits, SessionId } from '../../src/internal.ts'
import { LoneLeader, wordOf } from './lone-leader.ts'
import { bytes, check, close, create, remove, set, transaction } from './requests.ts'

/** A leader, a session, and the tree `/a`, `/a/b`, `/e` (an ephemeral of the session). */
function withTree(limits: Partial<Limits> = {}): { leader: LoneLeader; session: SessionId } {
  const leader = new LoneLeader(limits)
  const session = leader.session()
  leader.write(session, create('/a'), create('/a/b'), create('/e', { mode: 'ephemeral' }))
  return { leader, session }
}

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

  test('a delete: the root, no znode, another version, children', () => {
    const { leader, session } = withTree()

    expect(
      leader.judge(
        session,
        remove('/'),
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
    const before = [...leader.replica.tree.znodes()].map((znode) => ({ ...znode }))

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
    expect([...leader.replica.tree.znodes()].map((znode) => ({ ...znode }))).toEqual(before)
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

    const ancestor = { type: 'create', data: null, ephemeralOwner: 0 }
    expect(txn).toMatchObject({
      type: 'create-with-parents',
      txns: [
        { ...ancestor, path: '/a/x', parentCreateCount: 2 },
        { ...ancestor, path: '/a/x/y', parentCreateCount: 1 },
        { type: 'create', path: '/a/x/y/z', ephemeralOwner: session, parentCreateCount: 1 },
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
    expect(leader.replica.tree.size).toBe(2)
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

describe('limits', () => {
  test('each is named where it is reached', () => {
    const limits = { maxDataBytes: 8, maxPathLength: 12, maxTxnBytes: 200, maxOperations: 3 }
    const { leader, session } = withTree(limits)
    const large = new Uint8Array(9)
    const many = [check('/a'), check('/a'), check('/a'), check('/a')]
    const heavy = create('/a/s', { sequential: true, data: new Uint8Array(8) })

    expect(
      leader.judge(
        session,
        set('/a', -1, large),
        create('/a/c', { data: large }),
        create('/a/123456789a'),
        create('/a/c', { sequential: true }),
        transaction(...many),
        transaction(heavy),
        create(`/${'x'.repeat(300)}`),
      ),
    ).toEqual([
      'LIMIT_EXCEEDED maxDataBytes /a',
      'LIMIT_EXCEEDED maxDataBytes /a/c',
      'LIMIT_EXCEEDED maxPathLength /a/123456789',
      'LIMIT_EXCEEDED maxPathLength /a/c00000000',
      'LIMIT_EXCEEDED maxOperations ',
      'LIMIT_EXCEEDED maxPathLength /a/s00000000',
      'LIMIT_EXCEEDED maxTxnBytes /xxxxxxxxxxx',
    ])
  })

  test('ZOOKEEPER-3496: a txn is measured, not the request that led to it', () => {
    const { leader, session } = withTree({ maxTxnBytes: 260 })
    const piece = create('/a/s', { sequential: true, data: new Uint8Array(40) })

    expect(
      leader.judge(session, transaction(piece, piece), transaction(piece, piece, piece), piece),
    ).toEqual([
      'transaction [create /a/s0000000001, create /a/s0000000002]',
      'LIMIT_EXCEEDED maxTxnBytes /a/s at 2',
      'create /a/s0000000003',
    ])
    const deep = create(`/1/2/3/4/5/6/7/8/9`, { parents: true })
    expect(leader.judge(session, deep)).toEqual(['LIMIT_EXCEEDED maxTxnBytes /1/2/3/4/5/6/7/8/9'])
  })
})

describe("a session's end", () => {
  test('S3, ZOOKEEPER-1367: it deletes what outstanding txns made, and not what they deleted', () => {
    const { leader, session } = withTree()
    const other = leader.session()
    const mode = 'ephemeral'
    leader.write(session, create('/kept', { mode }), create('/lost', { mode }))
    leader.write(other, create('/others', { mode }))

    leader.send(session, create('/new', { mode }), create('/brief', { mode }), remove('/brief'))
    leader.send(other, remove('/lost'), remove('/others'), create('/lost', { mode }))
    leader.send(session, create('/others', { mode }), remove('/kept'), create('/kept', { mode }))

    const words = leader.judge(session, close)
    expect(words.at(-1)).toBe('closed [/e, /kept, /new, /others]')
    leader.applyAll()
    expect([...leader.replica.sessions.ephemeralsOf(other)]).toEqual(['/lost'])
  })

  test('S3: nothing of the session is judged behind its end, and its znodes are gone for others', () => {
    const { leader, session } = withTree()
    const other = leader.session()

    expect(leader.judge(session, close, set('/a'), create('/late', { mode: 'ephemeral' }))).toEqual(
      ['closed [/e]'],
    )
    expect(leader.judge(other, set('/e'), create('/e'))).toEqual(['NO_NODE /e', 'create /e'])
    leader.applyAll()
    expect(leader.judge(session, set('/a'))).toEqual([])
  })

  test('ZOOKEEPER-4306: the ephemeral with which the end would not fit a txn is refused', () => {
    const { leader, session } = withTree({ maxSessionEphemerals: 3, maxTxnBytes: 400 })
    const mode = 'ephemeral'
    const long = `/${'x'.repeat(250)}`

    expect(
      leader.judge(
        session,
        create('/2', { mode }),
        create(long, { mode }),
        create('/3', { mode }),
        create('/4', { mode }),
        transaction(remove('/2'), create('/4', { mode })),
        transaction(create('/5', { mode })),
      ),
    ).toEqual([
      'create /2',
      `create ${long}`,
      'LIMIT_EXCEEDED maxSessionEphemerals /3',
      'LIMIT_EXCEEDED maxSessionEphemerals /4',
      'transaction [delete /2, create /4]',
      'LIMIT_EXCEEDED maxSessionEphemerals /5',
    ])
    expect(leader.judge(session, remove('/4'), create(`${long}y`, { mode }))).toEqual([
      'delete /4',
      `LIMIT_EXCEEDED maxTxnBytes ${long}y`,
    ])
  })

  test('what a refused transaction took from a session and gave it is counted as before', () => {
    const { leader, session } = withTree({ maxSessionEphemerals: 2 })
    const mode = 'ephemeral'
    const refused = transaction(
      remove('/e'),
      create('/2', { mode }),
      create('/3', { mode }),
      check('/'),
    )
    const failing = transaction(remove('/e'), create('/2', { mode }), check('/none'))

    expect(
      leader.judge(
        session,
        failing,
        failing,
        refused,
        create('/4', { mode }),
        create('/5', { mode }),
      ),
    ).toEqual([
      'NO_NODE /none at 2',
      'NO_NODE /none at 2',
      'transaction [delete /e, create /2, create /3, check /]',
      'LIMIT_EXCEEDED maxSessionEphemerals /4',
      'LIMIT_EXCEEDED maxSessionEphemerals /5',
    ])
  })
})
