import { describe, expect, test } from 'vitest'
import type { TreeRequest } from '../../src/internal.ts'
import { host, LoneLeader, withTree, wordOf } from './lone-leader.ts'
import { check, close, create, remove, set, transaction } from './requests.ts'

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

describe('the bounds of the tree', () => {
  const { size, bytes } = withTree().leader.replica.tree

  test('no znode has more children than maxChildren, those that are on their way among them', () => {
    const { leader, session } = withTree({ maxChildren: 2 })

    expect(
      leader.judge(
        session,
        create('/a/c'),
        create('/a/d'),
        create('/a/d', { sequential: true }),
        transaction(remove('/a/c'), create('/a/d')),
        create('/a/b/1/2', { parents: true }),
        create('/e2/x', { parents: true }),
      ),
    ).toEqual([
      'create /a/c',
      'LIMIT_EXCEEDED maxChildren /a/d',
      'LIMIT_EXCEEDED maxChildren /a/d0000000002',
      'transaction [delete /a/c, create /a/d]',
      'create-with-parents [create /a/b/1, create /a/b/1/2]',
      'LIMIT_EXCEEDED maxChildren /e2/x',
    ])
  })

  test('D4: there are never more znodes than maxZnodes; what is refused leaves nothing behind', () => {
    const { leader, session } = withTree({ maxZnodes: size + 2 })

    expect(
      leader.judge(
        session,
        create('/1/2/3', { parents: true }),
        transaction(create('/1'), create('/2'), create('/3')),
        create('/1/2', { parents: true }),
        create('/3'),
        transaction(remove('/e'), create('/3')),
        set('/a'),
      ),
    ).toEqual([
      'LIMIT_EXCEEDED maxZnodes /1/2/3',
      'LIMIT_EXCEEDED maxZnodes /3 at 2',
      'create-with-parents [create /1, create /1/2]',
      'LIMIT_EXCEEDED maxZnodes /3',
      'transaction [delete /e, create /3]',
      'set /a',
    ])
    leader.applyAll()
    expect(leader.replica.tree.size).toBe(size + 2)
  })

  test('paths and data never add up to more than maxTreeBytes; what shrinks is not refused', () => {
    const { leader, session } = withTree({ maxTreeBytes: bytes + 10 })
    const data = (length: number): Uint8Array => new Uint8Array(length)

    expect(
      leader.judge(
        session,
        set('/a', -1, data(11)),
        set('/a', -1, data(10)),
        create('/1'),
        set('/a', -1, data(8)),
        create('/1'),
        set('/a/b', -1, data(1)),
        transaction(set('/a', -1, data(7)), set('/a/b', -1, data(1))),
        remove('/1'),
        create('/a/b/c', { data: data(1) }),
      ),
    ).toEqual([
      'LIMIT_EXCEEDED maxTreeBytes /a',
      'set /a',
      'LIMIT_EXCEEDED maxTreeBytes /1',
      'set /a',
      'create /1',
      'LIMIT_EXCEEDED maxTreeBytes /a/b',
      'transaction [set /a, set /a/b]',
      'delete /1',
      'LIMIT_EXCEEDED maxTreeBytes /a/b/c',
    ])
    leader.applyAll()
    expect(leader.replica.tree.bytes).toBe(bytes + 8)
  })

  test('a smaller bound than what is there refuses growth alone, also by a new leader', () => {
    const { leader, session } = withTree()
    leader.write(session, set('/a', -1, new Uint8Array(100)))
    const next = new LoneLeader({ maxTreeBytes: 10, maxZnodes: 2 }, leader.replica, 2)

    const request = (one: TreeRequest, id: number) => next.request(session, one, id)
    const smaller = set('/a', -1, new Uint8Array(99))
    next.leadership.receive(host, [
      request(smaller, 5),
      request(create('/x'), 6),
      request(remove('/e'), 7),
    ])

    expect(next.draftAll().map(wordOf)).toEqual([
      'set /a',
      'LIMIT_EXCEEDED maxZnodes /x',
      'delete /e',
    ])
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

  test('ZOOKEEPER-4306: a new leader counts what the session owned before', () => {
    const limits = { maxSessionEphemerals: 2, maxTxnBytes: 400 }
    const { leader, session } = withTree(limits)
    const mode = 'ephemeral'
    const next = new LoneLeader(limits, leader.replica, 2)

    const request = (path: string, id: number) => next.request(session, create(path, { mode }), id)
    const long = `/${'x'.repeat(310)}`
    next.leadership.receive(host, [request(long, 4), request('/2', 5), request('/3', 6)])

    expect(next.draftAll().map(wordOf)).toEqual([
      `LIMIT_EXCEEDED maxTxnBytes ${long}`,
      'create /2',
      'LIMIT_EXCEEDED maxSessionEphemerals /3',
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
