import { describe, expect, test } from 'vitest'
import type { AclEntry, SessionId, SetOperation } from '../../src/internal.ts'
import { bytes, close, create, password, remove, set, transaction } from './requests.ts'
import { TestPeers, wordsOf } from './test-peers.ts'

/** Three peers led by 1, and a session hosted by 2. */
function followed(limits = {}): { peers: TestPeers; session: SessionId } {
  const peers = new TestPeers(3, limits)
  peers.elect(1)
  return { peers, session: peers.session(2) }
}

describe('calls', () => {
  test('C5: a session is answered in the order of its requests, with what they came to', () => {
    const { peers, session } = followed()
    const host = peers.peer(2)

    host.request(session, 10, create('/a', { data: bytes('1') }))
    host.request(session, 11, set('/a', 7))
    host.request(session, 12, set('/a', 0))
    peers.settle()
    host.request(session, 13, remove('/a'))
    peers.settle()

    expect(wordsOf(host.toldTo(session))).toEqual([
      '10 create',
      '11 BAD_VERSION',
      '12 set',
      '13 delete',
    ])
    expect(host.toldTo(session)).toMatchObject([
      { zxid: peers.at(2), result: { path: '/a', stat: { czxid: peers.at(2), version: 0 } } },
      {
        zxid: peers.at(3),
        refusal: { code: 'BAD_VERSION', path: '/a', operation: 0, limit: null },
        version: 0,
      },
      { zxid: peers.at(4), result: { stat: { version: 1 } } },
      { zxid: peers.at(5) },
    ])
  })

  test('the requests of one step leave together, in messages of about a page', () => {
    const { peers, session } = followed({ maxPageBytes: 1_000 })
    const host = peers.peer(2)

    for (let call = 0; call < 6; call += 1) {
      host.request(session, call, set('/', -1, new Uint8Array(400)))
    }
    peers.step(host)

    const sent = peers.mail.map(({ to, message }) => [
      to,
      message.type === 'requests' && message.requests.map(({ requestId }) => requestId),
    ])
    expect(sent).toEqual([
      [1, [1, 2, 3]],
      [1, [4, 5, 6]],
    ])
  })

  test('a call of a session that is not, or no longer, hosted here is told so', () => {
    const { peers } = followed()
    const stranger = 99 as SessionId

    peers.peer(2).request(stranger, 1, create('/a'))
    peers.peer(2).server.handle({ type: 'sync-requested', session: stranger, call: 2 })
    peers.step(peers.peer(2))

    expect(wordsOf(peers.peer(2).toldTo(stranger))).toEqual([
      '1 SESSION_EXPIRED not-applied',
      '2 SESSION_EXPIRED not-applied',
    ])
  })

  test('C1: a call given up before its write was sent is not applied, one after is unknown', () => {
    const { peers, session } = followed()
    const host = peers.peer(2)

    host.request(session, 1, create('/sent'))
    peers.step(host)
    host.request(session, 2, create('/unsent'))
    host.request(session, 3, create('/other'))
    for (const call of [1, 2, 99]) host.server.handle({ type: 'call-aborted', call })
    peers.settle()

    expect(wordsOf(host.toldTo(session))).toEqual([
      '1 ABORTED unknown',
      '2 ABORTED not-applied',
      '3 create',
    ])
    expect(host.server.replica.tree.get('/sent')).toBeDefined()
    expect(host.server.replica.tree.get('/unsent')).toBeUndefined()
    expect(host.server.replica.sessions.get(session)?.lastRequestId).toBe(2)
  })

  test('R2: a call that was given up after it was sent is still sent again', () => {
    const { peers, session } = followed()
    const host = peers.peer(2)

    host.request(session, 1, create('/sent'))
    peers.step(host)
    host.server.handle({ type: 'call-aborted', call: 1 })
    host.request(session, 2, create('/next'))
    peers.step(host)
    peers.elect(3)
    peers.settle()

    expect(wordsOf(host.toldTo(session))).toEqual(['1 ABORTED unknown', '2 create'])
    expect(host.server.replica.tree.childrenOf('/')).toEqual(['next', 'sent', 'zookeeper'])
  })

  test('without a leader calls wait, and those given up leave nothing behind', () => {
    const { peers, session } = followed({ maxSessionRequests: 4 })
    const host = peers.peer(2)
    peers.lose()

    for (let round = 0; round < 50; round += 1) {
      for (let call = 0; call < 4; call += 1) host.request(session, round * 10 + call, create('/a'))
      peers.step(host)
      for (let call = 0; call < 4; call += 1) {
        host.server.handle({ type: 'call-aborted', call: round * 10 + call })
      }
    }
    host.request(session, 1_000, create('/a'))
    peers.elect(3)
    peers.settle()

    const words = wordsOf(host.toldTo(session))
    expect(words).toHaveLength(201)
    expect(words.slice(0, -1).every((word) => word.endsWith('ABORTED not-applied'))).toBe(true)
    expect(words.at(-1)).toBe('1000 create')
  })
})

describe('bounds', () => {
  test('a session with too many calls unanswered is busy, but can always be closed', () => {
    const { peers, session } = followed({ maxSessionRequests: 2 })
    const host = peers.peer(2)

    host.request(session, 1, create('/1'))
    host.server.handle({ type: 'sync-requested', session, call: 2 })
    host.request(session, 3, create('/3'))
    host.server.handle({ type: 'sync-requested', session, call: 4 })
    host.request(session, 5, close)
    peers.settle()

    expect(wordsOf(host.toldTo(session))).toEqual([
      '3 BUSY not-applied',
      '4 BUSY not-applied',
      '1 create',
      '5 close-session',
      '2 SESSION_EXPIRED not-applied',
      'ended closed',
    ])
  })

  test('no more is forwarded than may be unanswered; the rest follows, in order', () => {
    const { peers, session } = followed({ maxForwardedBytes: 1_000 })
    const host = peers.peer(2)
    const other = peers.session(2)
    const write = (index: number) => create(`/${String(index)}`, { data: new Uint8Array(300) })

    for (let index = 0; index < 10; index += 1) {
      host.request(index % 2 === 0 ? session : other, index, write(index))
    }
    peers.step(host)

    const [letter] = peers.mail
    expect(letter?.message).toMatchObject({ type: 'requests', requests: { length: 2 } })
    peers.settle()
    const order = peers.history
      .flatMap((page) => peers.pages.decode(page))
      .flatMap((txn) => (txn.type === 'create' ? [txn.path] : []))
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((index) => `/${String(index)}`))
  })

  test('a write larger than may be forwarded goes alone', () => {
    const { peers, session } = followed({ maxForwardedBytes: 1_000 })
    const host = peers.peer(2)

    for (const call of [1, 2]) {
      host.request(session, call, create(`/${String(call)}`, { data: new Uint8Array(5_000) }))
    }
    peers.step(host)
    expect(peers.mail).toHaveLength(1)
    peers.settle()

    expect(wordsOf(host.toldTo(session))).toEqual(['1 create', '2 create'])
  })

  test('what no message can hold is refused by its host, and nothing of it is sent', () => {
    const { peers, session } = followed({ maxTxnBytes: 100_000_000 })
    const host = peers.peer(2)
    const text = 'x'.repeat(65_537)
    const entry = { permissions: 31, scheme: 'digest', id: 'a:b' }

    host.request(session, 1, create(`/${text}`))
    host.request(session, 2, create('/a', { acl: [{ ...entry, scheme: text }] }))
    host.request(session, 3, create('/a', { acl: new Array<AclEntry>(70_000).fill(entry) }))
    host.request(session, 4, transaction(...new Array<SetOperation>(40_000).fill(set('/', -1))))
    peers.step(host)

    expect(peers.mail).toEqual([])
    expect(wordsOf(host.toldTo(session))).toEqual(
      [1, 2, 3, 4].map((call) => `${String(call)} LIMIT_EXCEEDED not-applied`),
    )
  })

  test('what waits at a peer is bounded; what no txn can hold is refused at once', () => {
    const { peers, session } = followed({ maxWaitingBytes: 1_000, maxTxnBytes: 5_000 })
    const host = peers.peer(2)
    peers.lose()
    const piece = set('/', -1, new Uint8Array(300))

    for (let call = 0; call < 4; call += 1) host.request(session, call, piece)
    host.request(session, 4, transaction(set('/', -1, new Uint8Array(5_000))))
    peers.step(host)

    expect(wordsOf(host.toldTo(session))).toEqual([
      '2 BUSY not-applied',
      '3 BUSY not-applied',
      '4 LIMIT_EXCEEDED not-applied',
    ])
    expect(host.toldTo(session).at(-1)).toMatchObject({
      detail: 'the write has about 5073 bytes, a txn 5000 at most (maxTxnBytes): divide it',
    })
    peers.elect(1)
    peers.settle()
    expect(wordsOf(host.toldTo(session)).slice(3)).toEqual(['0 set', '1 set'])
  })

  test('sessions that wait to exist are bounded', () => {
    const peers = new TestPeers(1, { maxSessionsRequested: 2 })
    const peer = peers.peer(1)

    for (const call of [1, 2, 3]) {
      const wish = { timeoutMs: 10_000, password: password(call) }
      peer.server.handle({ type: 'session-requested', call, ...wish })
    }
    peers.step(peer)

    expect(peer.sessionEffects).toMatchObject([
      { type: 'fail-session', call: 3, code: 'BUSY', outcome: 'not-applied' },
    ])
  })
})

describe('how much a peer hosts', () => {
  test('so many sessions, those that it has asked for among them', () => {
    const peers = new TestPeers(1, { maxHostedSessions: 2 })
    peers.elect(1)
    peers.session(1)
    const peer = peers.peer(1)

    for (const call of [1, 2]) {
      const wish = { timeoutMs: 10_000, password: password(call + 10) }
      peer.server.handle({ type: 'session-requested', call, ...wish })
    }
    peers.settle()

    const failed = peer.sessionEffects.filter(({ type }) => type === 'fail-session')
    expect(failed).toMatchObject([{ call: 2, code: 'LIMIT_EXCEEDED', outcome: 'not-applied' }])
    expect(failed).toMatchObject([
      { detail: expect.stringContaining('maxHostedSessions') as string },
    ])
  })

  test('so many watches of a session, and of all; one that is refused sees nothing', () => {
    const { peers, session } = followed({ maxSessionWatches: 1, maxHostedWatches: 2 })
    const host = peers.peer(2)
    const [second, third] = [peers.session(2), peers.session(2)]
    const add = (to: SessionId, watch: number): void => {
      const watched = { path: '/', depth: 'subtree' } as const
      host.server.handle({ type: 'watch-added', session: to, watch, ...watched })
    }
    for (const watch of [1, 2]) add(session, watch)
    add(second, 1)
    add(third, 1)
    host.server.handle({ type: 'watch-removed', session, watch: 1 })
    add(third, 2)
    host.request(third, 1, create('/a'))
    peers.settle()

    expect(wordsOf(host.toldTo(session))).toEqual(['watch 2 maxSessionWatches'])
    expect(wordsOf(host.toldTo(second))).toEqual(['watch 1 created /a'])
    expect(wordsOf(host.toldTo(third))).toEqual([
      'watch 1 maxHostedWatches',
      'watch 2 created /a',
      '1 create',
    ])
  })
})

describe('a read-only session', () => {
  test('is refused every write, may sync, and is heard of by nobody else', () => {
    const peers = new TestPeers(3)
    peers.elect(1)
    peers.settle()
    const host = peers.peer(2)
    const session = -1 as SessionId
    host.server.handle({ type: 'read-only-session-opened', session })

    host.request(session, 1, create('/a'))
    host.server.handle({ type: 'sync-requested', session, call: 2 })
    peers.settle()

    expect(wordsOf(host.toldTo(session))).toEqual(['1 NOT_READ_ONLY not-applied', '2 synced'])
    expect(host.server.sessionDeadlineMs(session)).toBe(Infinity)
    expect(host.server.takeProofs()).toBeNull()
    expect(peers.peer(1).server.replica.sessions.size).toBe(0)
    host.request(session, 3, close)
    host.request(session, 4, create('/a'))
    peers.step(host)
    expect(wordsOf(host.toldTo(session)).slice(2)).toEqual([
      '3 SESSION_CLOSED not-applied',
      'ended closed',
      '4 SESSION_EXPIRED not-applied',
    ])
  })
})

describe('watches', () => {
  test('W4, W5: a session sees the event of its own write before the reply, in zxid order', () => {
    const { peers, session } = followed()
    const host = peers.peer(2)
    const watch = { type: 'watch-added', session, path: '/a', depth: 'children' } as const
    host.server.handle({ ...watch, watch: 7 })

    host.request(session, 1, create('/a'))
    host.request(session, 2, transaction(set('/a'), create('/a/b'), remove('/a/b')))
    host.request(session, 3, create('/b'))
    peers.settle()

    expect(wordsOf(host.toldTo(session))).toEqual([
      'watch 7 created /a',
      '1 create',
      'watch 7 changed /a',
      'watch 7 created /a/b',
      'watch 7 deleted /a/b',
      '2 transaction',
      '3 create',
    ])
    const [created, , changed, , deleted] = host.toldTo(session)
    expect(created).toMatchObject({
      event: { zxid: peers.at(2), data: null, stat: { version: 0 } },
    })
    expect(changed).toMatchObject({ event: { zxid: peers.at(3), stat: { version: 1 } } })
    expect(deleted).toMatchObject({ event: { zxid: peers.at(3), data: null, stat: null } })
  })

  test('W8: nothing comes behind the removal of a watch or the end of its session', () => {
    const { peers, session } = followed()
    const other = peers.session(2)
    const host = peers.peer(2)
    const path = '/'
    for (const watch of [1, 2]) {
      host.server.handle({ type: 'watch-added', session, watch, path, depth: 'subtree' })
    }
    host.server.handle({ type: 'watch-removed', session, watch: 1 })
    host.request(session, 1, create('/e', { mode: 'ephemeral' }))
    host.request(session, 2, close)
    peers.settle()
    host.server.handle({ type: 'watch-added', session, watch: 3, path, depth: 'subtree' })
    host.request(other, 3, create('/late'))
    peers.settle()

    expect(wordsOf(host.toldTo(session))).toEqual([
      'watch 2 created /e',
      '1 create',
      'watch 2 deleted /e',
      '2 close-session',
      'ended closed',
    ])
  })
})
