import { describe, expect, test } from 'vitest'
import type { SessionId, Zxid } from '../../src/internal.ts'
import { host, LoneLeader, wordOf } from './lone-leader.ts'
import { close, create, set } from './requests.ts'
import { TestPeers, wordsOf } from './test-peers.ts'

/** Three peers, led by the first; the second hosts a session. */
function withSession(): { readonly peers: TestPeers; readonly session: SessionId } {
  const peers = new TestPeers(3)
  peers.elect(1)
  return { peers, session: peers.session(2) }
}

describe('what the leader makes of a move', () => {
  test('S7: the first of two has a txn, the other was asked for too late', () => {
    const leader = new LoneLeader()
    const session = leader.session()

    leader.move(session, 3)
    leader.move(session, 1)
    expect(leader.draftAll().map(wordOf)).toEqual(['move to 3'])
    leader.applyAll()

    leader.move(session, 1)
    expect(leader.draftAll().map(wordOf)).toEqual(['move to 1'])
  })

  test('R2: one that is sent again, of another leadership too, moves the session once', () => {
    const leader = new LoneLeader()
    const session = leader.session()
    const replaces = leader.replica.sessions.get(session)!.hostedSince

    leader.move(session, 3)
    leader.draftAll()
    leader.move(session, 3, replaces)
    leader.applyAll()
    leader.move(session, 3, replaces)
    expect(leader.draftAll()).toEqual([])

    const next = new LoneLeader({}, leader.replica, 2)
    next.move(session, 3, replaces)
    expect(next.draftAll()).toEqual([])
  })

  test('S3: a session that ends does not move any more, nor one that nobody knows', () => {
    const leader = new LoneLeader()
    const session = leader.session()

    leader.send(session, close)
    leader.move(session, 3)
    leader.move(999 as SessionId, 3)
    expect(leader.draftAll().map(wordOf)).toEqual(['closed []'])
    leader.applyAll()
    leader.move(session, 3)
    expect(leader.draftAll()).toEqual([])
  })

  test('S7, R2: what waits behind it is void, and the new host goes on behind what was judged', () => {
    const leader = new LoneLeader({ maxPageTxns: 1 })
    const session = leader.session()

    leader.send(session, create('/1'))
    leader.move(session, 3)
    leader.send(session, create('/2'), create('/3'))
    expect(leader.draft()!.map(wordOf)).toEqual(['create /1'])
    expect(leader.draft()!.map(wordOf)).toEqual(['move to 3'])
    const since = leader.end.last
    expect(leader.draft()).toBeNull()

    // Not applied by the leader yet: its new host may have.
    const request = { ...leader.request(session, create('/new'), 2), hostedSince: since }
    expect(leader.leadership.receive(3, [request])).toBeNull()
    expect(leader.leadership.receive(host, [leader.request(session, set('/1'), 3)])).toBeNull()
    expect(leader.draftAll().map(wordOf)).toEqual(['create /new'])
    leader.applyAll()
    expect(leader.replica.sessions.get(session)).toMatchObject({ host: 3, lastRequestId: 2 })
  })

  test('S3: the end of a session that has moved names what it made before and since', () => {
    const leader = new LoneLeader()
    const session = leader.session()
    leader.send(session, create('/1', { mode: 'ephemeral' }))
    leader.move(session, 3)
    leader.draftAll()
    const since = leader.end.last

    const asked = [create('/2', { mode: 'ephemeral' }), close].map((request, index) => ({
      ...leader.request(session, request, 2 + index),
      hostedSince: since,
    }))
    leader.leadership.receive(3, asked)
    expect(leader.draftAll().map(wordOf)).toEqual(['create /2', 'closed [/1, /2]'])
    leader.applyAll()
  })

  test('S4: a move counts from when it has a txn, applied or not', () => {
    const leader = new LoneLeader()
    const session = leader.session(3_000)
    for (let nowMs = 500; nowMs <= 2_500; nowMs += 500) leader.leadership.tick(nowMs, nowMs)
    leader.move(session, 3)
    leader.draftAll()

    for (let nowMs = 3_000; nowMs < 5_500; nowMs += 500) leader.leadership.tick(nowMs, nowMs)
    expect(leader.draftAll()).toEqual([])
    leader.leadership.tick(5_500, 5_500)
    expect(leader.draftAll().map(wordOf)).toEqual(['expired []'])
  })
})

describe('a session moves', () => {
  test('S7: to who asked for it; its host before rejects what it still waits for', () => {
    const { peers, session } = withSession()
    const [, former, next] = peers.peers as [
      never,
      (typeof peers.peers)[0],
      (typeof peers.peers)[0],
    ]
    former.request(session, 1, create('/1'))
    peers.settle()
    next.requestMove(session, 7)
    peers.step(next)
    former.request(session, 2, create('/2'))
    peers.step(former)
    former.request(session, 3, create('/3'))
    peers.settle()
    former.request(session, 4, create('/4'))

    expect(next.arrivalOf(7)).toBe(String(session))
    expect(wordsOf(former.toldTo(session))).toEqual([
      '1 create',
      '2 SESSION_MOVED not-applied',
      '3 SESSION_MOVED not-applied',
      'ended moved',
    ])

    next.request(session, 8, create('/2'))
    peers.settle()
    expect(wordsOf(next.toldTo(session))).toEqual(['8 create'])
    expect(former.server.sessionDeadlineMs(session)).toBeUndefined()
    expect(peers.peer(1).server.replica.sessions.get(session)?.lastRequestId).toBe(2)
  })

  test('S7: back and forth, and to the leader; the numbers of its requests go on', () => {
    const { peers, session } = withSession()
    for (const [call, at] of [1, 3, 2, 1].entries()) {
      peers.peer(at).requestMove(session, 10 * call)
      peers.settle()
      expect(peers.peer(at).arrivalOf(10 * call)).toBe(String(session))
      peers.peer(at).request(session, 10 * call + 1, create(`/${String(call)}`))
      peers.settle()
      expect(wordsOf(peers.peer(at).toldTo(session)).at(-1)).toBe(`${String(10 * call + 1)} create`)
    }
    expect(peers.refusals).toEqual([])
    expect(peers.peer(2).server.replica.sessions.get(session)?.lastRequestId).toBe(4)
  })

  test('R2: asked again of another leader, it moves once', () => {
    for (const kept of [0, 1]) {
      const { peers, session } = withSession()
      const before = peers.history.length
      peers.peer(3).requestMove(session, 7)
      peers.step(peers.peer(3))
      peers.deliver()
      peers.propose()
      peers.elect(3, kept)
      peers.elect(2)
      peers.settle()

      expect(peers.history.length - before, `with ${String(kept)} pages kept`).toBe(1)
      expect(peers.peer(3).arrivalOf(7)).toBe(String(session))
    }
  })

  test('S7: asked for at two peers at once, one has it, and the other is told', () => {
    const { peers, session } = withSession()
    peers.peer(3).requestMove(session, 7)
    peers.peer(1).requestMove(session, 8)
    peers.step(peers.peer(3))
    peers.deliver()
    peers.settle()

    expect(peers.peer(3).arrivalOf(7)).toBe(String(session))
    expect(peers.peer(1).arrivalOf(8)).toBe('SESSION_MOVED unknown')
  })

  test('asked for twice at one peer, the last call has it', () => {
    const { peers, session } = withSession()
    peers.peer(3).requestMove(session, 7)
    peers.step(peers.peer(3))
    peers.peer(3).requestMove(session, 8)
    peers.settle()

    expect(peers.peer(3).arrivalOf(7)).toBe('SESSION_MOVED unknown')
    expect(peers.peer(3).arrivalOf(8)).toBe(String(session))
  })

  test('one that has ended, or moved, before it is asked for does not come', () => {
    const { peers, session } = withSession()
    const third = peers.peer(3)
    const event = { type: 'session-move-requested', session } as const
    third.server.handle({ ...event, call: 7, replaces: 1 as Zxid })
    peers.peer(2).server.handle({ ...event, call: 7, replaces: peers.at(1) })
    third.server.handle({ ...event, call: 8, replaces: 1 as Zxid, session: 999 as SessionId })
    peers.settle()

    expect(third.arrivalOf(7)).toBe('SESSION_MOVED not-applied')
    expect(third.arrivalOf(8)).toBe('SESSION_EXPIRED not-applied')
    expect(peers.peer(2).arrivalOf(7)).toBe('SESSION_MOVED not-applied')
  })

  test('one that ends while it is asked for does not come', () => {
    const { peers, session } = withSession()
    peers.peer(2).request(session, 1, close)
    peers.step(peers.peer(2))
    peers.deliver()
    peers.propose()
    peers.peer(3).requestMove(session, 7)
    peers.settle()

    expect(peers.peer(3).arrivalOf(7)).toBe('SESSION_EXPIRED unknown')
  })

  test('nobody has it when the call was given up, until it is asked for again', () => {
    const { peers, session } = withSession()
    const third = peers.peer(3)
    third.requestMove(session, 6)
    third.server.handle({ type: 'call-aborted', call: 6 })
    third.requestMove(session, 7)
    peers.step(third)
    third.server.handle({ type: 'call-aborted', call: 7 })
    peers.settle()
    expect(third.arrivalOf(6)).toBe('ABORTED not-applied')
    expect(third.arrivalOf(7)).toBe('ABORTED unknown')
    expect(third.server.replica.sessions.get(session)?.host).toBe(3)
    expect(third.server.sessionDeadlineMs(session)).toBeUndefined()

    third.requestMove(session, 8)
    peers.settle()
    expect(third.arrivalOf(8)).toBe(String(session))
  })

  test('S7: what a peer asked for before it was started anew, it does not take for what it asks now', () => {
    const { peers, session } = withSession()
    const before = peers.peer(3)
    before.requestMove(session, 7)
    peers.settle()
    before.request(session, 8, create('/before'))
    peers.settle()

    const after = peers.restart(3)
    after.requestMove(session, 9)
    peers.elect(1)
    peers.settle()
    expect(after.arrivalOf(9)).toBe('SESSION_MOVED not-applied')

    after.requestMove(session, 10)
    peers.settle()
    after.request(session, 11, create('/after'))
    peers.settle()
    expect(after.arrivalOf(10)).toBe(String(session))
    expect(wordsOf(after.toldTo(session))).toEqual(['11 create'])
  })

  test('S8: its new host takes it to be alive only once it has proved so itself', () => {
    const { peers, session } = withSession()
    const { server } = peers.peer(3)
    peers.pass(1_000)
    peers.peer(3).requestMove(session, 7)
    peers.settle()
    expect(server.sessionDeadlineMs(session)).toBe(-Infinity)

    peers.pass(100)
    peers.peer(1).server.onProofs(3, server.takeProofs()!)
    peers.confirmRound()
    server.onProofsAcknowledged(peers.peer(1).server.proofsAcknowledged(3), peers.end.last)
    expect(server.sessionDeadlineMs(session)).toBe(2_100 + 9_000)
  })

  test('sessions that are to move count among those that a peer has asked for', () => {
    const peers = new TestPeers(3, { maxSessionsRequested: 1 })
    peers.elect(1)
    const [one, two] = [peers.session(2), peers.session(2)]
    peers.peer(3).requestMove(one, 7)
    peers.peer(3).requestMove(two, 8)
    peers.peer(3).requestMove(one, 9)
    peers.settle()

    expect(peers.peer(3).arrivalOf(8)).toBe('BUSY not-applied')
    expect(peers.peer(3).arrivalOf(9)).toBe(String(one))
  })
})
