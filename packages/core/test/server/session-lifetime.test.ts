import { describe, expect, test } from 'vitest'
import type { SessionId } from '../../src/internal.ts'
import { close, create } from './requests.ts'
import { TestPeers, wordsOf } from './test-peers.ts'

describe("a session's life and end, at its host", () => {
  test('what stands behind the close is rejected as not applied, and nothing follows', () => {
    const peers = new TestPeers(2)
    peers.elect(1)
    const session = peers.session(2)
    const host = peers.peer(2)
    host.request(session, 1, close)
    host.request(session, 2, create('/late'))
    peers.step(host)
    host.request(session, 3, create('/later'))
    peers.settle()

    expect(wordsOf(host.toldTo(session))).toEqual([
      '1 close-session',
      '2 SESSION_EXPIRED not-applied',
      '3 SESSION_EXPIRED not-applied',
      'ended closed',
    ])
    expect(host.server.replica.tree.childrenOf('/')).toEqual(['zookeeper'])
    expect(host.server.sessionDeadlineMs(session)).toBeUndefined()
  })

  test('S4, S5: a session that is not proved expires, one that is lives on', () => {
    const peers = new TestPeers(2)
    peers.elect(1)
    const silent = peers.session(2, 5_000)
    const proved = peers.session(2, 5_000)
    const own = peers.session(1, 5_000)
    const { server } = peers.peer(1)
    peers.peer(2).request(silent, 1, create('/e', { mode: 'ephemeral' }))
    peers.settle()

    for (let i = 0; i < 60; i += 1) {
      peers.pass(100)
      server.onProofs(2, { number: i + 1, sessions: [[proved, 0]] })
      const proofs = server.takeProofs()
      if (proofs !== null) server.onProofs(1, proofs)
      peers.settle()
    }

    expect(wordsOf(peers.peer(2).toldTo(silent))).toEqual(['1 create', 'ended expired'])
    expect(peers.peer(2).toldTo(proved)).toEqual([])
    expect(peers.peer(1).toldTo(own)).toEqual([])
    expect(peers.peer(2).server.replica.tree.get('/e')).toBeUndefined()
  })

  test('S4: a session that its application abandons expires, whoever hosts it', () => {
    const peers = new TestPeers(2)
    peers.elect(1)
    const { server } = peers.peer(1)
    const abandoned = peers.session(1, 5_000)
    const kept = peers.session(1, 5_000)
    server.handle({ type: 'session-abandoned', session: abandoned })

    for (let i = 0; i < 60; i += 1) {
      peers.pass(100)
      const proofs = server.takeProofs()
      if (proofs !== null) server.onProofs(1, proofs)
      peers.settle()
    }

    expect(wordsOf(peers.peer(1).toldTo(abandoned))).toEqual(['ended expired'])
    expect(peers.peer(1).toldTo(kept)).toEqual([])
  })

  test('S8: a proof is acknowledged by a round that began after it came', () => {
    const peers = new TestPeers(2)
    peers.elect(1)
    const { server, agreement } = peers.peer(1)
    agreement.begun = 1
    server.onProofs(2, { number: 1, sessions: [] })

    server.onRoundConfirmed(1)
    expect(server.proofsAcknowledged(2)).toBe(0)
    peers.confirmRound()
    expect(server.proofsAcknowledged(2)).toBe(1)
    server.onLearnerGone(2)
    expect(server.proofsAcknowledged(2)).toBe(0)
  })

  test('S8: a host takes its session to be alive as far as the leader acknowledged', () => {
    const peers = new TestPeers(2)
    peers.elect(1)
    const session = peers.session(2, 5_000)
    const { server } = peers.peer(2)
    expect(server.sessionDeadlineMs(session)).toBe(1_000 + 4_500)

    peers.pass(1_000)
    const proofs = server.takeProofs()!
    expect(proofs.sessions).toEqual([[session, 0]])
    peers.peer(1).server.onProofs(2, proofs)
    peers.confirmRound()
    const acknowledged = peers.peer(1).server.proofsAcknowledged(2)
    server.onProofsAcknowledged(acknowledged, peers.end.last)
    expect(server.sessionDeadlineMs(session)).toBe(2_000 + 4_500)

    peers.pass(1_000)
    server.takeProofs()
    peers.elect(1)
    server.onProofsAcknowledged(2, peers.end.last)
    expect(server.sessionDeadlineMs(session)).toBe(2_000 + 4_500)
  })

  test('S7: on applying a move the former host rejects what it still waits for', () => {
    const peers = new TestPeers(2)
    peers.elect(1)
    const session = peers.session(2)
    const host = peers.peer(2)
    host.request(session, 1, create('/1'))
    peers.step(host)
    host.request(session, 2, create('/2'))
    host.server.handle({ type: 'sync-requested', session, call: 3 })
    peers.lose()

    const move = { timeMs: 0, session: 0 as SessionId, requestId: 0, type: 'move-session' } as const
    const draft = { first: peers.at(1, 2), previous: peers.end, reconfigures: false }
    peers.history.push(
      peers.pages.encode({ ...draft, txns: [{ ...move, moved: session, host: 1 }] }),
    )
    peers.epoch = 2
    peers.elect(1)
    peers.settle()

    expect(wordsOf(host.toldTo(session))).toEqual([
      '1 SESSION_MOVED not-applied',
      '2 SESSION_MOVED not-applied',
      '3 SESSION_MOVED not-applied',
      'ended moved',
    ])
  })
})
