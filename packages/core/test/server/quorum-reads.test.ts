import { describe, expect, test } from 'vitest'
import type { SessionId, Zxid } from '../../src/internal.ts'
import { create } from './requests.ts'
import { TestPeers, wordsOf } from './test-peers.ts'

function led(): { peers: TestPeers; session: SessionId } {
  const peers = new TestPeers(3)
  peers.elect(1)
  return { peers, session: peers.session(2) }
}

function sync(peers: TestPeers, at: number, session: SessionId, call: number): void {
  peers.peer(at).server.handle({ type: 'sync-requested', session, call })
  peers.step(peers.peer(at))
}

/** How many questions are on their way to the leader. */
function questions(peers: TestPeers): number {
  return peers.mail.filter(({ message }) => message.type === 'sync-request').length
}

describe('quorum reads', () => {
  test('C7: only a round that began after the question reached the leader answers it', () => {
    const { peers, session } = led()
    const host = peers.peer(2)
    sync(peers, 2, session, 1)
    peers.confirmRound()
    peers.deliver()
    const leader = peers.peer(1)
    const underWay = leader.agreement.begun
    leader.server.onRoundConfirmed(underWay)
    peers.collect(leader)
    peers.deliver()
    expect(host.toldTo(session)).toEqual([])

    peers.confirmRound()
    peers.deliver()
    expect(wordsOf(host.toldTo(session))).toEqual(['1 synced'])
  })

  test('C7: the answer waits until everything committed by then is applied here', () => {
    const { peers, session } = led()
    const host = peers.peer(2)
    const writer = peers.session(3)
    peers.peer(3).request(writer, 1, create('/a'))
    peers.step(peers.peer(3))
    peers.deliver()
    peers.propose()
    peers.commit()

    sync(peers, 2, session, 2)
    peers.deliver()
    peers.confirmRound()
    peers.deliver()
    expect(host.toldTo(session)).toEqual([])

    peers.apply(host)
    expect(host.toldTo(session)).toEqual([{ type: 'synced', call: 2, zxid: peers.end.last }])
  })

  test('C7: a leader names what is committed, though it has not applied it itself', () => {
    const { peers } = led()
    const own = peers.session(1)
    const leader = peers.peer(1)
    leader.request(own, 1, create('/a'))
    peers.step(leader)
    peers.propose()
    peers.committed = peers.history.length
    leader.agreement.lastCommitted = peers.end.last

    sync(peers, 1, own, 2)
    peers.confirmRound()
    expect(leader.toldTo(own)).toEqual([])
    peers.apply(leader)
    expect(wordsOf(leader.toldTo(own))).toEqual(['1 create', '2 synced'])
  })

  test('callers of one step share a question; a later one has its own', () => {
    const { peers, session } = led()
    const host = peers.peer(2)
    const request = { type: 'sync-requested', session } as const
    host.server.handle({ ...request, call: 1 })
    host.server.handle({ ...request, call: 2 })
    peers.step(host)
    sync(peers, 2, session, 3)
    peers.step(host)

    expect(questions(peers)).toBe(2)
    peers.deliver()
    peers.confirmRound()
    peers.deliver()
    expect(wordsOf(host.toldTo(session))).toEqual(['1 synced', '2 synced', '3 synced'])
  })

  test('C8: no answer outlives its leader; every caller is asked for again', () => {
    const { peers, session } = led()
    const host = peers.peer(2)
    sync(peers, 2, session, 1)
    peers.deliver()
    peers.confirmRound()
    const [stale] = peers.mail.splice(0)
    const message = stale!.message as { sync: number; upTo: Zxid }
    peers.elect(3)
    peers.step(host)

    host.server.onSyncReply(message.sync, message.upTo)
    peers.collect(host)
    expect(host.toldTo(session)).toEqual([])

    expect(questions(peers)).toBe(1)
    peers.deliver()
    peers.confirmRound()
    peers.deliver()
    expect(wordsOf(host.toldTo(session))).toEqual(['1 synced'])
  })

  test('C8: an answer that still waits to be applied is asked for again, too', () => {
    const { peers, session } = led()
    const host = peers.peer(2)
    sync(peers, 2, session, 1)
    host.server.onSyncReply(1, (peers.end.last + 5) as Zxid)
    peers.elect(3)
    peers.step(host)

    expect(questions(peers)).toBe(1)
  })

  test('without a leader callers wait; who gives up is not asked for', () => {
    const { peers, session } = led()
    const host = peers.peer(2)
    peers.lose()
    sync(peers, 2, session, 1)
    sync(peers, 2, session, 2)
    host.server.handle({ type: 'call-aborted', call: 1 })
    peers.elect(2)
    peers.settle()

    expect(wordsOf(host.toldTo(session))).toEqual(['1 ABORTED not-applied', '2 synced'])
  })

  test('a peer has a bounded number of questions open; who comes meanwhile shares the next', () => {
    const { peers, session } = led()
    const host = peers.peer(2)
    for (let call = 0; call < 200; call += 1) sync(peers, 2, session, call)
    expect(questions(peers)).toBe(64)

    peers.settle()
    expect(host.toldTo(session)).toHaveLength(200)
  })

  test('the questions of a learner that is gone are not answered', () => {
    const { peers, session } = led()
    sync(peers, 2, session, 1)
    peers.deliver()

    peers.peer(1).server.onLearnerGone(2)
    peers.confirmRound()
    expect(peers.mail).toEqual([])
  })
})
