import type { SessionState } from '@conclave/core'
import { CoordinationError } from '@conclave/core'
import { makeZxid } from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { isSettled, rejectionOf, ScriptedHost, timeoutMs } from './scripted-host.ts'

/** The changes of state that a listener is told. */
function statesOf(host: ScriptedHost): (readonly [SessionState, SessionState])[] {
  const told: (readonly [SessionState, SessionState])[] = []
  host.session.on('state', (state, previous) => told.push([state, previous]))
  return told
}

describe('the state of a session', () => {
  test('S8: past the local deadline it is suspended, and connected again with a later one', () => {
    const host = new ScriptedHost()
    const told = statesOf(host)

    expect(host.session.state).toBe('connected')
    host.clock.advance(9_000)
    expect(host.session.state).toBe('suspended')
    host.session.onTime()
    host.deadline += 5_000
    expect(host.session.state).toBe('connected')
    host.session.onTime()

    expect(told).toEqual([
      ['suspended', 'connected'],
      ['connected', 'suspended'],
    ])
    expect(host.session.alive.aborted).toBe(false)
  })

  test('S8: a certainty that was lost stays lost, and another one can be had', () => {
    const host = new ScriptedHost()
    const certain = host.session.certain()

    expect(host.session.certain()).toBe(certain)
    host.clock.advance(9_000)
    host.session.onTime()
    host.deadline += 5_000

    expect(certain.aborted).toBe(true)
    expect(certain.reason).toBeInstanceOf(CoordinationError)
    expect(certain.reason).toMatchObject({ code: 'SESSION_SUSPENDED', outcome: 'unknown' })
    expect(host.session.certain().aborted).toBe(false)
  })

  test('S8: a signal is aborted in the statement after the stall, before any callback', () => {
    const host = new ScriptedHost()
    const read = host.session.certain()
    const thrown = host.session.certain()
    let heard = 0
    read.addEventListener('abort', () => (heard += 1))

    host.clock.advance(20_000)

    expect(() => thrown.throwIfAborted()).toThrow(/ended 11000 ms ago/)
    expect(read.aborted).toBe(true)
    expect(heard).toBe(1)
  })

  test('what is suspended gives out no certainty', () => {
    const host = new ScriptedHost()
    host.clock.advance(9_000)

    expect(host.session.certain().aborted).toBe(true)
  })

  test('while it is suspended, local reads answer and writes wait', async () => {
    const host = new ScriptedHost()
    host.create('/a', 'x')
    host.clock.advance(9_000)
    host.session.onTime()

    await expect(host.session.get('/a')).resolves.toBeDefined()
    expect(await isSettled(host.session.set('/a', 'y'))).toBe(false)
    expect(host.of('request-received')).toHaveLength(1)
  })
})

describe('the end of a session', () => {
  test('expired: its signals abort, what waits is rejected, and so is what comes', async () => {
    const host = new ScriptedHost()
    const told = statesOf(host)
    const { alive } = host.session
    const certain = host.session.certain()
    const set = host.session.set('/a', '')
    const reached = host.session.reached(makeZxid(9, 9))
    const sync = host.session.sync()

    host.deliver({ type: 'ended', reason: 'expired' })

    expect(host.session.state).toBe('expired')
    expect(told).toEqual([['expired', 'connected']])
    expect(alive.reason).toMatchObject({ code: 'SESSION_EXPIRED' })
    expect(certain.aborted).toBe(true)
    expect(host.session.certain().aborted).toBe(true)
    expect(await rejectionOf(set)).toMatchObject({ code: 'SESSION_EXPIRED', outcome: 'unknown' })
    expect(await rejectionOf(reached)).toMatchObject({ code: 'SESSION_EXPIRED' })
    expect(await rejectionOf(sync)).toMatchObject({ code: 'SESSION_EXPIRED' })
    const late = await rejectionOf(host.session.get('/'))
    expect(late).toMatchObject({ code: 'SESSION_EXPIRED', outcome: 'not-applied' })
    expect(() => host.session.peek('/')).toThrow(/open a new one/)
    await expect(host.session.close()).resolves.toBeUndefined()
  })

  test('moved: another peer hosts it', () => {
    const host = new ScriptedHost()

    host.deliver({ type: 'ended', reason: 'moved' })

    expect(host.session.state).toBe('closed')
    expect(host.session.alive.reason).toMatchObject({ code: 'SESSION_MOVED' })
  })

  test('a read that waited for a write of an ended session rejects', async () => {
    const host = new ScriptedHost()
    host.create('/a')
    host.session.set('/a', '').catch(() => undefined)
    const read = host.session.get('/a')

    host.deliver({ type: 'ended', reason: 'expired' })

    expect(await rejectionOf(read)).toMatchObject({ code: 'SESSION_EXPIRED' })
  })

  test('the host is gone: unanswered writes are unknown, with the cause', async () => {
    const host = new ScriptedHost()
    const set = host.session.set('/a', '')
    const cause = new Error('the disk')

    host.session.onHostGone(
      new CoordinationError('PEER_FAILED', 'it stopped', { cause }),
      new Set(),
    )

    expect(await rejectionOf(set)).toMatchObject({
      code: 'PEER_FAILED',
      outcome: 'unknown',
      cause,
    })
    expect(host.session.state).toBe('closed')
    await expect(host.session.close()).resolves.toBeUndefined()
  })
})

describe('closing a session', () => {
  test('is a request behind its earlier writes; it is over for the application at once', async () => {
    const host = new ScriptedHost()
    const told = statesOf(host)
    const set = host.session.set('/a', '')
    const closed = host.session.close()
    const [write, close] = host.of('request-received')

    expect(close?.request).toEqual({ type: 'close-session' })
    expect(host.session.state).toBe('closed')
    expect(told).toEqual([['closed', 'connected']])
    expect(host.session.alive.reason).toMatchObject({ code: 'SESSION_CLOSED' })
    expect(await rejectionOf(host.session.get('/'))).toMatchObject({ code: 'SESSION_CLOSED' })
    expect(await isSettled(closed)).toBe(false)

    const zxid = makeZxid(1, 9)
    const failed = { code: 'BUSY', outcome: 'not-applied', detail: '' } as const
    host.deliver(
      { type: 'failed', call: write!.call, ...failed },
      { type: 'reply', call: close!.call, zxid, result: { type: 'close-session' } },
      { type: 'ended', reason: 'closed' },
    )

    expect(await rejectionOf(set)).toMatchObject({ code: 'BUSY' })
    await expect(closed).resolves.toBeUndefined()
    expect(told).toHaveLength(1)
    expect(host.clock.timerCount).toBe(0)
  })

  test('twice is once, and disposing is closing', async () => {
    const host = new ScriptedHost()
    const closed = host.session.close()

    expect(host.session.close()).toBe(closed)
    expect(host.session[Symbol.asyncDispose]()).toBe(closed)
    host.deliver({ type: 'ended', reason: 'closed' })

    await expect(closed).resolves.toBeUndefined()
  })

  test('an expiry on the way is an end as good as any', async () => {
    const host = new ScriptedHost()
    const closed = host.session.close()

    host.deliver({ type: 'ended', reason: 'expired' })

    await expect(closed).resolves.toBeUndefined()
  })

  test('waits for the ensemble no longer than its timeout, and never takes the end back', async () => {
    const host = new ScriptedHost()
    const closed = host.session.close()

    host.clock.advance(timeoutMs)

    const error = (await rejectionOf(closed)) as CoordinationError
    expect(error).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown' })
    expect(error.message).toContain('the session ends')
    expect(host.of('call-aborted')).toEqual([])
  })

  test('options that cannot be are refused, and nothing is closed', async () => {
    const host = new ScriptedHost()

    expect(await rejectionOf(host.session.close({ timeoutMs: -1 }))).toMatchObject({
      code: 'BAD_OPTION',
    })
    expect(host.session.state).toBe('connected')
    void host.session.close()
    expect(host.session.state).toBe('closed')
  })
})
