import { describe, expect, test } from 'vitest'
import type { CoreView, SessionId, Stat, Txn, Zxid } from '@conclave/core/internal'
import type { Call, SessionHistory } from '../../src/history.ts'
import { CreateAnswer } from '../../src/invariants/r4-create-answer.ts'
import { EndedIsTold } from '../../src/invariants/s6-ended-is-told.ts'
import { zxid } from '../pages.ts'
import { call, peer, sessionAt, step, SyntheticRun, view } from './observed.ts'

const id = zxid('1:1') as number as SessionId
const header = { timeMs: 5, session: 0 as SessionId, requestId: 0 }
const createSession: Txn = {
  ...header,
  type: 'create-session',
  timeoutMs: 1_000,
  password: new Uint8Array(16),
  host: 1,
}
const expiry: Txn = { ...header, type: 'close-session', closed: id, reason: 'expired', paths: [] }

describe('S6', () => {
  const steps = (session: SessionHistory): (() => void) => {
    const run = new SyntheticRun()
    run.apply(id as number as Zxid, createSession)
    run.apply(zxid('1:2'), expiry)
    run.history.open(session)
    const applied = (at: string): CoreView => view({ lastApplied: zxid(at) })
    return () => {
      const invariant = new EndedIsTold(run)
      invariant.onStep(step(peer(1), applied('1:1'), applied('1:2')))
      invariant.onStep(step(peer(1), applied('1:2'), applied('1:3')))
    }
  }

  test('a session has ended and its host goes on as if it had not', () => {
    expect(steps(sessionAt(1, id))).toThrow(/^S6:/)
  })

  test('one that was told, and one that another peer hosts, pass', () => {
    const told = sessionAt(1, id)
    told.ended = 'expired'
    expect(steps(told)).not.toThrow()
    expect(steps(sessionAt(2, id))).not.toThrow()
  })
})

describe('R4', () => {
  const created = (path: string): Call => {
    const stat = {} as Stat
    return call(sessionAt(1, id), {
      type: 'reply',
      zxid: zxid('1:2'),
      result: { type: 'create', path, stat },
    })
  }

  test('a create is told another path than it made', () => {
    const run = new SyntheticRun()
    run.apply(zxid('1:2'), {
      ...header,
      type: 'create',
      path: '/a0000000001',
      data: null,
      ephemeralOwner: 0 as SessionId,
      reap: 0,
      parentCreateCount: 1,
      acl: null,
    })
    const invariant = new CreateAnswer(run)

    expect(() => invariant.onAnswer(peer(1), sessionAt(1, id), created('/a0000000000'))).toThrow(
      /^R4:/,
    )
    expect(() =>
      invariant.onAnswer(peer(1), sessionAt(1, id), created('/a0000000001')),
    ).not.toThrow()
  })
})
