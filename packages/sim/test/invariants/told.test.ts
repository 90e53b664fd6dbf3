import { describe, expect, test } from 'vitest'
import type { CoreView, SessionId, Txn, Zxid } from '@conclave/core/internal'
import type { SessionHistory } from '../../src/history.ts'
import { EndedIsTold } from '../../src/invariants/s6-ended-is-told.ts'
import { zxid } from '../pages.ts'
import { peer, sessionAt, step, SyntheticRun, view } from './observed.ts'

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
