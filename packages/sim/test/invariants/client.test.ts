import { describe, expect, test } from 'vitest'
import type { Event, Page, SessionId, Stat, Txn } from '@conclave/core/internal'
import type { Answer, SessionCall } from '../../src/history.ts'
import { EphemeralOwners } from '../../src/invariants/s2-ephemerals.ts'
import { Expiry } from '../../src/invariants/s4-expiry.ts'
import { LinearizableWrites } from '../../src/invariants/c2-linearizable-writes.ts'
import { LocalDeadline } from '../../src/invariants/s8-local-deadline.ts'
import { MonotonicReads } from '../../src/invariants/c4-monotonic-reads.ts'
import { NoPhantom } from '../../src/invariants/c10-no-phantom.ts'
import { ReadCorrectness } from '../../src/invariants/c3-read-correctness.ts'
import { ReadYourWrites } from '../../src/invariants/c6-read-your-writes.ts'
import { SessionEnd } from '../../src/invariants/s3-session-end.ts'
import { SessionFifo } from '../../src/invariants/c5-session-fifo.ts'
import { SessionIds } from '../../src/invariants/s1-session-ids.ts'
import { SyncReachesAll } from '../../src/invariants/c7-sync.ts'
import { WriteAccounting } from '../../src/invariants/c1-write-accounting.ts'
import type { Reading } from '../../src/observation.ts'
import { pageAt, zxid } from '../pages.ts'
import {
  asRecords,
  call,
  leading,
  peer,
  sessionAt,
  step,
  SyntheticRun,
  tick,
  view,
} from './observed.ts'

const id = zxid('1:1') as number as SessionId
const header = { timeMs: 5, session: id, requestId: 1 }
const password = new Uint8Array(16)
const createSession: Txn = {
  timeMs: 5,
  session: 0 as SessionId,
  requestId: 0,
  type: 'create-session',
  timeoutMs: 1_000,
  password,
  host: 1,
}
const refusal: Txn & { readonly type: 'refuse' } = {
  ...header,
  type: 'refuse',
  code: 'NO_NODE',
  path: '/x',
  operation: 0,
  limit: null,
}

function reply(at: string): Answer {
  return { type: 'reply', zxid: zxid(at), result: { type: 'delete' } }
}

function closing(reason: 'closed' | 'expired', paths: readonly string[] = []): Txn {
  return { ...header, type: 'close-session', closed: id, reason, paths }
}

const host = sessionAt(1, id)

describe('C1', () => {
  /** An invariant that has seen these txns. */
  function accountingOf(...txns: readonly Txn[]): WriteAccounting {
    const invariant = new WriteAccounting(new SyntheticRun())
    for (const txn of txns) invariant.beforeTxn(txn, zxid('1:5'), undefined)
    return invariant
  }

  test.each([
    ['a reply to a write that has no txn', accountingOf(), call(host, reply('1:5'))],
    ['a reply at another zxid', accountingOf(), call(host, reply('1:5'), { zxid: zxid('1:4') })],
    [
      'a reply to a write that was refused',
      accountingOf(refusal),
      call(host, reply('1:5'), { zxid: zxid('1:5') }),
    ],
    [
      'a refusal of a write that was done',
      accountingOf(),
      call(host, { type: 'refused', zxid: zxid('1:5'), refusal }, { zxid: zxid('1:5') }),
    ],
    [
      'a refusal for another reason than its txn has',
      accountingOf(refusal),
      call(
        host,
        { type: 'refused', zxid: zxid('1:5'), refusal: { ...refusal, code: 'NOT_EMPTY' } },
        { zxid: zxid('1:5') },
      ),
    ],
    [
      'a refusal of another operation than its txn has',
      accountingOf(refusal),
      call(
        host,
        { type: 'refused', zxid: zxid('1:5'), refusal: { ...refusal, operation: 3 } },
        { zxid: zxid('1:5') },
      ),
    ],
    [
      'the result of another kind of write',
      accountingOf(),
      call(
        host,
        { type: 'reply', zxid: zxid('1:5'), result: { type: 'close-session' } },
        { zxid: zxid('1:5') },
      ),
    ],
    [
      'a definite failure of a write that has a txn',
      accountingOf(),
      call(host, { type: 'failed', code: 'BUSY', outcome: 'not-applied' }, { zxid: zxid('1:5') }),
    ],
  ])('%s', (_name, invariant, answered) => {
    expect(() => invariant.onAnswer(peer(1), host, answered)).toThrow(/^C1:/)
  })

  test('an answer that comes twice', () => {
    const invariant = accountingOf()
    const answered = call(host, reply('1:5'), { zxid: zxid('1:5') })
    invariant.onAnswer(peer(1), host, answered)

    expect(() => invariant.onAnswer(peer(1), host, answered)).toThrow(/^C1:/)
  })

  test('an unknown outcome may have a txn, or none', () => {
    const invariant = accountingOf()
    const unknown: Answer = { type: 'failed', code: 'RESULT_LOST', outcome: 'unknown' }

    expect(() => invariant.onAnswer(peer(1), host, call(host, unknown))).not.toThrow()
    const done = call(host, unknown, { zxid: zxid('1:5') })
    expect(() => invariant.onAnswer(peer(1), host, done)).not.toThrow()
  })

  test('a write that nobody asked for', () => {
    const run = new SyntheticRun()
    run.history.open(sessionAt(1, id))

    expect(() => new WriteAccounting(run).beforeTxn(refusal, zxid('1:5'), undefined)).toThrow(
      /^C1:/,
    )
  })

  test('a session that failed for sure, and exists; and one request that made two', () => {
    const run = new SyntheticRun()
    run.apply(zxid('1:1'), createSession)
    const asked: SessionCall = {
      id: 1,
      peer: 1,
      timeoutMs: 1_000,
      password: password.join(),
      moves: null,
      answer: { outcome: 'not-applied' },
    }
    run.history.sessionCalls.push(asked)
    expect(() => new WriteAccounting(run).atEnd()).toThrow(/^C1:/)

    asked.answer = { outcome: 'unknown' }
    expect(() => new WriteAccounting(run).atEnd()).not.toThrow()
    run.apply(zxid('1:2'), createSession)
    expect(() => new WriteAccounting(run).atEnd()).toThrow(/^C1:/)
  })
})

describe('C2', () => {
  test('a write goes before what was committed when it was called', () => {
    const late = call(host, reply('1:5'), { floor: zxid('1:5') })
    const right = call(host, reply('1:6'), { floor: zxid('1:5') })

    expect(() => new LinearizableWrites().onAnswer(peer(1), host, right)).not.toThrow()
    expect(() => new LinearizableWrites().onAnswer(peer(1), host, late)).toThrow(/^C2:/)
  })
})

describe('C3', () => {
  const at = zxid('1:2')
  const times = { czxid: at, mzxid: at, pzxid: at, ctime: 5, mtime: 5 }
  const counts = { version: 0, cversion: 0, aversion: 0, dataLength: 1, numChildren: 0 }
  const stat: Stat = { ...times, ...counts, ephemeralOwner: 0 as SessionId }
  const data = Uint8Array.of(7)
  const right: Reading = { path: '/a', zxid: at, found: { data, stat }, children: [] }

  function read(reading: Reading): void {
    const run = new SyntheticRun()
    const ephemeralOwner = 0 as SessionId
    const fields = { data, ephemeralOwner, reap: 0, parentCreateCount: 1, acl: null }
    const create = { type: 'create', path: '/a', ...fields } as const
    run.apply(at, { ...header, ...create })
    run.apply(zxid('1:3'), { ...header, type: 'set', path: '/a', data: null, version: 1 })
    new ReadCorrectness(run).onRead(peer(1), host, reading)
  }

  test('the state at the zxid of the read passes, though it has changed since', () => {
    expect(() => read(right)).not.toThrow()
  })

  test.each<[string, Partial<Reading>]>([
    ['data of another time', { found: { data: null, stat } }],
    ['a stat of another time', { found: { data, stat: { ...stat, version: 1 } } }],
    ['no znode', { found: null }],
    ['a znode before there was one', { zxid: zxid('1:1') }],
    ['a child that is not there', { children: ['b'] }],
  ])('%s', (_name, fields) => {
    expect(() => read({ ...right, ...fields })).toThrow(/^C3:/)
  })
})

describe('C4', () => {
  const reading = (at: string): Reading => ({
    path: '/',
    zxid: zxid(at),
    found: null,
    children: [],
  })

  test('a read shows less than an earlier one, or than an answer', () => {
    const invariant = new MonotonicReads()
    invariant.onRead(peer(1), host, reading('1:5'))
    expect(() => invariant.onRead(peer(1), host, reading('1:4'))).toThrow(/^C4:/)

    invariant.onAnswer(peer(1), host, call(host, reply('1:9')))
    expect(() => invariant.onRead(peer(1), host, reading('1:8'))).toThrow(/^C4:/)
    expect(() => invariant.onRead(peer(1), sessionAt(1, 8), reading('1:1'))).not.toThrow()
  })
})

describe('C5', () => {
  test('an answer overtakes an earlier one', () => {
    const invariant = new SessionFifo()
    const [earlier, later] = [call(host, reply('1:5')), call(host, reply('1:6'))]
    invariant.onAnswer(peer(1), host, later)

    expect(() => invariant.onAnswer(peer(1), host, earlier)).toThrow(/^C5:/)
  })
})

describe('C6', () => {
  test('a write is answered that is not applied here', () => {
    const invariant = new ReadYourWrites()
    invariant.onStep(step(peer(1), view(), view({ lastApplied: zxid('1:4') })))

    expect(() => invariant.onAnswer(peer(1), host, call(host, reply('1:4')))).not.toThrow()
    expect(() => invariant.onAnswer(peer(1), host, call(host, reply('1:5')))).toThrow(/^C6:/)
  })
})

describe('C7', () => {
  test('a sync comes to less than was committed when it was called', () => {
    const synced: Answer = { type: 'synced', zxid: zxid('1:4') }
    const invariant = new SyncReachesAll()
    const asked = (floor: string) => call(host, synced, { request: null, floor: zxid(floor) })

    expect(() => invariant.onAnswer(peer(1), host, asked('1:4'))).not.toThrow()
    expect(() => invariant.onAnswer(peer(1), host, asked('1:5'))).toThrow(/^C7:/)
  })
})

describe('S1', () => {
  test('a session is opened twice', () => {
    const invariant = new SessionIds()
    const opened = { answer: { session: id } } as SessionCall
    invariant.onSessionAnswer(peer(1), opened)

    expect(() => invariant.onSessionAnswer(peer(2), opened)).toThrow(/^S1:/)
  })
})

describe('S2', () => {
  test('ZOOKEEPER-2355: an ephemeral outlives its session', () => {
    const run = new SyntheticRun()
    run.apply(zxid('1:1'), createSession)
    const plain = { path: '/e', data: null, acl: null, parentCreateCount: 1 } as const
    const create = { type: 'create', ...plain } as const
    run.apply(zxid('1:2'), { ...header, ...create, ephemeralOwner: id, reap: 0 })

    expect(() => new EphemeralOwners(run).afterTxn(closing('closed'), zxid('1:3'), [])).toThrow(
      /^S2:/,
    )
  })

  test('an ephemeral is created for a session that is not live', () => {
    const znode = { owner: 99 } as never
    const created = { type: 'created', path: '/e', zxid: zxid('1:2'), znode } as const

    const invariant = new EphemeralOwners(new SyntheticRun())
    expect(() => invariant.afterTxn(refusal, zxid('1:2'), [created])).toThrow(/^S2:/)
  })
})

describe('S3', () => {
  test('a session acts behind its end', () => {
    const run = new SyntheticRun()
    run.apply(zxid('1:1'), createSession)
    run.apply(zxid('1:2'), closing('closed'))
    const set: Txn = { ...header, type: 'set', path: '/', data: null, version: 1 }

    expect(() => new SessionEnd(run).beforeTxn(set, zxid('1:3'))).toThrow(/^S3:/)
    expect(() => new SessionEnd(run).beforeTxn(refusal, zxid('1:3'))).not.toThrow()
  })
})

describe('S4', () => {
  const expiry: Page = pageAt('2:1', undefined, [closing('expired')])

  /** A leader since 0 ms that heard of the session at `heardMs` and expires it at `nowMs`. */
  function expire(heardMs: number, nowMs: number, establishedMs = 0): void {
    const run = new SyntheticRun()
    run.apply(zxid('1:1'), createSession)
    const leader = peer(1)
    const invariant = new Expiry(run)
    invariant.onStart(leader)
    invariant.onStep(step(leader, view(), leading(2), [tick(establishedMs)]))
    const proofs = { number: 1, sessions: [[id, 0]] as const }
    const pong: Event = {
      type: 'message-received',
      from: 2,
      message: { type: 'pong', epoch: 2, round: 1, proofs, progress: 0 },
    }
    invariant.onStep(step(leader, leading(2), leading(2), [tick(heardMs), pong]))
    leader.nowMs = nowMs
    invariant.onAppend(leader, asRecords(expiry))
  }

  test('a session that was silent for its timeout may expire', () => {
    expect(() => expire(500, 1_500)).not.toThrow()
  })

  test('one that was heard of may not', () => {
    expect(() => expire(500, 1_400)).toThrow(/^S4:/)
  })

  test('nor may one before the leader has led for its timeout', () => {
    expect(() => expire(0, 1_600, 1_000)).toThrow(/^S4:/)
  })

  test('nor one that has not been there for it, committed or not', () => {
    const leader = peer(1, { nowMs: 5_500 })
    const invariant = new Expiry(new SyntheticRun())
    invariant.onStart(leader)
    invariant.onStep(step(leader, view(), leading(2), [tick(0)]))
    invariant.onStep(step(leader, leading(2), leading(2), [tick(5_000)]))
    const created = pageAt('2:1', undefined, [createSession])
    const closed = { ...closing('expired'), closed: zxid('2:1') as number as SessionId }
    invariant.onAppend(leader, asRecords(created))

    const ended = asRecords(pageAt('2:2', created, [closed]))
    expect(() => invariant.onAppend(leader, ended)).toThrow(/^S4:/)
    leader.nowMs = 6_000
    expect(() => invariant.onAppend(leader, ended)).not.toThrow()
  })
})

describe('S8', () => {
  const expiry = pageAt('2:1', undefined, [closing('expired')])

  test('a session expires that its host still takes for alive', () => {
    const run = new SyntheticRun()
    run.history.open(sessionAt(1, id))
    const hostPeer = peer(1, { nowMs: 100, sessionDeadlineMs: () => 90 })
    run.add(hostPeer)
    const invariant = new LocalDeadline(run)
    expect(() => invariant.onCommitted(peer(2), expiry)).not.toThrow()

    hostPeer.sessionDeadlineMs = () => 110
    expect(() => invariant.onCommitted(peer(2), expiry)).toThrow(/^S8:/)
  })
})

describe('C10', () => {
  const data = Uint8Array.of(7)
  const stat = { version: 0 } as Stat
  const reading: Reading = { path: '/a', zxid: zxid('1:2'), found: { data, stat }, children: [] }

  function readAfter(...writes: readonly (Answer | null)[]): void {
    const run = new SyntheticRun()
    const session = sessionAt(1, id)
    const request = { type: 'set', path: '/a', data, version: -1 } as const
    for (const answer of writes) session.calls.push(call(session, answer, { request }))
    run.history.open(session)
    new NoPhantom(run).onRead(peer(1), session, reading)
  }

  test('a value is read that nobody wrote, or that was not written for certain', () => {
    expect(() => readAfter()).toThrow(/^C10:/)
    expect(() => readAfter({ type: 'failed', code: 'BUSY', outcome: 'not-applied' })).toThrow(
      /^C10:/,
    )
  })

  test('one whose write is on its way, or of unknown outcome, may be read', () => {
    expect(() => readAfter(null)).not.toThrow()
    expect(() => readAfter({ type: 'failed', code: 'ABORTED', outcome: 'unknown' })).not.toThrow()
  })
})
