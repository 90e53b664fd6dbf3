import { describe, expect, test } from 'vitest'
import type { SessionId, Zxid } from '../../src/internal.ts'
import { host, LoneLeader, wordOf } from './lone-leader.ts'
import { close, create, set } from './requests.ts'

describe('what a leader receives', () => {
  test('R2: an id that was received before is dropped: waiting, outstanding or applied', () => {
    const leader = new LoneLeader()
    const session = leader.session()
    const first = leader.request(session, create('/1'))
    const second = leader.request(session, create('/2'))
    const receive = () => leader.leadership.receive(host, [first, second])

    expect([receive(), receive()]).toEqual([null, null])
    expect(leader.draftAll().map(wordOf)).toEqual(['create /1', 'create /2'])
    expect(receive()).toBeNull()
    expect(leader.draftAll()).toEqual([])
    leader.applyAll()
    expect(receive()).toBeNull()
    expect(leader.draftAll()).toEqual([])
  })

  test('R2: a gap in the ids breaks the link; what came before it stands', () => {
    const leader = new LoneLeader()
    const session = leader.session()
    const forwarded = [1, 2, 4, 5].map((id) =>
      leader.request(session, create(`/${String(id)}`), id),
    )

    expect(leader.leadership.receive(host, forwarded)).toMatch(/^R2: request 4 .* 3 did not$/)
    expect(leader.draftAll().map(wordOf)).toEqual(['create /1', 'create /2'])

    const again = [1, 2, 3, 4].map((id) => leader.request(session, create(`/${String(id)}`), id))
    expect(leader.leadership.receive(host, again)).toBeNull()
    expect(leader.draftAll().map(wordOf)).toEqual(['create /3', 'create /4'])
  })

  test('S7: what a peer sends that is not, or not any more, the host has no txn and no number', () => {
    const leader = new LoneLeader()
    const session = leader.session()
    const forwarded = leader.request(session, create('/a'), 1)
    const stale = { ...forwarded, hostedSince: (forwarded.hostedSince - 1) as Zxid }
    const unknown = { ...forwarded, session: 999 as SessionId }

    expect(leader.leadership.receive(3, [forwarded])).toBeNull()
    expect(leader.leadership.receive(host, [stale, unknown])).toBeNull()
    expect(leader.draftAll()).toEqual([])
    expect(leader.leadership.receive(host, [forwarded])).toBeNull()
    expect(leader.draftAll().map(wordOf)).toEqual(['create /a'])
  })

  test('S3: nothing of a session is received behind its end, and its ids leave no gap', () => {
    const leader = new LoneLeader()
    const session = leader.session()

    leader.send(session, close, create('/a'))
    expect(leader.draftAll().map(wordOf)).toEqual(['closed []'])
    expect(leader.send(session, create('/b'))).toBeNull()
    expect(leader.leadership.receive(host, [leader.request(session, create('/d'), 50)])).toBeNull()
    leader.applyAll()
    expect(leader.send(session, create('/c'))).toBeNull()
    expect(leader.leadership.receive(host, [leader.request(session, create('/d'), 99)])).toBeNull()
    expect(leader.draftAll()).toEqual([])
  })

  test('more than a peer may forward breaks its link; what has become txns does not count', () => {
    const leader = new LoneLeader({ maxForwardedBytes: 1_000, maxTxnBytes: 1_000 })
    const session = leader.session()
    const large = set('/', -1, new Uint8Array(700))

    for (let round = 0; round < 5; round += 1) {
      expect(leader.send(session, large, large, large, large)).toBeNull()
      leader.draftAll()
    }
    expect(leader.send(session, large, large, large, large, large, large)).toMatch(
      /bytes of requests wait, more than a peer may forward/,
    )
  })

  test('what waits is counted until it has become a txn', () => {
    const leader = new LoneLeader({ maxPageTxns: 2, maxPageBytes: 400 })
    const session = leader.session()
    expect(leader.leadership.waitingCount).toBe(0)

    leader.send(session, create('/1'), create('/2'), set('/', -1, new Uint8Array(500)))
    expect(leader.leadership.waitingCount).toBe(3)
    leader.draft()
    expect(leader.leadership.waitingCount).toBe(1)
    leader.send(session, create('/3'))
    leader.draft()
    expect(leader.leadership.waitingCount).toBe(1)
    leader.draft()
    expect(leader.leadership.waitingCount).toBe(0)
  })

  test('a page that overflows begins the next one, with what it changed still outstanding', () => {
    const leader = new LoneLeader({ maxPageBytes: 400 })
    const session = leader.session()
    const large = (version: number) => set('/', version, new Uint8Array(300))

    leader.send(session, large(0), large(1))
    leader.draft()
    leader.apply()
    expect(leader.leadership.outstandingChanges).toBe(1)
    leader.send(session, large(2))

    expect(leader.draftAll().map(wordOf)).toEqual(['set /', 'set /'])
    leader.applyAll()
    expect(leader.replica.tree.get('/')?.version).toBe(3)
    expect(leader.leadership.outstandingChanges).toBe(0)
  })
})

describe('expiry', () => {
  /** Ticks on, ten times a second. */
  function tick(leader: LoneLeader, fromMs: number, untilMs: number): void {
    for (let nowMs = fromMs + 100; nowMs <= untilMs; nowMs += 100) {
      leader.leadership.tick(nowMs, nowMs + 1_000)
    }
  }

  test('S3, S4: a session expires in a txn of its own, behind what was received from it', () => {
    const leader = new LoneLeader()
    const session = leader.session(3_000)
    leader.send(session, create('/e', { mode: 'ephemeral' }))

    tick(leader, 0, 3_000)
    leader.send(session, create('/f', { mode: 'ephemeral' }))

    expect(leader.draftAll()).toMatchObject([
      { type: 'create', path: '/e' },
      {
        type: 'close-session',
        session: 0,
        requestId: 0,
        closed: session,
        reason: 'expired',
        paths: ['/e'],
        timeMs: 4_000,
      },
    ])
    leader.applyAll()
    tick(leader, 3_000, 20_000)
    expect(leader.draftAll()).toEqual([])
    expect(leader.replica.sessions.size).toBe(0)
  })

  test('S4: a proof that comes while the window is closed saves the session', () => {
    const leader = new LoneLeader()
    const session = leader.session(3_000)
    tick(leader, 0, 3_500)
    expect(leader.leadership.waitingCount).toBe(1)

    leader.leadership.receiveProofs(host, { number: 1, sessions: [[session, 1_000]] })
    expect(leader.draftAll()).toEqual([])

    tick(leader, 3_500, 5_600)
    expect(leader.draftAll().map(wordOf)).toEqual(['expired []'])
  })

  test('a session that closes itself first is not expired as well', () => {
    const leader = new LoneLeader()
    const session = leader.session(3_000)
    leader.send(session, close)
    tick(leader, 0, 4_000)

    expect(leader.draftAll().map(wordOf)).toEqual(['closed []'])
  })

  test('one that drains decides nothing more', () => {
    const leader = new LoneLeader()
    leader.session(3_000)
    leader.leadership.drain()
    tick(leader, 0, 10_000)

    expect(leader.leadership.waitingCount).toBe(0)
    expect(leader.draft()).toBeNull()
  })
})
