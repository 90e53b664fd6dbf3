import type { CoordinationError } from 'conclave'
import { ensemble } from 'conclave/testing'
import { describe, expect, test } from 'vitest'

/** The message of what a call throws or rejects with, which must be of this code. */
async function messageOf(code: string, call: () => unknown): Promise<string> {
  try {
    await call()
  } catch (error) {
    expect((error as CoordinationError).code).toBe(code)
    return (error as CoordinationError).message
  }
  throw new Error('it was accepted')
}

describe('options that cannot be', { timeout: 30_000 }, () => {
  test.each([
    [{ peers: 0 }, 'peers'],
    [{ peers: 10 }, 'peers'],
    [{ seed: -1 }, 'seed'],
    [{ seed: 1.5 }, 'seed'],
    [{ timing: { silentPeerMs: 1 } }, 'timing.silentPeerMs'],
    [{ limits: { maxDataBytes: 0 } }, 'limits.maxDataBytes'],
    [{ peer: 3 }, 'did you mean peers?'],
  ])('%j is refused by name', async (options, name) => {
    expect(await messageOf('BAD_OPTION', () => ensemble(options as object))).toContain(name)
  })
})

describe('a test that asks for what cannot be', { timeout: 30_000 }, () => {
  test('is told which peers there are', async () => {
    await using group = await ensemble()
    for (const call of [
      () => group.peer(4),
      () => group.crash(4),
      () => group.restart(0),
      () => group.pause(4),
      () => group.partition([1], [4]),
    ]) {
      expect(await messageOf('BAD_ARGUMENT', call)).toMatch(
        /no peer [04]; this ensemble has 1, 2, 3/,
      )
    }
  })

  test('is told what state a peer is in, and the way out', async () => {
    await using group = await ensemble()
    expect(await messageOf('BAD_ARGUMENT', () => group.restart(1))).toContain(
      'peer 1 is running; crash(1) or close() it first',
    )
    expect(await messageOf('BAD_ARGUMENT', () => group.resume(1))).toContain('is not paused')
    group.pause(1)
    expect(await messageOf('BAD_ARGUMENT', () => group.pause(1))).toContain('is paused already')
    group.crash(1)
    for (const call of [() => group.crash(1), () => group.pause(1), () => group.resume(1)]) {
      expect(await messageOf('BAD_ARGUMENT', call)).toContain('restart(1) starts it')
    }
    const restarting = group.restart(1)
    expect(await messageOf('BAD_ARGUMENT', () => group.restart(1))).toContain('is running')
    await restarting
    await group.peer(1).ready()
  })

  test('is told that time does not go back', async () => {
    await using group = await ensemble()
    for (const ms of [-1, NaN, Infinity, '5' as never]) {
      expect(await messageOf('BAD_ARGUMENT', () => group.advance(ms))).toContain(
        'time does not go back',
      )
    }
  })

  test('is told of a peer in two groups, and of a session from elsewhere', async () => {
    await using group = await ensemble()
    await using other = await ensemble()
    const strange = await other.peer(1).session()

    expect(await messageOf('BAD_ARGUMENT', () => group.partition([1, 2], [2]))).toContain(
      'peer 2 is in two groups',
    )
    expect(await messageOf('BAD_ARGUMENT', () => group.expireSession(strange))).toContain(
      'no session of this ensemble',
    )
  })

  test('is told when a session cannot expire, because nobody is there to end it', async () => {
    await using group = await ensemble()
    const session = await group.peer(1).session()
    group.crash(2)
    group.crash(3)

    expect(await messageOf('TIMEOUT', () => group.expireSession(session))).toContain('no leader')
  })
})

describe('an ensemble that is closed', { timeout: 30_000 }, () => {
  test('refuses every verb, and says so', async () => {
    const group = await ensemble()
    const session = await group.peer(1).session()
    await group.close()
    await group.close()

    for (const call of [
      () => group.advance(1),
      () => group.until(() => true),
      () => group.partition([1]),
      () => group.heal(),
      () => group.crash(1),
      () => group.restart(1),
      () => group.pause(1),
      () => group.resume(1),
      () => group.expireSession(session),
    ]) {
      expect(await messageOf('PEER_CLOSED', call)).toContain('the ensemble under test is closed')
    }
    expect(await messageOf('PEER_CLOSED', () => group.peer(1).session())).toContain('closed')
    expect(await messageOf('SESSION_CLOSED', () => session.get('/'))).toContain('closed')
  })

  test('leaves nobody waiting: watches end, calls reject, sleepers wake', async () => {
    const group = await ensemble()
    const session = await group.peer(1).session()
    const change = session.watch('/').next()
    const call = session.create('/a')
    const asleep = group.advance(1_000)
    const closed = group.close()

    expect(await change).toEqual({ done: true, value: undefined })
    await expect(call).rejects.toMatchObject({ code: 'PEER_CLOSED', outcome: 'not-applied' })
    await expect(asleep).rejects.toMatchObject({ code: 'PEER_CLOSED' })
    await closed
    expect(session.state).toBe('closed')
  })

  test('is closed in whatever state its peers are', async () => {
    const group = await ensemble({ peers: 5 })
    group.pause(1)
    group.crash(2)
    group.partition([3])
    const closing = group.peer(4).close()
    await group.close()
    await closing
    expect(await group.peer(1).closed).toBeUndefined()
  })
})
