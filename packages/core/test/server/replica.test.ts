import { describe, expect, test } from 'vitest'
import {
  InvariantError,
  makeZxid,
  noPage,
  noSession,
  Replica,
  sessionIdAt,
  statOf,
  type PeerId,
  type SessionId,
  type TreeTxn,
  type Txn,
  type Zxid,
} from '../../src/internal.ts'
import { pageOf } from './random-history.ts'
import { Recorder, recordsOf, sessionOf } from './replica-witness.ts'
import { bytes } from './requests.ts'

const unasked = { timeMs: 1_790_000_000_000, session: noSession, requestId: 0 }

/** Applies txns as the next page, in the same epoch. */
function applyTo(replica: Replica, txns: readonly Txn[], observer = new Recorder()): Recorder {
  replica.apply(pageOf(replica.end, txns), txns, observer)
  return observer
}

function create(path: string, parentCreateCount: number, owner = noSession): Txn & TreeTxn {
  return {
    ...unasked,
    type: 'create',
    path,
    data: null,
    ephemeralOwner: owner,
    reap: 0,
    parentCreateCount,
    acl: null,
  }
}

/** A replica with one session, 1:1, hosted by peer 1. */
function withSession(): { replica: Replica; session: SessionId } {
  const replica = Replica.empty()
  const password = new Uint8Array(16)
  applyTo(replica, [{ ...unasked, type: 'create-session', timeoutMs: 9_000, password, host: 1 }])
  return { replica, session: sessionIdAt(makeZxid(1, 1)) }
}

describe('replica, pages', () => {
  test('Z5: a page that does not follow the last one is refused', () => {
    const replica = Replica.empty()
    applyTo(replica, [create('/a', 1)])
    const { end } = replica
    const txns = [create('/b', 2)]

    const skipping = pageOf({ ...end, last: makeZxid(1, 5) }, txns)
    expect(() => replica.apply(skipping, txns, new Recorder())).toThrow(InvariantError)
    const forked = pageOf({ ...end, crc: end.crc + 1 }, txns)
    expect(() => replica.apply(forked, txns, new Recorder())).toThrow(/^Z5/)
    expect(replica.end).toEqual(end)
  })

  test('Z5: a page with more or fewer txns than zxids is refused', () => {
    const replica = Replica.empty()
    const page = pageOf(noPage, [create('/a', 1), create('/b', 2)])

    expect(() => replica.apply(page, [create('/a', 1)], new Recorder())).toThrow(/^Z5/)
    expect(() => replica.apply(page, [], new Recorder())).toThrow(/^Z5/)
  })

  test('ZOOKEEPER-3127: lastApplied moves after the whole page, never within a transaction', () => {
    const replica = Replica.empty()
    const seen: Zxid[] = []
    const observer = new Recorder()
    observer.onChanged = () => seen.push(replica.lastApplied)
    const transaction: Txn = {
      ...unasked,
      type: 'transaction',
      txns: [create('/a', 1), create('/a/b', 1)],
    }

    applyTo(replica, [transaction, create('/c', 2)], observer)

    expect(seen).toEqual([0, 0, 0])
    expect(replica.lastApplied).toBe(makeZxid(1, 2))
  })

  test('D4: a page that fails on its second txn leaves the end where it was', () => {
    const replica = Replica.empty()
    const observer = new Recorder()

    expect(() => applyTo(replica, [create('/a', 1), create('/a', 2)], observer)).toThrow(/^D5/)
    expect(observer.applied).toEqual(['created /a', 'create'])
    expect(replica.end).toEqual(noPage)
  })

  test('a configuration takes effect; an older one is refused', () => {
    const replica = Replica.empty()
    const configuration = {
      ensembleId: 77,
      version: 1,
      members: [{ id: 1, role: 'voter' as const }],
    }

    applyTo(replica, [{ ...unasked, type: 'configure', configuration }])

    expect(replica.configuration).toBe(configuration)
    expect(replica.tree.get('/zookeeper/config')).toMatchObject({
      mzxid: replica.end.last,
      data: bytes(`server.1=participant\nversion=${replica.end.last.toString(16)}`),
    })
    expect(() => applyTo(replica, [{ ...unasked, type: 'configure', configuration }])).toThrow(
      /^Z18/,
    )
  })
})

describe('replica, sessions', () => {
  test('S1: the id of a session is the zxid of its txn', () => {
    const { replica, session } = withSession()

    expect(sessionOf(replica, session)).toEqual({
      id: session,
      timeoutMs: 9_000,
      password: new Uint8Array(16),
      host: 1,
      hostedSince: makeZxid(1, 1),
      lastRequestId: 0,
    })
    expect(replica.sessions.findByPassword(new Uint8Array(16))?.id).toBe(session)
    expect(replica.sessions.findByPassword(new Uint8Array(15))).toBeUndefined()
  })

  test('S7: a move names the new host and since when, and keeps the count of requests', () => {
    const { replica, session } = withSession()
    applyTo(replica, [{ ...create('/a', 1), session, requestId: 1 }])
    const host: PeerId = 3

    applyTo(replica, [{ ...unasked, type: 'move-session', moved: session, host }])

    const moved = replica.sessions.get(session)
    expect(moved).toMatchObject({ host, hostedSince: makeZxid(1, 3), lastRequestId: 1 })
  })

  test('R2: request ids rise by one, whatever the txn; a gap or a repeat is refused', () => {
    const { replica, session } = withSession()
    const refusal = {
      type: 'refuse',
      code: 'NO_NODE',
      path: '/x',
      operation: 0,
      limit: null,
    } as const
    const asked = (requestId: number): Txn => ({ ...unasked, ...refusal, session, requestId })

    applyTo(replica, [
      { ...create('/a', 1), session, requestId: 1 },
      asked(2),
      { ...unasked, type: 'transaction', txns: [], session, requestId: 3 },
    ])

    expect(replica.sessions.get(session)?.lastRequestId).toBe(3)
    expect(() => applyTo(replica, [asked(3)])).toThrow(/^R2/)
    expect(() => applyTo(replica, [asked(5)])).toThrow(/^R2/)
  })

  test('R2: two live sessions never have the same password', () => {
    const { replica } = withSession()
    const password = new Uint8Array(16)

    expect(() =>
      applyTo(replica, [{ ...unasked, type: 'create-session', timeoutMs: 1, password, host: 2 }]),
    ).toThrow(/^R2/)
  })

  test('D5: a refusal changes nothing but the count of requests', () => {
    const { replica, session } = withSession()
    applyTo(replica, [create('/a', 1)])
    const before = recordsOf(replica)
    const refusal = {
      type: 'refuse',
      code: 'NO_NODE',
      path: '/a',
      operation: 0,
      limit: null,
    } as const

    const { events } = applyTo(replica, [{ ...unasked, ...refusal, session, requestId: 1 }])

    expect(events).toEqual([])
    expect(replica.sessions.get(session)?.lastRequestId).toBe(1)
    expect({ ...(recordsOf(replica) as object), sessions: [] }).toEqual({
      ...(before as object),
      sessions: [],
    })
  })

  test('S3: a refusal for a session that has ended is applied, any other txn of it is not', () => {
    const { replica, session } = withSession()
    applyTo(replica, [
      { ...unasked, type: 'close-session', closed: session, reason: 'expired', paths: [] },
    ])
    const refusal = {
      type: 'refuse',
      code: 'SESSION_EXPIRED',
      path: '',
      operation: 0,
      limit: null,
    } as const

    applyTo(replica, [{ ...unasked, ...refusal, session, requestId: 1 }])

    expect(replica.lastApplied).toBe(makeZxid(1, 3))
    expect(replica.sessions.size).toBe(0)
    expect(() => applyTo(replica, [{ ...create('/a', 1), session, requestId: 1 }])).toThrow(/^S3/)
  })

  test('ZOOKEEPER-2355: an ephemeral znode of a session that is not live is refused', () => {
    const { replica, session } = withSession()
    applyTo(replica, [
      { ...unasked, type: 'close-session', closed: session, reason: 'expired', paths: [] },
    ])

    expect(() => applyTo(replica, [create('/lock', 1, session)])).toThrow(/^S2/)
  })

  test('ZOOKEEPER-3145: the end of a session deletes its ephemerals at one zxid, pzxids included', () => {
    const { replica, session } = withSession()
    applyTo(replica, [
      create('/a', 1),
      create('/a/x', 1, session),
      create('/y', 2, session),
      create('/a/z', 2),
    ])
    expect([...replica.sessions.ephemeralsOf(session)]).toEqual(['/a/x', '/y'])

    const { applied } = applyTo(replica, [
      {
        ...unasked,
        ...{ type: 'close-session', closed: session, reason: 'closed', session, requestId: 1 },
        paths: ['/y', '/a/x'],
      },
    ])

    expect(applied).toEqual(['deleted /y', 'deleted /a/x', 'close-session'])
    expect(replica.tree.get('/a')?.pzxid).toBe(makeZxid(1, 6))
    expect(replica.tree.get('/')?.pzxid).toBe(makeZxid(1, 6))
    expect(statOf(replica.tree.get('/a')!)).toMatchObject({ cversion: 3, numChildren: 1 })
    expect(replica.sessions.size).toBe(0)
    expect(replica.sessions.ephemeralsOf(session).size).toBe(0)
    expect(replica.sessions.findByPassword(new Uint8Array(16))).toBeUndefined()
  })

  test('S3: the end of a session that forgets an ephemeral, or takes more, is refused', () => {
    const close = (closed: SessionId, paths: readonly string[]): Txn => ({
      ...{ ...unasked, type: 'close-session', closed, reason: 'expired', paths },
    })

    const forgetful = withSession()
    applyTo(forgetful.replica, [create('/x', 1, forgetful.session)])
    expect(() => applyTo(forgetful.replica, [close(forgetful.session, [])])).toThrow(/^S3/)

    const greedy = withSession()
    applyTo(greedy.replica, [create('/x', 1)])
    expect(() => applyTo(greedy.replica, [close(greedy.session, ['/x'])])).toThrow(/^S3/)
  })

  test('S2: an ephemeral that is deleted is no longer listed with its owner', () => {
    const { replica, session } = withSession()
    applyTo(replica, [create('/x', 1, session), { ...unasked, type: 'delete', path: '/x' }])

    expect(replica.sessions.ephemeralsOf(session).size).toBe(0)
  })
})

describe('replica, results', () => {
  test('D4: each operation of a transaction is answered with its stat as of that operation', () => {
    const { replica, session } = withSession()
    const data = new Uint8Array(5)
    const txns: TreeTxn[] = [
      create('/a', 1),
      create('/a/b', 1),
      { type: 'set', path: '/a', data, version: 1 },
      { type: 'check', path: '/a' },
      { type: 'delete', path: '/a/b' },
      { type: 'set', path: '/a', data: null, version: 2 },
    ]

    const { results, applied } = applyTo(replica, [
      { ...unasked, type: 'transaction', txns, session, requestId: 1 },
    ])

    expect(applied).toEqual([
      ...['created /a', 'created /a/b', 'changed /a', 'deleted /a/b', 'changed /a'],
      'transaction',
    ])
    expect(results).toMatchObject([
      {
        type: 'transaction',
        results: [
          { type: 'create', path: '/a', stat: { version: 0, numChildren: 0, cversion: 0 } },
          { type: 'create', path: '/a/b', stat: { version: 0 } },
          { type: 'set', stat: { version: 1, numChildren: 1, cversion: 1, dataLength: 5 } },
          { type: 'check' },
          { type: 'delete' },
          { type: 'set', stat: { version: 2, numChildren: 0, cversion: 2, dataLength: 0 } },
        ],
      },
    ])
  })

  test('a create with parents is answered like a create of the last path', () => {
    const { replica, session } = withSession()
    const txns: TreeTxn[] = [create('/a', 1), create('/a/b', 1), create('/a/b/c', 1)]

    const { results } = applyTo(replica, [
      { ...unasked, type: 'create-with-parents', txns, session, requestId: 1 },
    ])

    expect(results).toMatchObject([{ type: 'create', path: '/a/b/c' }])
  })

  test('a subtree goes leaves first, and is answered like a delete', () => {
    const { replica, session } = withSession()
    applyTo(replica, [create('/a', 1), create('/a/b', 1)])
    const txns: TreeTxn[] = ['/a/b', '/a'].map((path) => ({ type: 'delete', path }))

    const { results, applied } = applyTo(replica, [
      { ...unasked, type: 'delete-subtree', txns, session, requestId: 1 },
    ])

    expect(applied).toEqual(['deleted /a/b', 'deleted /a', 'delete-subtree'])
    expect(results).toEqual([{ type: 'delete' }])
  })

  test('no result is made for a session that is not asked about', () => {
    const { replica, session } = withSession()

    const { results, events } = applyTo(
      replica,
      [{ ...create('/a', 1), session, requestId: 1 }],
      new Recorder(false),
    )

    expect(results).toEqual([null])
    expect(events).toHaveLength(1)
  })

  test('a stat that was handed out does not change with the znode', () => {
    const { replica, session } = withSession()
    const { results } = applyTo(replica, [{ ...create('/a', 1), session, requestId: 1 }])

    applyTo(replica, [{ ...unasked, type: 'set', path: '/a', data: null, version: 1 }])

    expect(results).toMatchObject([{ stat: { version: 0 } }])
  })
})
