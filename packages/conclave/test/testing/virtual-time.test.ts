import { once } from 'node:events'
import { setImmediate } from 'node:timers'
import { ensemble, type TestEnsemble } from 'conclave/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'

afterEach(() => vi.useRealTimers())

/** Turns of the real event loop, in which nothing of the ensemble is awaited. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

function majorityOf(group: TestEnsemble): number[] {
  return group.peers.filter((peer) => peer !== group.leader).map((peer) => peer.id)
}

describe('virtual time', { timeout: 30_000 }, () => {
  test('stands still while nothing is awaited, and flows while a call is', async () => {
    await using group = await ensemble()
    const session = await group.peer(1).session()
    const beganMs = group.nowMs
    await turns(100)
    expect(group.nowMs).toBe(beganMs)

    await session.create('/a')
    const answeredMs = group.nowMs
    expect(answeredMs).toBeGreaterThan(beganMs)
    expect(answeredMs).toBeLessThan(beganMs + 20)
    await turns(100)
    expect(group.nowMs).toBe(answeredMs)
  })

  test('advance lets exactly so much pass, and answers come within it', async () => {
    await using group = await ensemble()
    const session = await group.peer(1).session()
    const beganMs = group.nowMs
    let isAnswered = false
    void session.create('/a').then(() => (isAnswered = true))
    await group.advance(5_000)

    expect(isAnswered).toBe(true)
    expect(group.nowMs).toBe(beganMs + 5_000)
    await group.advance(0)
    expect(group.nowMs).toBe(beganMs + 5_000)
  })

  test('several may sleep at once, and each goes on in time', async () => {
    await using group = await ensemble()
    const beganMs = group.nowMs
    const woken: number[] = []
    await Promise.all(
      [300, 100, 200].map(async (ms) => {
        await group.advance(ms)
        woken.push(group.nowMs - beganMs)
        await group.advance(1_000)
      }),
    )

    expect(woken.map(Math.round)).toEqual([100, 200, 300])
    expect(group.nowMs).toBe(beganMs + 1_300)
  })

  test('a call’s timeoutMs is virtual, however long it is', async () => {
    await using group = await ensemble()
    const former = group.leader!
    const session = await former.session()
    group.partition([former.id], majorityOf(group))
    const beganMs = group.nowMs

    await expect(session.create('/a', '', { timeoutMs: 150_000 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
    expect(group.nowMs - beganMs).toBeCloseTo(150_000, -1)
  })

  test('until waits for what no call waits for, and says what it waited for in vain', async () => {
    await using group = await ensemble()
    const former = group.leader!
    group.crash(former.id)
    const next = await group.until(() => group.leader)
    expect(next).not.toBe(former)

    const beganMs = group.nowMs
    const never = group.until(() => group.leader === former, { withinMs: 1_000 })
    await expect(never).rejects.toMatchObject({ code: 'TIMEOUT' })
    await expect(never).rejects.toThrow('group.leader === former')
    expect(group.nowMs - beganMs).toBeCloseTo(1_000, 0)
  })

  test('a watch is waited for, but not for ever: time does not run off behind a test', async () => {
    await using group = await ensemble()
    const session = await group.peer(1).session()
    const changes = session.watch('/a')
    const next = changes.next()
    await turns(100_000)
    const stoppedMs = group.nowMs
    expect(stoppedMs).toBeGreaterThan(100_000)
    expect(stoppedMs).toBeLessThan(130_000)
    await turns(100)
    expect(group.nowMs).toBe(stoppedMs)

    await (await group.peer(2).session()).create('/a')
    expect((await next).value).toMatchObject({ type: 'created', path: '/a' })
  })

  test('who waits for what cannot come is warned, once, with the calls and the mend', async () => {
    await using group = await ensemble()
    const former = group.leader!
    const session = await former.session()
    const others = majorityOf(group)
    for (const id of others) group.crash(id)
    const warned = once(process, 'warning')
    const waiting = session.create('/a')

    const [warning] = (await warned) as [Error]
    expect(warning.name).toBe('ConclaveTestWarning')
    expect(warning.message).toContain(`create /a of session ${session.id}`)
    expect(warning.message).toContain('restart()')
    await Promise.all(others.map((id) => group.restart(id)))
    expect((await waiting).path).toBe('/a')
  })
})

describe('beside a runner’s fake timers', { timeout: 30_000 }, () => {
  test('calls are answered and time passes, and the fakes stay where they are', async () => {
    vi.useFakeTimers()
    const faked = Date.now()
    await using group = await ensemble()
    const session = await group.peer(1).session()
    await session.create('/a')
    await group.advance(10_000)

    expect(await session.children('/')).toEqual(['a', 'zookeeper'])
    expect(Date.now()).toBe(faked)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('no global is another one afterwards', async () => {
    const names = ['setTimeout', 'setImmediate', 'queueMicrotask', 'Date', 'performance'] as const
    const before = names.map((name) => globalThis[name])
    await using group = await ensemble()
    await group.advance(1_000)

    expect(names.map((name) => globalThis[name])).toEqual(before)
  })
})
