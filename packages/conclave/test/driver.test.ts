import type { CoordinationError } from '@conclave/core'
import type { SessionId } from '@conclave/core/internal'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, test } from 'vitest'
import { HeldWorld } from './held-world.ts'
import { isSettled, rejectionOf } from './scripted-host.ts'

/** A peer that is ready, and a session on it. */
async function readyWorld() {
  const world = new HeldWorld()
  const opening = world.peer.session()
  await world.run()
  return { world, session: await opening }
}

describe('the driver', () => {
  test('a standalone peer is ready as soon as its disk is', async () => {
    const world = new HeldWorld()
    const roles: string[] = []
    world.peer.on('role', (role) => roles.push(role))
    const ready = world.peer.ready()

    world.syncs = false
    await world.run()
    expect(await isSettled(ready)).toBe(false)
    expect(roles).toEqual(['looking'])
    expect(world.peer.role).toBe('looking')
    expect(world.peer.status()).toMatchObject({ role: 'looking', leader: 1, phase: 'discovery' })
    world.syncs = true
    await world.run()

    await expect(ready).resolves.toBeUndefined()
    expect(roles).toEqual(['looking', 'leader'])
    expect(world.peer.status()).toMatchObject({ id: 1, role: 'leader', leader: 1, ready: true })
  })

  test('what is asked in one turn shares a page', async () => {
    const { world, session } = await readyWorld()
    const before = world.pages.length

    const writes = Array.from({ length: 50 }, (_, index) => session.create(`/${String(index)}`))
    await world.run()

    await Promise.all(writes)
    expect(world.pages.length).toBe(before + 1)
  })

  test('Z12: nothing is answered before it is durable', async () => {
    const { world, session } = await readyWorld()
    world.syncs = false

    const created = session.create('/a')
    await world.run()
    expect(await isSettled(created)).toBe(false)
    world.sync()
    await world.run(2)

    expect(await isSettled(created)).toBe(true)
  })

  test('a long queue is taken in several steps', async () => {
    const { world, session } = await readyWorld()
    world.syncs = false
    const before = world.pages.length

    const writes = Array.from({ length: 3_000 }, (_, index) => session.create(`/${String(index)}`))
    world.clock.turn()
    const taken = world.pages.length
    world.syncs = true
    await world.run(40)

    await Promise.all(writes)
    expect(taken).toBeLessThanOrEqual(before + 2)
  })

  test('what the disk has to say does not wait behind what is called', async () => {
    const { world, session } = await readyWorld()
    world.syncs = false
    const created = session.create('/a')
    await world.run(2)

    const later = Array.from({ length: 3_000 }, (_, index) => session.create(`/${String(index)}`))
    world.sync()
    await world.run(1)
    const wasAnswered = await isSettled(created)
    world.syncs = true
    await world.run(40)

    await Promise.all(later)
    expect(wasAnswered).toBe(true)
  })

  test('W4: a change between a read and its step is seen by a watch that was begun with the read', async () => {
    const { world, session } = await readyWorld()
    const created = session.create('/a', 'old')
    await world.run()
    await created
    world.syncs = false
    const set = session.set('/a', 'new')
    await world.run(2)
    // Durable, and so committed in the next step: before it, the state is read and watched.
    world.sync()
    const seen = session.peek('/a')
    const watch = session.watch('/a')
    world.syncs = true
    await world.run()

    await set
    expect(new TextDecoder().decode(seen!.data)).toBe('old')
    expect((await watch.next()).value).toMatchObject({ type: 'changed', path: '/a' })
  })

  test('what a listener throws is the application’s: it surfaces, and the peer goes on', async () => {
    const world = new HeldWorld()
    world.peer.on('ready', () => {
      throw new Error('mine')
    })

    await expect(world.run()).rejects.toThrow('mine')
    await world.run()

    expect(world.peer.status().ready).toBe(true)
  })

  test('S8: a stall of the loop is seen by every session before the step that may revive it', async () => {
    const { world, session } = await readyWorld()
    const certain = session.certain()
    const states: string[] = []
    session.on('state', (state) => states.push(state))

    world.clock.advance(9_500)
    await world.run()

    expect(certain.aborted).toBe(true)
    expect(states[0]).toBe('suspended')
  })

  test('S8: a machine that slept makes its sessions suspect', async () => {
    const { world, session } = await readyWorld()
    const certain = session.certain()
    const wallMs = world.clock.wallMs.bind(world.clock)

    world.clock.wallMs = () => wallMs() + 60_000
    await world.run(2)

    expect(certain.aborted).toBe(true)
  })

  test('whoever waits for a session can give up, and a limit is in the way of none', async () => {
    const world = new HeldWorld()
    world.syncs = false
    const opening = world.peer.session({ timeoutMs: 40 })

    await world.run()

    const error = (await rejectionOf(opening)) as CoordinationError
    expect(error).toMatchObject({ code: 'TIMEOUT' })
    expect(error.message).toContain('no session was opened')
  })

  test('the state of the log is told to whoever subscribed', async () => {
    const { world, session } = await readyWorld()
    const told: unknown[] = []
    const onMessage = (message: unknown): void => void told.push(message)
    subscribe('conclave:store', onMessage)

    const created = session.create('/a')
    await world.run()
    unsubscribe('conclave:store', onMessage)

    await created
    expect(told).toContainEqual({ type: 'appended', seq: world.appends.at(-1)!.seq, records: 1 })
  })
})

describe('diagnostics', () => {
  test('tell of roles, sessions and the end of the peer, to whoever subscribed', async () => {
    const told: string[] = []
    const onMessage = (message: unknown, name: string | symbol): void => {
      told.push(`${String(name)} ${(message as { type: string }).type}`)
    }
    const names = ['conclave:peer', 'conclave:election', 'conclave:session']
    for (const name of names) subscribe(name, onMessage)

    const { world, session } = await readyWorld()
    const closed = session.close()
    await world.run()
    await closed
    const ended = world.peer.close()
    await world.run()
    await ended
    for (const name of names) unsubscribe(name, onMessage)

    expect(told.filter((line) => !line.startsWith('conclave:election'))).toEqual([
      'conclave:peer opened',
      'conclave:session opened',
      'conclave:session ended',
      'conclave:peer closing',
      'conclave:peer closed',
    ])
    expect(told).toContain('conclave:election role')
  })

  test('tell of a log that could not be purged, and the status does until it could', async () => {
    const { world } = await readyWorld()
    const told: unknown[] = []
    const onMessage = (message: unknown): void => void told.push(message)
    subscribe('conclave:store', onMessage)

    world.driver.logListener.onPurged(new Error('EPERM: operation not permitted'))
    const failing = world.peer.status()
    world.driver.logListener.onPurged(null)
    unsubscribe('conclave:store', onMessage)

    expect(told).toEqual([{ type: 'purge-failed', reason: 'EPERM: operation not permitted' }])
    expect(failing.purgeFailure).toBe('EPERM: operation not permitted')
    expect(world.peer.status().purgeFailure).toBeUndefined()
  })
})

describe('fail-stop', () => {
  test('a failed append stops the peer: what waits is unknown, and the application is told', async () => {
    const { world, session } = await readyWorld()
    world.syncs = false
    const failures: [CoordinationError, readonly string[]][] = []
    world.peer.on('failed', (error, flightRecord) => failures.push([error, flightRecord]))
    const set = session.create('/a')
    const ready = world.peer.ready()
    const watch = session.watch('/a')
    await world.run(2)
    const cause = new Error('ENOSPC')

    world.driver.logListener.onFailed(cause)
    const [error, flightRecord] = failures[0]!

    expect(error).toMatchObject({ code: 'STORAGE_FAILED', cause })
    expect(flightRecord.join('\n')).toContain('request-received create')
    expect(await rejectionOf(set)).toMatchObject({
      code: 'PEER_FAILED',
      outcome: 'unknown',
      cause: error,
    })
    await ready
    expect(await rejectionOf(world.peer.ready())).toBe(error)
    expect(await rejectionOf(world.peer.session())).toBe(error)
    expect(await rejectionOf(watch.next())).toMatchObject({ code: 'PEER_FAILED' })
    expect(session.state).toBe('closed')
    expect(session.alive.aborted).toBe(true)
    await expect(world.peer.closed).resolves.toBe(error)
    expect(world.isStoreClosed).toBe(true)
    expect(world.clock.timerCount).toBe(0)
    expect(world.peer.status()).toMatchObject({ role: 'looking', ready: false })
    await expect(world.peer.close()).resolves.toBeUndefined()
  })

  test('a broken invariant stops the peer, and only the peer', async () => {
    const { world, session } = await readyWorld()
    const failures: CoordinationError[] = []
    world.peer.on('failed', (error) => failures.push(error))
    void session.watch('/a')

    // A host that gives a number twice: the core does not go on with what it cannot tell apart.
    const [{ sessionId }] = world.driver.sessions as unknown as [{ sessionId: SessionId }]
    const again = { session: sessionId, watch: 1, path: '/a', depth: 'node' } as const
    world.driver.submit({ type: 'watch-added', ...again })
    await world.run()

    expect(failures).toHaveLength(1)
    expect(failures[0]).toMatchObject({ code: 'PEER_FAILED' })
    expect((failures[0]!.cause as Error).name).toBe('InvariantError')
  })
})

describe('closing a peer', () => {
  test('ends its sessions first, then hands over, then frees the rest', async () => {
    const { world, session } = await readyWorld()
    const created = session.create('/e', '', { mode: 'ephemeral' })
    await world.run()
    await created

    const closed = world.peer.close()
    await world.run()

    await closed
    expect(session.state).toBe('closed')
    await expect(world.peer.closed).resolves.toBeUndefined()
    expect(world.isStoreClosed).toBe(true)
    expect(world.clock.timerCount).toBe(0)
    expect(await rejectionOf(world.peer.session())).toMatchObject({ code: 'PEER_CLOSED' })
    expect(await rejectionOf(world.peer.ready())).toMatchObject({ code: 'PEER_CLOSED' })
    await expect(world.peer.close()).resolves.toBeUndefined()
  })

  test('waits for a disk that hangs no longer than it is told to', async () => {
    const { world, session } = await readyWorld()
    world.syncs = false
    const created = session.create('/a')
    await world.run(2)

    const closed = world.peer.close({ timeoutMs: 100 })
    await world.run(30)

    await expect(closed).resolves.toBeUndefined()
    expect(await rejectionOf(created)).toMatchObject({ code: 'PEER_CLOSED', outcome: 'unknown' })
  })

  test('a peer that fails while it closes, and cannot close either, tells both and no one else', async () => {
    const { world, session } = await readyWorld()
    world.syncs = false
    void session.create('/a').catch(() => undefined)
    await world.run(2)
    const stray: unknown[] = []
    const onStray = (reason: unknown): void => void stray.push(reason)
    process.on('unhandledRejection', onStray)
    world.closeFailure = new Error('EIO')

    const closing = rejectionOf(world.peer.close())
    await world.run(2)
    world.driver.logListener.onFailed(new Error('ENOSPC'))
    await world.run()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', onStray)

    expect(await closing).toBe(world.closeFailure)
    await expect(world.peer.closed).resolves.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(stray).toEqual([])
  })

  test('C1: what never left the peer is surely not applied, whatever else is unknown', async () => {
    const { world, session } = await readyWorld()
    world.syncs = false
    const sent = rejectionOf(session.create('/sent'))
    await world.run(2)

    const waiting = Array.from({ length: 2_000 }, (_, index) =>
      rejectionOf(session.create(`/${String(index)}`)),
    )
    const opening = rejectionOf(world.peer.session())
    const closed = world.peer.close({ timeoutMs: 1 })
    await world.run(1)
    await closed

    expect(await sent).toMatchObject({ code: 'PEER_CLOSED', outcome: 'unknown' })
    expect(await waiting.at(-1)).toMatchObject({ code: 'PEER_CLOSED', outcome: 'not-applied' })
    expect(await opening).toMatchObject({ code: 'PEER_CLOSED', outcome: 'not-applied' })
  })

  test('takes no new calls while it hands over', async () => {
    const { world } = await readyWorld()

    const closed = world.peer.close()
    const late = rejectionOf(world.peer.session())
    await world.run()

    await closed
    expect(await late).toMatchObject({ code: 'PEER_CLOSED', outcome: 'not-applied' })
  })

  test('options that cannot be are refused, and nothing is closed', async () => {
    const { world } = await readyWorld()

    expect(await rejectionOf(world.peer.close({ timeout: 5 } as never))).toMatchObject({
      code: 'BAD_OPTION',
    })
    await expect(world.peer.ready()).resolves.toBeUndefined()
  })
})
