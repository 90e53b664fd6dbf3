import { makeZxid, type Zxid } from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { isSettled, rejectionOf, ScriptedHost, statAt } from './scripted-host.ts'

const text = (data: Uint8Array): string => new TextDecoder().decode(data)

/** Answers the write that was submitted last. */
function answerWrite(host: ScriptedHost, zxid: Zxid): void {
  const result = { type: 'set', stat: statAt(zxid) } as const
  host.deliver({ type: 'reply', call: host.lastRequest.call, zxid, result })
}

describe('reads that wait', () => {
  test('are bounded: one more is busy, and is told which bound it is', async () => {
    const host = new ScriptedHost()
    host.limits = { ...host.limits, maxSessionReads: 2 }
    const zxid = host.create('/a', 'x')
    const later = makeZxid(9, 1)
    void host.session.set('/a', 'y')
    const waiting = [host.session.get('/a'), host.session.reached(later)]

    for (const one of [host.session.get('/a'), host.session.reached(later)]) {
      expect(await rejectionOf(one)).toMatchObject({
        code: 'BUSY',
        outcome: 'not-applied',
        message: expect.stringContaining('limits.maxSessionReads') as string,
      })
    }
    answerWrite(host, zxid)
    await waiting[0]
    await expect(host.session.get('/a')).resolves.toBeDefined()
  })
})

describe('a local read', () => {
  test('answers from the applied state, at once and without asking anybody', async () => {
    const host = new ScriptedHost()
    const zxid = host.create('/a', 'x')

    const { data, stat } = await host.session.get('/a')

    expect(text(data)).toBe('x')
    expect(stat).toMatchObject({ czxid: zxid, version: 0, dataLength: 1, numChildren: 0 })
    expect(host.submitted).toEqual([])
  })

  test('hands out bytes that are the caller’s own', async () => {
    const host = new ScriptedHost()
    host.create('/a', 'x')

    const { data } = await host.session.get('/a')
    data[0] = 0

    expect(text((await host.session.get('/a')).data)).toBe('x')
    expect(data.constructor).toBe(Uint8Array)
  })

  test('absent data reads as no bytes', async () => {
    const host = new ScriptedHost()

    expect((await host.session.get('/')).data).toEqual(new Uint8Array(0))
  })

  test('absence is an error of get and children, and a value of find and exists', async () => {
    const { session } = new ScriptedHost()
    const absent = { code: 'NO_NODE', path: '/a', outcome: 'not-applied' }

    expect(await rejectionOf(session.get('/a'))).toMatchObject(absent)
    expect(await rejectionOf(session.children('/a'))).toMatchObject(absent)
    await expect(session.find('/a')).resolves.toBeUndefined()
    await expect(session.exists('/a')).resolves.toBeUndefined()
    expect(session.peek('/a')).toBeUndefined()
  })

  test('children are names, in order', async () => {
    const host = new ScriptedHost()
    host.create('/b', '', 1)
    host.create('/a', '', 2)

    await expect(host.session.children('/')).resolves.toEqual(['a', 'b', 'zookeeper'])
    expect(await host.session.exists('/')).toMatchObject({ numChildren: 3 })
  })

  test('peek is synchronous, and what it shows is shared', () => {
    const host = new ScriptedHost()
    host.create('/a', 'x')

    const first = host.session.peek('/a')

    expect(text(first!.data)).toBe('x')
    expect(host.session.peek('/a')?.data).toBe(first?.data)
    expect(() => host.session.peek('a')).toThrow(/does not begin/)
  })

  test('C6: waits for the session’s own earlier writes', async () => {
    const host = new ScriptedHost()
    host.create('/a', 'old')
    void host.session.set('/a', 'new')
    const read = host.session.get('/a')

    expect(await isSettled(read)).toBe(false)
    answerWrite(host, host.set('/a', 'new', 1))

    expect(text((await read).data)).toBe('new')
  })

  test('C5: waits for every write before it, also when a later one is settled first', async () => {
    const host = new ScriptedHost()
    host.create('/a', 'old')
    void host.session.set('/a', 'new')
    const second = host.session.set('/b', 'x')
    const [first, other] = host.of('request-received')
    const read = host.session.get('/a')
    const failed = { code: 'BUSY', outcome: 'not-applied', detail: 'too much waits' } as const

    host.deliver({ type: 'failed', call: other!.call, ...failed })
    expect(await rejectionOf(second)).toMatchObject({ code: 'BUSY' })
    expect(await isSettled(read)).toBe(false)

    const zxid = host.set('/a', 'new', 1)
    const result = { type: 'set', stat: statAt(zxid) } as const
    host.deliver({ type: 'reply', call: first!.call, zxid, result })
    expect(text((await read).data)).toBe('new')
  })

  test('does not wait for writes that were given after it', async () => {
    const host = new ScriptedHost()
    host.create('/a', 'old')
    void host.session.set('/a', '1')
    const read = host.session.get('/a')
    const zxid = host.set('/a', '1', 1)
    const { call } = host.lastRequest
    void host.session.set('/a', '2')

    host.deliver({ type: 'reply', call, zxid, result: { type: 'set', stat: statAt(zxid) } })

    expect(text((await read).data)).toBe('1')
  })

  test('gives up waiting with its caller', async () => {
    const host = new ScriptedHost()
    host.create('/a', 'old')
    const set = host.session.set('/a', 'new')
    const read = host.session.get('/a', { timeoutMs: 20 })

    host.clock.advance(20)

    expect(await rejectionOf(read)).toMatchObject({ code: 'TIMEOUT', outcome: 'not-applied' })
    answerWrite(host, host.set('/a', 'new', 1))
    await expect(set).resolves.toBeDefined()
    expect(host.clock.timerCount).toBe(0)
  })
})

describe('a linearizable read', () => {
  test('C8: asks for a quorum round of its own, then reads what is applied', async () => {
    const host = new ScriptedHost()
    host.create('/a', 'old')
    const read = host.session.get('/a', { read: 'linearizable' })
    const [sync] = host.of('sync-requested')

    expect(await isSettled(read)).toBe(false)
    const zxid = host.set('/a', 'new', 1)
    host.deliver({ type: 'synced', call: sync!.call, zxid })

    expect(text((await read).data)).toBe('new')
  })

  test('C6: waits for the session’s own earlier writes too', async () => {
    const host = new ScriptedHost()
    const zxid = host.create('/a', 'old')
    void host.session.set('/a', 'new')
    const read = host.session.get('/a', { read: 'linearizable' })

    host.deliver({ type: 'synced', call: host.of('sync-requested')[0]!.call, zxid })
    expect(await isSettled(read)).toBe(false)
    answerWrite(host, host.set('/a', 'new', 1))

    expect(text((await read).data)).toBe('new')
  })

  test('gives up with its caller, and asks nobody any more', async () => {
    const host = new ScriptedHost()
    host.create('/a')
    const controller = new AbortController()
    const read = host.session.get('/a', { read: 'linearizable', signal: controller.signal })
    const [sync] = host.of('sync-requested')

    controller.abort('enough')

    expect(await rejectionOf(read)).toMatchObject({ code: 'ABORTED', cause: 'enough' })
    expect(host.of('call-aborted')).toEqual([{ type: 'call-aborted', call: sync!.call }])
    host.deliver({ type: 'synced', call: sync!.call, zxid: makeZxid(1, 2) })
  })
})

describe('sync and reached', () => {
  test('C7: sync resolves with what was applied when it was answered', async () => {
    const host = new ScriptedHost()
    const synced = host.session.sync({ timeoutMs: 100 })
    const [sync] = host.of('sync-requested')

    host.deliver({ type: 'synced', call: sync!.call, zxid: makeZxid(1, 9) })

    await expect(synced).resolves.toBe(makeZxid(1, 9))
    expect(host.clock.timerCount).toBe(0)
  })

  test('C6: reached resolves once what another session wrote is applied here', async () => {
    const host = new ScriptedHost()
    const zxid = makeZxid(1, 3)
    const reached = host.session.reached(zxid)

    host.create('/a', '', 1)
    expect(await isSettled(reached)).toBe(false)
    host.create('/b', '', 2)

    await expect(reached).resolves.toBeUndefined()
    await expect(host.session.reached(zxid)).resolves.toBeUndefined()
  })

  test('reached gives up with its caller', async () => {
    const host = new ScriptedHost()
    const reached = host.session.reached(makeZxid(7, 1), { timeoutMs: 10 })

    host.clock.advance(10)

    expect(await rejectionOf(reached)).toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('7:1') as string,
    })
  })
})
