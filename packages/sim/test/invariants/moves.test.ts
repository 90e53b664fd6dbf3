import { describe, expect, test } from 'vitest'
import type { SessionId, Txn } from '@conclave/core/internal'
import { SessionHistory, type SessionCall } from '../../src/history.ts'
import { OneHost } from '../../src/invariants/s7-one-host.ts'
import { zxid } from '../pages.ts'
import { call, sessionAt, SyntheticRun } from './observed.ts'

const id = zxid('1:1') as number as SessionId
const password = new Uint8Array(16)
const header = { timeMs: 5, session: 0 as SessionId, requestId: 0 }
const createSession: Txn = {
  ...header,
  type: 'create-session',
  timeoutMs: 1_000,
  password,
  host: 1,
}
const refusal: Txn = {
  ...header,
  session: id,
  requestId: 1,
  type: 'refuse',
  code: 'NO_NODE',
  path: '/x',
  operation: 0,
  limit: null,
}
const host = sessionAt(1, id)

describe('S7', () => {
  const move = { ...header, type: 'move-session' } as const
  const moved: Txn = { ...move, moved: id, host: 2 }
  const asked: SessionCall = {
    id: 1,
    peer: 2,
    timeoutMs: 1_000,
    password: password.join(),
    moves: { session: id, replaces: zxid('1:1') },
    answer: null,
  }

  /** A session, asked for at another peer; moved, if `isMoved`. */
  function runWith(isMoved: boolean): SyntheticRun {
    const run = new SyntheticRun()
    run.apply(zxid('1:1'), createSession)
    run.history.open(sessionAt(1, id))
    run.history.sessionCalls.push(asked)
    if (isMoved) run.apply(zxid('1:2'), moved)
    return run
  }

  test('a session moves to who asked, away from whom it was with then', () => {
    const invariant = new OneHost(runWith(false))
    expect(() => invariant.beforeTxn(moved, zxid('1:2'), undefined)).not.toThrow()
    const other: Txn = { ...move, moved: id, host: 3 }
    expect(() => invariant.beforeTxn(other, zxid('1:2'), undefined)).toThrow(/^S7:/)

    const late = new OneHost(runWith(true))
    expect(() => late.beforeTxn(moved, zxid('1:3'), undefined)).toThrow(/^S7:/)
  })

  test('a write of the host before is not judged behind the move', () => {
    const former = call(host, null)
    const before = new OneHost(runWith(false))
    expect(() => before.beforeTxn(refusal, zxid('1:2'), former)).not.toThrow()

    const run = runWith(true)
    const after = new OneHost(run)
    expect(() => after.beforeTxn(refusal, zxid('1:3'), former)).toThrow(/^S7:/)
    const next = new SessionHistory(id, 2, 1_000, zxid('1:2'))
    run.history.open(next)
    expect(() => after.beforeTxn(refusal, zxid('1:3'), former)).toThrow(/^S7:/)
    expect(() => after.beforeTxn(refusal, zxid('1:3'), call(next, null))).not.toThrow()
  })

  test('a session is with one peer in the end', () => {
    const run = runWith(true)
    expect(() => new OneHost(run).atEnd()).toThrow(/^S7:/)
    run.history.placesOf(id)[0]!.ended = 'moved'
    expect(() => new OneHost(run).atEnd()).not.toThrow()
  })
})
