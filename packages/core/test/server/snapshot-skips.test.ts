import { describe, expect, test } from 'vitest'
import { Replica, type Page, type SessionId } from '../../src/internal.ts'
import { close, create, password, set } from './requests.ts'
import { TestPeers, wordsOf } from './test-peers.ts'
import { Recorder } from './replica-witness.ts'

/** The replica that the whole history leads to, as a snapshot brings it. */
function snapshotOf(peers: TestPeers): Replica {
  const replica = Replica.empty()
  for (const page of peers.history)
    replica.apply(page, peers.pages.decode(page), new Recorder(false))
  return replica
}

/**
 * Peer 2 hosts a session and loses its leader with the given calls sent; the others go on without
 * it, and it comes back by way of a snapshot.
 */
class Absence {
  readonly peers = new TestPeers(3)
  readonly session: SessionId

  constructor() {
    this.peers.elect(1)
    this.session = this.peers.session(2)
  }

  get host() {
    return this.peers.peer(2)
  }

  /** The leader receives what the host has sent and commits it, and the host hears nothing. */
  commitUnheard(): void {
    this.peers.step(this.host)
    this.peers.deliver()
    while (this.peers.propose());
    this.peers.commit()
    this.host.server.look()
  }

  comeBack(): void {
    this.host.server.replaceReplica(snapshotOf(this.peers))
    this.host.applied = this.peers.committed
    this.peers.collect(this.host)
  }

  get told(): string[] {
    return wordsOf(this.host.toldTo(this.session))
  }
}

describe('a snapshot that skips what a host waits for', () => {
  test('C1, R2: lost answers are unknown and not sent again, what came later is', () => {
    const absence = new Absence()
    const { host, peers, session } = absence
    host.request(session, 1, create('/1'))
    host.request(session, 2, create('/1'))
    absence.commitUnheard()
    host.request(session, 3, create('/3'))

    absence.comeBack()
    expect(absence.told).toEqual(['1 RESULT_LOST unknown', '2 RESULT_LOST unknown'])

    peers.elect(3)
    peers.settle()
    expect(absence.told.slice(2)).toEqual(['3 create'])
    expect(host.server.replica.tree.childrenOf('/')).toEqual(['1', '3', 'zookeeper'])
    expect(host.server.replica.sessions.get(session)?.lastRequestId).toBe(3)
  })

  test('R2: what was sent and had no txn is sent again', () => {
    const absence = new Absence()
    const { host, peers, session } = absence
    host.request(session, 1, create('/1'))
    absence.commitUnheard()
    host.request(session, 2, create('/2'))
    peers.elect(1)
    host.request(session, 3, create('/3'))
    peers.step(host)
    peers.lose()

    absence.comeBack()
    peers.elect(3)
    peers.settle()

    expect(absence.told).toEqual(['1 create', '2 create', '3 create'])
  })

  test('S6, C1: of a session that is gone, what was ever sent is unknown, the rest not applied', () => {
    const absence = new Absence()
    const { host, peers, session } = absence
    host.server.handle({ type: 'watch-added', session, watch: 1, path: '/', depth: 'subtree' })
    host.request(session, 1, create('/1'))
    host.request(session, 2, close)
    host.request(session, 3, create('/3'))
    absence.commitUnheard()
    host.request(session, 4, create('/4'))
    host.server.handle({ type: 'sync-requested', session, call: 5 })

    absence.comeBack()
    peers.elect(3)
    peers.settle()

    expect(absence.told).toEqual([
      '1 SESSION_EXPIRED unknown',
      '2 SESSION_EXPIRED unknown',
      '3 SESSION_EXPIRED unknown',
      '4 SESSION_EXPIRED not-applied',
      '5 SESSION_EXPIRED not-applied',
      'ended expired',
    ])
    expect(host.server.replica.tree.childrenOf('/')).toEqual(['1', 'zookeeper'])
  })

  test('S7: of a session that moved, what may stand in the log is unknown, the rest not applied', () => {
    const absence = new Absence()
    const { host, peers, session } = absence
    host.request(session, 1, create('/1'))
    absence.commitUnheard()
    host.request(session, 2, create('/2'))
    peers.lose()
    const move = { timeMs: 0, session: 0 as SessionId, requestId: 0, type: 'move-session' } as const
    const draft = { first: peers.at(1, 2), previous: peers.end, reconfigures: false }
    const moved: Page = peers.pages.encode({
      ...draft,
      txns: [{ ...move, moved: session, host: 3 }],
    })
    peers.history.push(moved)
    peers.committed += 1

    absence.comeBack()

    expect(absence.told).toEqual([
      '1 RESULT_LOST unknown',
      '2 SESSION_MOVED not-applied',
      'ended moved',
    ])
  })

  test('S7: a session that moved while it was asked for, here or elsewhere, is found so', () => {
    for (const to of [2, 3]) {
      const absence = new Absence()
      const { host, peers } = absence
      const wanted = peers.session(1)
      host.requestMove(wanted, 7)
      if (to === 3) peers.peer(3).requestMove(wanted, 8)
      peers.step(peers.peer(3))
      peers.deliver()
      absence.commitUnheard()
      expect(host.arrivalOf(7)).toBeUndefined()

      absence.comeBack()

      const arrival = to === 2 ? String(wanted) : 'SESSION_MOVED unknown'
      expect(host.arrivalOf(7)).toBe(arrival)
    }
  })

  test('S7: one that ended meanwhile is not waited for any more', () => {
    const absence = new Absence()
    const { host, peers } = absence
    const wanted = peers.session(1)
    peers.peer(1).request(wanted, 1, close)
    peers.step(peers.peer(1))
    host.requestMove(wanted, 7)
    absence.commitUnheard()

    absence.comeBack()

    expect(host.arrivalOf(7)).toBe('SESSION_EXPIRED unknown')
  })

  test('W7: a watch is told of the gap, and goes on', () => {
    const absence = new Absence()
    const { host, peers, session } = absence
    const other = peers.session(3)
    const watch = { type: 'watch-added', session, path: '/a', depth: 'node' } as const
    host.server.handle({ ...watch, watch: 4 })
    host.server.handle({ ...watch, watch: 5 })
    host.server.handle({ type: 'watch-removed', session, watch: 5 })
    peers.peer(3).request(other, 1, create('/a'))
    peers.step(peers.peer(3))
    absence.commitUnheard()

    absence.comeBack()
    expect(absence.told).toEqual(['watch 4 gap'])

    peers.elect(1)
    peers.peer(3).request(other, 2, set('/a'))
    peers.settle()
    expect(absence.told.slice(1)).toEqual(['watch 4 changed /a'])
  })

  test('a read-only session lives on, and its watches are told of the gap', () => {
    const absence = new Absence()
    const { host, peers } = absence
    const session = -1 as SessionId
    host.server.handle({ type: 'read-only-session-opened', session })
    host.server.handle({ type: 'watch-added', session, watch: 4, path: '/a', depth: 'node' })
    absence.commitUnheard()

    absence.comeBack()

    expect(wordsOf(host.toldTo(session))).toEqual(['watch 4 gap'])
    peers.elect(1)
    peers.peer(3).request(peers.session(3), 2, create('/a'))
    peers.settle()
    expect(wordsOf(host.toldTo(session)).slice(1)).toEqual(['watch 4 created /a'])
  })

  test('a session that was asked for is found in the snapshot', () => {
    const absence = new Absence()
    const { host, peers } = absence
    const wish = { timeoutMs: 5_000, password: password(77) }
    host.server.handle({ type: 'session-requested', call: 1, ...wish })
    absence.commitUnheard()
    expect(host.sessionEffects).toHaveLength(1)

    absence.comeBack()
    expect(host.sessionEffects.at(-1)).toEqual({
      type: 'open-session',
      call: 1,
      session: peers.at(2),
      timeoutMs: 5_000,
    })
    peers.elect(3)
    peers.settle()
    expect(peers.peer(3).server.replica.sessions.size).toBe(2)
  })
})
