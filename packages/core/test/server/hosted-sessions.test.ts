import { describe, expect, test } from 'vitest'
import { defaultLimits, type SessionId, type Zxid } from '../../src/internal.ts'
import { Outbox } from '../../src/outbox.ts'
import { HostedSessions } from '../../src/server/hosted-sessions.ts'
import { create } from './requests.ts'

describe('hosted sessions', () => {
  test('writes given up while there is no leader are not kept', () => {
    const hosted = new HostedSessions(defaultLimits, new Outbox())
    const session = hosted.open(1 as SessionId, 10_000, 1 as Zxid)
    hosted.receive(session, 0, create('/kept'))

    for (let call = 1; call <= 1_000; call += 1) {
      hosted.receive(session, call, create('/a'))
      hosted.abandon(call)
      expect(hosted.waitingCount).toBeLessThanOrEqual(4)
    }

    expect(session.unansweredCount).toBe(1)
    expect(hosted.forward()).toMatchObject([{ requestId: 1, request: { path: '/kept' } }])
    expect(hosted.waitingCount).toBe(0)
  })

  test('C5: an answer out of order is a defect', () => {
    const hosted = new HostedSessions(defaultLimits, new Outbox())
    const session = hosted.open(1 as SessionId, 10_000, 1 as Zxid)
    hosted.receive(session, 1, create('/a'))
    hosted.receive(session, 2, create('/b'))
    hosted.forward()

    expect(() => hosted.answer(session, 2, 5 as Zxid, { type: 'delete' })).toThrow(/^C5/)
  })

  test('what ends with a session is not kept for it', () => {
    const hosted = new HostedSessions(defaultLimits, new Outbox())
    const session = hosted.open(1 as SessionId, 10_000, 1 as Zxid)
    const other = hosted.open(2 as SessionId, 10_000, 2 as Zxid)
    for (let call = 0; call < 10; call += 1) {
      hosted.receive(call % 2 === 0 ? session : other, call, create(`/${String(call)}`))
    }

    hosted.end(session, 'SESSION_EXPIRED', 'not-applied', 'gone')

    expect(hosted.get(session.id)).toBeUndefined()
    expect(hosted.abandon(0)).toBe(false)
    const ids = hosted.forward().map(({ session: of, requestId }) => [of, requestId])
    expect(ids).toEqual([1, 2, 3, 4, 5].map((id) => [2, id]))
  })
})
