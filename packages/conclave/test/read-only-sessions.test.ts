import type { ReadResult } from 'conclave'
import { ensemble } from 'conclave/testing'
import { describe, expect, test } from 'vitest'
import { rejectionOf } from './scripted-host.ts'

function text({ data }: ReadResult): string {
  return Buffer.from(data).toString()
}

describe('a read-only session', { timeout: 30_000 }, () => {
  test('is there without a quorum, and reads what its peer has applied', async () => {
    await using group = await ensemble()
    const writer = await group.peer(1).session()
    await writer.create('/a', 'one')
    await group
      .peer(3)
      .session()
      .then((session) => session.sync())
    group.crash(1)
    group.crash(2)

    const reader = await group.peer(3).session({ readOnly: true })

    expect(reader.readOnly).toBe(true)
    expect(reader.timeoutMs).toBe(Infinity)
    expect(reader.state).toBe('connected')
    expect(writer.readOnly).toBe(false)
    expect(text(await reader.get('/a'))).toBe('one')
    expect(await reader.children('/')).toEqual(['a', 'zookeeper'])
    expect(await reader.ephemerals()).toEqual([])
    await group.advance(120_000)
    expect(reader.state).toBe('connected')
    expect(await rejectionOf(reader.sync({ timeoutMs: 1_000 }))).toMatchObject({ code: 'TIMEOUT' })

    const synced = reader.get('/a', { read: 'linearizable' })
    await group.restart(2)
    expect(text(await synced)).toBe('one')
  })

  test('writes nothing, whatever it asks', async () => {
    await using group = await ensemble()
    const reader = await group.peer(1).session({ readOnly: true, superuser: true })

    for (const refused of [
      reader.create('/a'),
      reader.create('/a', '', { mode: 'ephemeral' }),
      reader.set('/', 'x'),
      reader.delete('/zookeeper'),
      reader.setAcl('/', [{ permissions: 'r', scheme: 'world', id: 'anyone' }]),
      reader.txn().check('/', 0).commit(),
    ]) {
      expect(await rejectionOf(refused)).toMatchObject({
        code: 'NOT_READ_ONLY',
        outcome: 'not-applied',
        message: expect.stringContaining('open one without readOnly') as string,
      })
    }
  })

  test('watches each change in order', async () => {
    await using group = await ensemble()
    const [reader, other] = await Promise.all([
      group.peer(2).session({ readOnly: true }),
      group.peer(2).session({ readOnly: true }),
    ])
    expect(reader.id).not.toBe(other.id)
    const watch = reader.watch('/a')
    const writer = await group.peer(1).session()
    await writer.create('/a', 'one')
    await writer.set('/a', 'two')

    expect((await watch.next()).value).toMatchObject({ type: 'created', path: '/a' })
    expect((await watch.next()).value).toMatchObject({ type: 'changed', path: '/a' })
    await watch.return()
  })

  test('is forbidden what a list forbids, unless it proves who it is', async () => {
    await using group = await ensemble()
    const owner = await group.peer(1).session()
    await owner.authenticate('digest', 'ann:secret')
    await owner.create('/mine', 'x', { acl: [{ permissions: 'r', scheme: 'auth', id: '' }] })
    const reader = await group.peer(1).session({ readOnly: true })

    expect(await rejectionOf(reader.get('/mine'))).toMatchObject({ code: 'NO_AUTH' })
    await reader.authenticate('digest', 'ann:secret')
    expect(text(await reader.get('/mine'))).toBe('x')
  })

  test('is bounded like every other session that a peer has', async () => {
    await using group = await ensemble({ limits: { maxHostedSessions: 2 } })
    const peer = group.peer(1)
    await peer.session({ readOnly: true })
    const second = await peer.session({ readOnly: true })

    const refused = await rejectionOf(peer.session({ readOnly: true }))
    expect(refused).toMatchObject({ code: 'LIMIT_EXCEEDED', outcome: 'not-applied' })
    await second.close()
    await peer.session({ readOnly: true })
  })

  test('ends when it is closed, and with its peer', async () => {
    await using group = await ensemble()
    const peer = group.peer(1)
    const closed = await peer.session({ readOnly: true })
    const left = await peer.session({ readOnly: true })
    const watch = closed.watch('/')
    await closed.close()
    await closed.close()

    expect(closed.alive.aborted).toBe(true)
    expect((await watch.next()).done).toBe(true)
    expect(await rejectionOf(closed.get('/'))).toMatchObject({ code: 'SESSION_CLOSED' })
    expect(left.state).toBe('connected')
    expect(await rejectionOf(group.expireSession(left))).toMatchObject({ code: 'BAD_ARGUMENT' })
    await peer.close()
    expect(left.state).toBe('closed')
  })
})
