import { describe, expect, test } from 'vitest'
import {
  InvariantError,
  sessionIdAt,
  type Effect,
  type SessionId,
  type Txn,
} from '../../src/internal.ts'
import { create, password, set } from './requests.ts'
import { TestPeers, wordsOf } from './test-peers.ts'

function txnsOf(peers: TestPeers): Txn[] {
  return peers.history.flatMap((page) => [...peers.pages.decode(page)])
}

function ask(peers: TestPeers, at: number, call: number): void {
  const wish = { timeoutMs: 10_000, password: password(900 + call) }
  peers.peer(at).server.handle({ type: 'session-requested', call, ...wish })
}

const opened = (call: number, session: SessionId): Effect => ({
  type: 'open-session',
  call,
  session,
  timeoutMs: 10_000,
})

describe('sessions come into being', () => {
  test('S1: one is opened where it was asked for, under the zxid of its txn', () => {
    const peers = new TestPeers(3)
    peers.elect(1)
    ask(peers, 1, 1)
    ask(peers, 2, 2)
    peers.settle()

    expect(peers.peer(1).sessionEffects).toEqual([opened(1, sessionIdAt(peers.at(1)))])
    expect(peers.peer(2).sessionEffects).toEqual([opened(2, sessionIdAt(peers.at(2)))])
    expect(peers.peer(3).sessionEffects).toEqual([])
    expect(peers.peer(3).server.replica.sessions.get(sessionIdAt(peers.at(2)))?.host).toBe(2)
  })

  test('R2: asked again of another leader, it is still created once', () => {
    for (const kept of [0, 1]) {
      const peers = new TestPeers(3)
      peers.elect(1)
      ask(peers, 2, 2)
      peers.step(peers.peer(2))
      peers.deliver()
      peers.propose()
      peers.elect(3, kept)
      peers.elect(1)
      peers.settle()

      const created = txnsOf(peers).filter((txn) => txn.type === 'create-session')
      expect(created, `with ${String(kept)} pages kept`).toHaveLength(1)
      expect(peers.peer(2).sessionEffects).toHaveLength(1)
    }
  })

  test('a request repeated on another link is answered by the same session', () => {
    const peers = new TestPeers(2)
    peers.elect(1)
    const request = { timeoutMs: 10_000, password: password(5) }
    const { server } = peers.peer(1)

    server.onSessionRequests(2, [request])
    server.onSessionRequests(2, [request])
    peers.propose()
    server.onSessionRequests(2, [request])
    peers.propose()
    peers.commit()
    server.onSessionRequests(2, [request])
    peers.settle()

    expect(txnsOf(peers)).toHaveLength(1)
  })

  test('a session that nobody waits for any more is not opened', () => {
    const peers = new TestPeers(2)
    peers.elect(1)
    ask(peers, 2, 1)
    ask(peers, 2, 2)
    peers.peer(2).server.handle({ type: 'call-aborted', call: 1 })
    peers.step(peers.peer(2))
    peers.peer(2).server.handle({ type: 'call-aborted', call: 2 })
    peers.settle()

    expect(peers.peer(2).sessionEffects).toMatchObject([
      { type: 'fail-session', call: 1, code: 'ABORTED', outcome: 'not-applied' },
      { type: 'fail-session', call: 2, code: 'ABORTED', outcome: 'unknown' },
    ])
    expect(peers.peer(2).server.replica.sessions.size).toBe(1)
  })

  test('a timeout that makes no sense is brought to one that does', () => {
    const peers = new TestPeers(2)
    peers.elect(1)
    const wishes = [Number.NaN, -5, 2.5, Infinity]
    const requests = wishes.map((timeoutMs, index) => ({ timeoutMs, password: password(index) }))
    peers.peer(1).server.onSessionRequests(2, requests)
    peers.settle()

    const timeouts = txnsOf(peers).map((txn) => txn.type === 'create-session' && txn.timeoutMs)
    expect(timeouts).toEqual([1, 1, 2, 86_400_000])
  })

  test('a host may speak for its session before the leader has applied it', () => {
    const peers = new TestPeers(2)
    peers.elect(1)
    ask(peers, 2, 1)
    peers.step(peers.peer(2))
    peers.deliver()
    peers.propose()
    peers.committed = 1
    peers.apply(peers.peer(2))
    const session = sessionIdAt(peers.at(1))
    peers.peer(2).request(session, 7, create('/early', { mode: 'ephemeral' }))
    peers.step(peers.peer(2))
    peers.deliver()
    peers.settle()

    expect(wordsOf(peers.peer(2).toldTo(session))).toEqual(['7 create'])
  })
})

describe('a change of leader', () => {
  test('R2, R4: what was proposed and kept is answered, what was not is sent again, once each', () => {
    const next = create('/n-', { sequential: true })
    for (const kept of [0, 1, 2]) {
      const peers = new TestPeers(3, { maxPageTxns: 1 })
      peers.elect(1)
      const session = peers.session(2)
      const host = peers.peer(2)
      for (const call of [1, 2, 3]) host.request(session, call, next)
      peers.step(host)
      peers.deliver()
      peers.propose()
      peers.propose()

      peers.elect(3, kept)
      peers.settle()

      expect(wordsOf(host.toldTo(session))).toEqual(['1 create', '2 create', '3 create'])
      expect(host.server.replica.tree.childrenOf('/')).toEqual([
        'n-0000000000',
        'n-0000000001',
        'n-0000000002',
        'zookeeper',
      ])
      expect(peers.refusals).toEqual([])
    }
  })

  test('R2: a new leader judges its own unanswered requests again before new ones', () => {
    const peers = new TestPeers(3)
    peers.elect(1)
    const session = peers.session(2)
    const host = peers.peer(2)
    host.request(session, 1, create('/a'))
    peers.step(host)
    peers.lose()
    host.request(session, 2, set('/a', 0))

    peers.elect(2)
    peers.settle()

    expect(wordsOf(host.toldTo(session))).toEqual(['1 create', '2 set'])
  })

  test('S4: sessions outlive a long absence of leaders, and get their full timeout', () => {
    const peers = new TestPeers(2)
    peers.elect(1)
    const session = peers.session(2, 10_000)
    peers.lose()
    for (let i = 0; i < 100; i += 1) peers.pass(1_000)
    peers.elect(1)
    peers.pass(900)
    peers.settle()
    expect(peers.peer(2).toldTo(session)).toEqual([])

    for (let i = 0; i < 10; i += 1) peers.pass(1_000)
    peers.settle()
    expect(wordsOf(peers.peer(2).toldTo(session))).toEqual(['ended expired'])
  })

  test('Z8: a leader that has not applied all history cannot go on', () => {
    const peers = new TestPeers(1)
    peers.elect(1)
    ask(peers, 1, 1)
    peers.step(peers.peer(1))
    peers.propose()
    const [page] = peers.history
    peers.peer(1).server.look()
    peers.peer(1).server.lead(2)

    expect(() => peers.peer(1).server.apply(page!)).toThrow(InvariantError)
  })
})

describe('hand-over and the end of an epoch', () => {
  test('a leader that drains proposes nothing more; who waits is served by the next one', () => {
    const peers = new TestPeers(2)
    peers.elect(1)
    const session = peers.session(1)
    const remote = peers.session(2)
    peers.peer(2).request(remote, 1, create('/1'))
    peers.step(peers.peer(2))
    peers.deliver()
    const { server } = peers.peer(1)
    expect(server.preparedCount).toBe(1)

    server.drain()
    peers.peer(1).request(session, 2, create('/2'))
    peers.peer(2).request(remote, 3, create('/3'))
    for (const peer of peers.peers) peers.step(peer)
    peers.deliver()
    expect(server.preparedCount).toBe(0)
    expect(peers.propose()).toBe(false)

    peers.elect(2)
    peers.settle()
    expect(wordsOf(peers.peer(1).toldTo(session))).toEqual(['2 create'])
    expect(wordsOf(peers.peer(2).toldTo(remote))).toEqual(['1 create', '3 create'])
  })

  test('C1: what a draining leader has not taken is surely not applied', () => {
    const peers = new TestPeers(1)
    peers.elect(1)
    const session = peers.session(1)
    const peer = peers.peer(1)
    peer.server.drain()
    peer.request(session, 1, create('/1'))
    peers.step(peer)

    peer.server.failAll('PEER_CLOSED', 'the peer is closed')
    peers.collect(peer)

    expect(wordsOf(peer.toldTo(session))).toEqual(['1 PEER_CLOSED not-applied'])
  })

  test('Z16: at the last counter of an epoch requests wait for the next one; none fails', () => {
    const peers = new TestPeers(2, { maxCounter: 3 })
    peers.elect(1)
    const session = peers.session(2)
    const host = peers.peer(2)
    for (const call of [1, 2, 3, 4, 5]) host.request(session, call, create(`/${String(call)}`))
    peers.step(host)
    peers.deliver()

    while (peers.propose());
    expect(peers.end.last).toBe(peers.at(3))
    expect(peers.peer(1).server.counterExhausted).toBe(true)
    peers.commit()
    peers.elect(1)
    expect(peers.peer(1).server.counterExhausted).toBe(false)
    peers.settle()

    expect(wordsOf(host.toldTo(session))).toEqual(
      [1, 2, 3, 4, 5].map((call) => `${String(call)} create`),
    )
    expect(peers.end.last).toBe(peers.at(3, 2))
  })

  test('C1: a peer that stops says of every call whether it was sent', () => {
    const peers = new TestPeers(2)
    peers.elect(1)
    const session = peers.session(2)
    const host = peers.peer(2)
    ask(peers, 2, 50)
    host.request(session, 1, create('/1'))
    host.server.handle({ type: 'sync-requested', session, call: 2 })
    peers.step(host)
    ask(peers, 2, 51)
    host.request(session, 3, create('/3'))

    host.server.failAll('PEER_FAILED', 'the disk is gone')
    peers.collect(host)

    expect(wordsOf(host.toldTo(session))).toEqual([
      '1 PEER_FAILED unknown',
      '3 PEER_FAILED not-applied',
      '2 PEER_FAILED not-applied',
    ])
    expect(host.sessionEffects.slice(1)).toMatchObject([
      { call: 50, code: 'PEER_FAILED', outcome: 'unknown' },
      { call: 51, code: 'PEER_FAILED', outcome: 'not-applied' },
    ])
  })
})
