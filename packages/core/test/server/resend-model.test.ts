import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  advanceZxid,
  digestOf,
  type CallId,
  type Delivery,
  type PeerId,
  type SessionId,
  type Txn,
  type TreeRequest,
  type Zxid,
} from '../../src/internal.ts'
import { judgeAlone, naiveMaxEphemerals, ordered } from './naive-judge.ts'
import { NaiveState } from './naive-state.ts'
import { anyRequest } from './random-requests.ts'
import { TestPeers, wordsOf } from './test-peers.ts'

const peer = fc.integer({ min: 1, max: 3 })
const few = fc.nat(3)
const rarely = fc.nat(5).map((number) => number === 0)

/** What can happen, at whatever moment. */
const happening = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constant('request' as const),
      of: fc.nat(3),
      request: anyRequest,
      isLate: rarely,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('move' as const), of: fc.nat(3), peer }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('abort' as const), back: few }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('sync' as const), of: fc.nat(3) }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('step' as const), peer }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('deliver' as const), count: few }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('propose' as const) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('commit' as const), count: few }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('apply' as const), peer }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('confirm' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('lose' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('elect' as const), peer, kept: few }) },
)
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never

/** Where a session is, or was, and since which txn. */
interface Place {
  readonly host: PeerId
  readonly since: Zxid
}

interface Call extends Place {
  readonly call: CallId
  readonly session: SessionId
  readonly request: TreeRequest | null
}

interface Move {
  readonly call: CallId
  readonly session: SessionId
  readonly host: PeerId
  readonly replaces: Zxid
}

interface Session {
  readonly id: SessionId
  /** Where its client had it, one after the other. */
  readonly places: Place[]
}

class Run {
  readonly peers = new TestPeers(3, {
    maxPageTxns: 2,
    maxForwardedBytes: 400,
    maxSessionEphemerals: naiveMaxEphemerals,
  })
  readonly calls: Call[] = []
  readonly moves: Move[] = []
  readonly sessions: readonly Session[]
  #lastCall = 0

  constructor() {
    this.peers.elect(1)
    this.sessions = [1, 2, 2, 3].map((host) => {
      const id = this.peers.session(host)
      return { id, places: [{ host, since: id as number as Zxid }] }
    })
  }

  happen(what: Happening): void {
    this.#do(what)
    this.noteArrivals()
  }

  /** A session that has come to a peer is used there from now on. */
  noteArrivals(): void {
    for (const { call, session, host } of this.moves) {
      const peer = this.peers.peer(host)
      if (peer.arrivalOf(call) !== String(session)) continue
      const { places } = this.sessions.find(({ id }) => id === session)!
      const since = peer.server.replica.sessions.get(session)?.hostedSince
      if (since !== undefined && since > places.at(-1)!.since) places.push({ host, since })
    }
  }

  #do(what: Happening): void {
    const { peers } = this
    switch (what.type) {
      case 'request':
        return this.#call(what.of, what.request, what.isLate)
      case 'sync':
        return this.#call(what.of, null)
      case 'move': {
        const { id: session } = this.sessions[what.of]!
        const call = (this.#lastCall += 1)
        const replaces = peers.peer(what.peer).requestMove(session, call)
        this.moves.push({ call, session, host: what.peer, replaces })
        return
      }
      case 'abort': {
        const all = [...this.calls, ...this.moves].sort((a, b) => a.call - b.call)
        const aborted = all.at(-1 - what.back)
        if (aborted === undefined) return
        const { call } = aborted
        peers.peer(aborted.host).server.handle({ type: 'call-aborted', call })
        return peers.collect(peers.peer(aborted.host))
      }
      case 'step':
        return peers.step(peers.peer(what.peer))
      case 'deliver':
        return peers.deliver(what.count)
      case 'propose':
        return void peers.propose()
      case 'commit':
        return peers.commit(what.count)
      case 'apply':
        return peers.apply(peers.peer(what.peer))
      case 'confirm':
        return peers.confirmRound()
      case 'lose':
        return peers.lose()
      case 'elect':
        return peers.elect(what.peer, what.kept)
    }
  }

  #call(of: number, request: TreeRequest | null, isLate = false): void {
    const { id: session, places } = this.sessions[of]!
    const { host, since } = places.at(isLate ? -2 : -1) ?? places[0]!
    const call = (this.#lastCall += 1)
    this.calls.push({ call, session, host, since, request })
    const { server } = this.peers.peer(host)
    if (request === null) server.handle({ type: 'sync-requested', session, call })
    else server.handle({ type: 'request-received', session, call, request })
  }

  /** What each call came to; every one came to exactly one thing. */
  outcomes(): Map<CallId, string> {
    const outcomes = new Map<CallId, string>()
    for (const { items } of this.told()) {
      for (const word of wordsOf(items.filter((item) => 'call' in item))) {
        const [call, ...outcome] = word.split(' ')
        expect(outcomes.has(Number(call)), `call ${String(call)} ends once`).toBe(false)
        outcomes.set(Number(call), outcome.join(' '))
      }
    }
    expect([...outcomes.keys()].sort((a, b) => a - b)).toEqual(this.calls.map(({ call }) => call))
    return outcomes
  }

  /** What each session was told at each peer. */
  told(): { readonly id: SessionId; readonly items: readonly Delivery[] }[] {
    return this.sessions.flatMap(({ id }) =>
      this.peers.peers.map((peer) => ({ id, items: peer.toldTo(id) })),
    )
  }

  /** Every txn of the history with its place. */
  txns(): (readonly [Zxid, Txn])[] {
    const { history, pages } = this.peers
    return history.flatMap((page) =>
      pages.decode(page).map((txn, index) => [advanceZxid(page.first, index), txn] as const),
    )
  }
}

/** C1, R2: the history holds what calls came to, in order, each once, judged as if alone. */
function expectAccounted(run: Run, outcomes: ReadonlyMap<CallId, string>): NaiveState {
  const state = new NaiveState()
  const written = run.calls.filter(({ call, request }) => {
    const outcome = outcomes.get(call) ?? ''
    return request !== null && !outcome.endsWith('not-applied')
  })
  for (const [zxid, txn] of run.txns()) {
    if (txn.type === 'move-session') expectWanted(run, txn, state)
    if (txn.requestId !== 0) {
      const since = state.sessions.get(txn.session)!.hostedSince
      const index = written.findIndex((one) => one.session === txn.session && one.since === since)
      expect(index, 'a call for every txn').toBeGreaterThanOrEqual(0)
      const [call] = written.splice(index, 1)
      const alone = judgeAlone(state, txn.session, call!.request!, txn.timeMs)
      expect(ordered(txn)).toEqual(ordered(alone!))
      const outcome = outcomes.get(call!.call)!
      const word = txn.type === 'refuse' ? txn.code : wordOfResult(txn)
      expect([word, 'ABORTED unknown']).toContain(outcome)
    }
    state.apply(txn, zxid)
  }
  // Given up, and behind the end or a move of its session: it was sent, and no txn came of it.
  for (const { call, session, since } of written) {
    expect(outcomes.get(call)).toBe('ABORTED unknown')
    expect(state.sessions.get(session)?.hostedSince).not.toBe(since)
  }
  return state
}

/** S7: a session moves only as somebody asked, and away from whom they took it to be with. */
function expectWanted(run: Run, txn: Txn & { type: 'move-session' }, state: NaiveState): void {
  const replaces = state.sessions.get(txn.moved)?.hostedSince
  const wanted = run.moves.some(
    (move) => move.session === txn.moved && move.host === txn.host && move.replaces === replaces,
  )
  expect(wanted, 'who a session moves to has asked for that').toBe(true)
}

/** S7: one peer speaks for a session, if any does; every call for one has come to something. */
function expectHosted(run: Run, state: NaiveState): void {
  for (const { call, host } of run.moves) {
    expect(run.peers.peer(host).arrivalOf(call)).toBeDefined()
  }
  for (const { id } of run.sessions) {
    const hosts = run.peers.peers.filter(({ server }) => server.sessionDeadlineMs(id) !== undefined)
    expect(hosts.length).toBeLessThanOrEqual(1)
    for (const peer of hosts) expect(state.sessions.get(id)?.host).toBe(peer.id)
  }
}

function wordOfResult(txn: Txn): string {
  if (txn.type === 'create-with-parents') return 'create'
  return txn.type === 'delete-subtree' ? 'delete' : txn.type
}

// Random programs: seconds of work, which a busy machine makes many.
describe('resending against the history', { timeout: 60_000 }, () => {
  test('R2, R4, C1, C5, S7: whenever leaders change and sessions move, every write is applied once and answered right', () => {
    fc.assert(
      fc.property(
        fc.array(happening, { maxLength: 100, size: 'max' }),
        peer,
        (happenings, last) => {
          const run = new Run()
          for (const one of happenings) run.happen(one)
          run.peers.elect(last)
          run.peers.settle()
          run.noteArrivals()

          expect(run.peers.refusals).toEqual([])
          const state = expectAccounted(run, run.outcomes())
          const digest = digestOf(state.records(), state.sessions.values())
          for (const { server } of run.peers.peers) expect(server.digest).toBe(digest)
          expectHosted(run, state)
          for (const { items } of run.told()) {
            const answers = items.filter(({ type }) => type === 'reply' || type === 'refused')
            const calls = answers.map((item) => ('call' in item ? item.call : 0))
            expect(calls).toEqual([...calls].sort((a, b) => a - b))
            const zxids = items.flatMap((item) =>
              'zxid' in item && item.zxid !== null ? [item.zxid] : [],
            )
            expect(zxids).toEqual([...zxids].sort((a, b) => a - b))
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})
