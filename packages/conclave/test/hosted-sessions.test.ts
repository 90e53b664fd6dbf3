import { makeZxid, type SessionId } from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { HostedSessions } from '../src/hosted-sessions.ts'
import { ScriptedHost } from './scripted-host.ts'

const idOf = (number: number): SessionId => makeZxid(1, number) as number as SessionId

/** A host that knows a deadline of its own for each session, and counts who asks for one. */
class CountingHost extends ScriptedHost {
  readonly deadlines = new Map<SessionId, number>()
  asked = 0

  override deadlineMs(session?: SessionId): number {
    this.asked += 1
    return this.deadlines.get(session!) ?? Infinity
  }
}

function hostOf(deadlines: readonly number[]): { host: CountingHost; sessions: HostedSessions } {
  const host = new CountingHost()
  const sessions = new HostedSessions(host)
  for (const [index, deadlineMs] of deadlines.entries()) {
    host.deadlines.set(idOf(index + 1), host.clock.nowMs() + deadlineMs)
    const opened = { call: index, session: idOf(index + 1), timeoutMs: 10_000 }
    sessions.onOpened({ type: 'open-session', ...opened })
  }
  host.asked = 0
  return { host, sessions }
}

describe('many sessions', () => {
  test('are looked at when a deadline can have passed, and not before', () => {
    const { host, sessions } = hostOf(Array.from({ length: 1_000 }, (_, index) => 5_000 + index))
    for (let step = 0; step < 1_000; step += 1) sessions.onTime()
    expect(host.asked).toBe(0)

    host.clock.advance(5_000)
    sessions.onTime()
    expect(host.asked).toBeGreaterThanOrEqual(1_000)
  })

  test('S8: each is told suspended once its own deadline has passed, and connected when it moves', () => {
    const { host, sessions } = hostOf([1_000, 2_000])
    const told: string[] = []
    for (const session of sessions.all()) {
      session.on('state', (state) => told.push(`${session.id}: ${state}`))
    }
    const [first, second] = sessions.all().map(({ id }) => id)
    const look = (): string[] => {
      sessions.onTime()
      return told.splice(0)
    }

    host.clock.advance(999)
    expect(look()).toEqual([])
    host.clock.advance(1)
    expect(look()).toEqual([`${first}: suspended`])
    host.deadlines.set(idOf(1), host.clock.nowMs() + 5_000)
    expect(look()).toEqual([`${first}: connected`])
    host.clock.advance(1_000)
    expect(look()).toEqual([`${second}: suspended`])
    host.clock.advance(4_000)
    expect(look()).toEqual([`${first}: suspended`])
  })

  test('S8: a deadline that is drawn nearer is seen by a look at everybody', () => {
    const { host, sessions } = hostOf([5_000])
    const [session] = sessions.all()
    sessions.onTime()
    host.deadlines.set(idOf(1), host.clock.nowMs() - 1)
    const told: string[] = []
    session!.on('state', (state) => told.push(state))
    sessions.onTimeMoved()

    expect(told).toEqual(['suspended'])
  })

  test('one that has ended is not looked at any more', () => {
    const { host, sessions } = hostOf([1_000, 1_000])
    host.clock.advance(1_000)
    sessions.onTime()
    for (const number of [1, 2])
      sessions.deliver(idOf(number), [{ type: 'ended', reason: 'expired' }])
    host.asked = 0
    sessions.onTime()
    sessions.onTimeMoved()

    expect(host.asked).toBe(0)
  })
})
