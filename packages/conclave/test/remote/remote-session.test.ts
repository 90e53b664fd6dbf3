/** A session over the wire, against a server that says what the test says: outcomes, states, bounds. */
import { CoordinationError } from '@conclave/core'
import {
  readCreateRequest,
  readGetDataRequest,
  readMultiRequest,
  wireErrors,
  writeMultiResponse,
  writeStat,
} from '@conclave/zookeeper'
import { describe, expect, test } from 'vitest'
import { rejectionOf } from '../scripted-host.ts'
import { ScriptedWorld, settle, timeoutMs } from './scripted-world.ts'

/** `code, outcome` of what a promise rejects with. */
async function refused(promise: Promise<unknown>): Promise<string> {
  const error = await rejectionOf(promise)
  if (!(error instanceof CoordinationError)) throw error as Error
  return `${error.code}, ${error.outcome}`
}

describe('C1: a write whose connection breaks', () => {
  test('is unknown when it was sent, and is not sent again', async () => {
    const world = new ScriptedWorld()
    const written = refused(world.session.set('/a', 'x'))
    world.breakAndDial()
    expect(await written).toBe('RESULT_LOST, unknown')
    world.greet()

    expect(world.takeNames()).toEqual(['sync /'])
  })

  test('waits for the next one when it was not', async () => {
    const world = new ScriptedWorld()
    world.breakAndDial()
    const written = world.session.delete('/a')
    world.greet()
    expect(world.takeNames()).toEqual(['delete /a'])
    world.reply(1, 5)

    await written
  })

  test('is not applied when the session ends before it is sent', async () => {
    const world = new ScriptedWorld()
    const sent = refused(world.session.set('/a', 'x'))
    world.breakAndDial()
    const unsent = refused(world.session.set('/b', 'x'))
    world.greet(0)

    expect(await Promise.all([sent, unsent])).toEqual([
      'RESULT_LOST, unknown',
      'SESSION_EXPIRED, not-applied',
    ])
    expect(world.session.state).toBe('expired')
    expect(world.clock.timerCount).toBe(0)
  })

  test('is unknown when its caller gave it up behind its sending, and not applied before', async () => {
    const world = new ScriptedWorld()
    const sent = refused(world.session.set('/a', 'x', { timeoutMs: 100 }))
    world.pass(150)
    expect(await sent).toBe('TIMEOUT, unknown')
    world.breakAndDial()
    const unsent = refused(world.session.set('/b', 'x', { timeoutMs: 100 }))
    world.pass(150)
    expect(await unsent).toBe('TIMEOUT, not-applied')
    world.greet()

    expect(world.takeNames()).toEqual(['sync /'])
  })

  test('of several parts is unknown as a whole', async () => {
    const world = new ScriptedWorld()
    const written = refused(world.session.delete('/a', { recursive: true }))
    world.reply(1, 5, wireErrors.notEmpty)
    await settle()
    world.reply(2, 5, 0, (writer) => writer.strings([]))
    await settle()
    expect(world.takeNames()).toEqual(['delete /a', 'getChildren /a', 'multi'])
    world.breakAndDial()

    expect(await written).toBe('RESULT_LOST, unknown')
  })
})

describe('states', () => {
  test('S8: suspended past the deadline, connected when a server answers, certain no more', async () => {
    const world = new ScriptedWorld()
    const { session } = world
    const told: string[] = []
    session.on('state', (state) => told.push(state))
    const certain = session.certain()
    world.breakAndDial()
    world.pass(timeoutMs * 0.6)
    expect([session.state, certain.aborted]).toEqual(['connected', false])
    world.pass(timeoutMs * 0.1)
    expect([session.state, certain.aborted]).toEqual(['suspended', true])
    world.breakAndDial()
    world.greet()
    await settle()

    expect(session.state).toBe('connected')
    expect(certain.aborted).toBe(true)
    expect(session.certain().aborted).toBe(false)
    expect(told).toEqual(['suspended', 'connected'])
  })

  test('expired when no server answers for longer than any keeps the session', async () => {
    const world = new ScriptedWorld()
    const { session } = world
    const told: string[] = []
    session.on('state', (state) => told.push(state))
    const read = refused(session.get('/a'))
    world.loseServers()
    world.pass(timeoutMs * 1.6)

    expect(await read).toBe('SESSION_EXPIRED, not-applied')
    expect(session.alive.reason).toMatchObject({ code: 'SESSION_EXPIRED' })
    expect(told).toEqual(['suspended', 'expired'])
    expect(world.clock.timerCount).toBe(0)
  })

  test('closed while no server is there: whoever closes is told, and nothing is left', async () => {
    const world = new ScriptedWorld()
    world.loseServers()
    const closed = refused(world.session.close({ timeoutMs: 1_000 }))
    expect(world.session.state).toBe('closed')
    world.pass(1_050)
    expect(await closed).toBe('TIMEOUT, unknown')
    world.pass(timeoutMs)
    await settle()

    expect(world.clock.timerCount).toBe(0)
  })

  test('closed by a session that was over when it was to be closed', async () => {
    const world = new ScriptedWorld()
    const closed = world.session.close()
    world.breakAndDial()
    world.greet(0)

    await closed
    expect(world.session.state).toBe('closed')
  })
})

describe('bounds', () => {
  test('as many calls as may be wait, the next one is told', async () => {
    const limits = { maxSessionRequests: 2, maxSessionReads: 1 }
    const world = new ScriptedWorld({ limits })
    const { session } = world
    const waiting = [session.set('/a', ''), session.set('/a', ''), session.exists('/a')]
    expect(await refused(session.set('/a', ''))).toBe('BUSY, not-applied')
    expect(await refused(session.get('/a'))).toBe('BUSY, not-applied')
    for (const xid of [1, 2, 3]) world.reply(xid, 5, wireErrors.noNode)
    await Promise.allSettled(waiting)
    const next = refused(session.get('/a'))
    world.reply(4, 5, wireErrors.noNode)

    expect(await next).toBe('NO_NODE, not-applied')
  })

  test('as many bytes as may be wait to be sent', async () => {
    const world = new ScriptedWorld({ limits: { maxWaitingBytes: 1_000 } })
    world.breakAndDial()
    const waiting = refused(world.session.set('/a', 'x'.repeat(900)))
    expect(await refused(world.session.set('/a', 'x'.repeat(900)))).toBe('BUSY, not-applied')
    world.greet(0)

    expect(await waiting).toBe('SESSION_EXPIRED, not-applied')
  })

  test('a request that no server takes is not sent', async () => {
    const world = new ScriptedWorld({ maxFrameBytes: 2_000 })

    expect(await refused(world.session.set('/a', 'x'.repeat(2_000)))).toBe(
      'LIMIT_EXCEEDED, not-applied',
    )
    expect(world.takeNames()).toEqual([])
  })

  test('an answer that is too long is an error of the read that asked for it', async () => {
    const world = new ScriptedWorld()
    const listed = refused(world.session.children('/many'))
    world.sayBytes(Buffer.from([0x10, 0, 0, 0]))

    expect(await listed).toBe('LIMIT_EXCEEDED, not-applied')
  })
})

describe('requests', () => {
  test('a linearizable read comes behind a sync', async () => {
    const world = new ScriptedWorld()
    const read = world.session.get('/a', { read: 'linearizable' })
    expect(world.takeNames()).toEqual(['sync /', 'getData /a'])
    world.reply(1, 5, 0, (writer) => writer.string('/'))
    world.replyData(2, 5, 'x')

    expect(Buffer.from((await read).data).toString()).toBe('x')
  })

  test('below a chroot, servers see whole paths and applications their own', async () => {
    const world = new ScriptedWorld({ chroot: '/app' })
    const { session } = world
    const read = session.get('/')
    expect(readGetDataRequest(world.take()[0]!.body).path).toBe('/app')
    world.replyData(1, 5, 'x')
    await read
    const created = session.create('/n-', 'x', { sequential: true })
    expect(readCreateRequest(world.take()[0]!.body).path).toBe('/app/n-')
    world.reply(2, 6, 0, (writer) => {
      writer.string('/app/n-0000000001')
      for (let field = 0; field < 17; field += 1) writer.int(0)
    })
    expect((await created).path).toBe('/n-0000000001')
    const committed = session.txn().delete('/a').check('/b', 3).commit()
    expect(readMultiRequest(world.take()[0]!.body).map(({ request }) => request.path)).toEqual([
      '/app/a',
      '/app/b',
    ])
    world.reply(3, 7, 0, (writer) => {
      writeMultiResponse(writer, [
        { opcode: -1, error: 0 },
        { opcode: -1, error: wireErrors.badVersion },
      ])
    })

    expect(await rejectionOf(committed)).toMatchObject({ code: 'BAD_VERSION', path: '/b' })
  })

  test('ancestors that come up meanwhile are no reason to fail', async () => {
    const world = new ScriptedWorld()
    const created = refused(world.session.create('/a/b', 'x', { parents: true }))
    world.reply(1, 5, wireErrors.noNode)
    await settle()
    world.reply(2, 5, wireErrors.noNode)
    await settle()
    world.reply(3, 6, 0, (writer) => {
      writeMultiResponse(writer, [
        { opcode: -1, error: wireErrors.nodeExists },
        { opcode: -1, error: wireErrors.runtimeInconsistency },
      ])
    })
    await settle()
    expect(world.takeNames()).toEqual(['create2 /a/b', 'exists /a', 'multi', 'create2 /a/b'])
    world.reply(4, 7, wireErrors.nodeExists)

    expect(await created).toBe('NODE_EXISTS, not-applied')
  })

  test('before 3.9 a multi tells no stat of what it created: it is read behind it', async () => {
    const world = new ScriptedWorld()
    const committed = world.session.txn().create('/a', 'x').create('/gone').delete('/gone').commit()
    world.reply(1, 5, 0, (writer) => {
      writeMultiResponse(writer, [
        { opcode: 1, path: '/a' },
        { opcode: 1, path: '/gone' },
        { opcode: 2 },
      ])
    })
    await settle()
    expect(world.takeNames()).toEqual(['multi', 'exists /a', 'exists /gone'])
    const stat = { mzxid: 5, ctime: 7, mtime: 7, version: 0, cversion: 0, aversion: 0, pzxid: 5 }
    const size = { ephemeralOwner: 0, dataLength: 1, numChildren: 0 }
    world.reply(2, 5, 0, (writer) => writeStat(writer, { czxid: 5, ...stat, ...size }))
    world.reply(3, 5, wireErrors.noNode)

    expect((await committed).results).toMatchObject([
      { type: 'create', path: '/a', stat: { czxid: 5, ctime: 7, dataLength: 1 } },
      { type: 'create', path: '/gone', stat: { czxid: 5, ctime: 0 } },
      { type: 'delete' },
    ])
  })

  test('a multi that is answered with something else is not taken for done', async () => {
    const world = new ScriptedWorld()
    const committed = refused(world.session.txn().delete('/a').commit())
    world.reply(1, 5, 0, (writer) => writeMultiResponse(writer, []))

    expect(await committed).toBe('RESULT_LOST, unknown')
  })

  test('what a server cannot do is UNIMPLEMENTED, and so is what no server can be asked', async () => {
    const world = new ScriptedWorld()
    const { session } = world
    const created = refused(session.create('/a', 'x', { mode: { ttlMs: 5 } }))
    world.reply(1, 5, wireErrors.unimplemented)
    expect(await created).toBe('UNIMPLEMENTED, not-applied')
    expect(await refused(session.create('/a-', 'x', { mode: 'container', sequential: true }))).toBe(
      'UNIMPLEMENTED, not-applied',
    )

    expect(() => session.peek('/a')).toThrow(expect.objectContaining({ code: 'UNIMPLEMENTED' }))
  })

  test.each([
    [wireErrors.throttledOp, 'BUSY, not-applied'],
    [wireErrors.noAuth, 'NO_AUTH, not-applied'],
    [wireErrors.quotaExceeded, 'QUOTA_EXCEEDED, not-applied'],
    [wireErrors.systemError, 'RESULT_LOST, unknown'],
    [-9_999, 'RESULT_LOST, unknown'],
  ])('the error %d of a write is %s', async (error, verdict) => {
    const world = new ScriptedWorld()
    const written = refused(world.session.set('/a', 'x'))
    world.reply(1, 5, error)

    expect(await written).toBe(verdict)
  })
})
