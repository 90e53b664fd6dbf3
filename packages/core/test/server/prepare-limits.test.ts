import { describe, expect, test } from 'vitest'
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
