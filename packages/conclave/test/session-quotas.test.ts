import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { ensemble } from 'conclave/testing'
import { describe, expect, test } from 'vitest'
import { rejectionOf } from './scripted-host.ts'

const text = (data: Uint8Array): string => new TextDecoder().decode(data)

describe('a quota', { timeout: 30_000 }, () => {
  test('is kept in the znodes that zkCli writes and reads, and shows what is used', async () => {
    await using group = await ensemble()
    const session = await group.peer(1).session()
    await session.create('/app/rate', 'ten', { parents: true })
    await session.setQuota('/app', { soft: { count: 5 }, hard: { count: 7, bytes: 100 } })

    expect(await session.getQuota('/app')).toEqual({
      soft: { count: 5 },
      hard: { count: 7, bytes: 100 },
      used: { count: 2, bytes: 3 },
    })
    expect(await session.children('/zookeeper/quota/app')).toEqual([
      'zookeeper_limits',
      'zookeeper_stats',
    ])
    const { data } = await session.get('/zookeeper/quota/app/zookeeper_limits')
    expect(text(data)).toBe('count=5,bytes=-1=;byteHardLimit=100;countHardLimit=7')
    const stats = await session.get('/zookeeper/quota/app/zookeeper_stats')
    expect(text(stats.data)).toBe('count=2,bytes=3')
  })

  test('is read by every peer, and made by what a ZooKeeper tool writes', async () => {
    await using group = await ensemble()
    const writer = await group.peer(1).session()
    const reader = await group.peer(2).session()
    await writer.create('/app', 'x')
    await writer.create('/zookeeper/quota/app')
    await writer.create('/zookeeper/quota/app/zookeeper_limits', 'count=-1,bytes=1')
    await writer.create('/zookeeper/quota/app/zookeeper_stats', 'count=0,bytes=0')

    expect(await reader.getQuota('/app', { read: 'linearizable' })).toEqual({
      soft: { bytes: 1 },
      hard: {},
      used: { count: 1, bytes: 1 },
    })
    expect(await reader.getQuota('/other')).toBeUndefined()
  })

  test('that is hard refuses what goes beyond it, with the mend, and nothing else', async () => {
    await using group = await ensemble()
    const session = await group.peer(1).session()
    await session.create('/app')
    await session.setQuota('/app', { hard: { count: 2, bytes: 4 } })
    await session.create('/app/one', '1234')

    expect(await rejectionOf(session.create('/app/two'))).toMatchObject({
      code: 'QUOTA_EXCEEDED',
      outcome: 'not-applied',
      path: '/app/two',
      message: expect.stringContaining('setQuota') as string,
    })
    expect(await rejectionOf(session.set('/app', 'x'))).toMatchObject({ code: 'QUOTA_EXCEEDED' })
    const many = session.txn().delete('/app/one').create('/app/two').create('/app/three')
    expect(await rejectionOf(many.commit())).toMatchObject({
      code: 'QUOTA_EXCEEDED',
      path: '/app/three',
    })
    await session.set('/app/one', '123')
    await session.txn().delete('/app/one').create('/app/two', '1234').commit()
    await session.create('/beside', 'as much as is wanted')
    group.checkHistory()
  })

  test('is replaced as a whole, and gone with the znodes above it when nothing is limited', async () => {
    await using group = await ensemble()
    const session = await group.peer(1).session()
    await session.setQuota('/a/b', { soft: { count: 1 }, hard: { bytes: 9 } })
    await session.setQuota('/a/b', { hard: { count: 3 } })
    expect(await session.getQuota('/a/b')).toEqual({
      soft: {},
      hard: { count: 3 },
      used: { count: 0, bytes: 0 },
    })

    await session.setQuota('/a/c', { soft: { count: 1 } })
    await session.setQuota('/a/b', {})
    expect(await session.getQuota('/a/b')).toBeUndefined()
    expect(await session.children('/zookeeper/quota')).toEqual(['a'])
    expect(await session.children('/zookeeper/quota/a')).toEqual(['c'])
    await session.setQuota('/a/c', { hard: {} })
    await session.setQuota('/a/c', {})
    expect(await session.children('/zookeeper/quota')).toEqual([])
  })

  test('lives through a restart of everybody, counted on from where it was', async () => {
    await using group = await ensemble()
    const before = await group.peer(1).session()
    await before.create('/app')
    await before.setQuota('/app', { soft: { count: 2 }, hard: { count: 3 } })
    await before.create('/app/one')
    for (const id of [1, 2, 3]) group.crash(id)
    for (const id of [1, 2, 3]) await group.restart(id)

    const session = await group.peer(2).session()
    await session.create('/app/two')
    expect(await rejectionOf(session.create('/app/three'))).toMatchObject({
      code: 'QUOTA_EXCEEDED',
    })
    expect((await session.getQuota('/app'))?.used).toEqual({ count: 3, bytes: 0 })
    expect(group.peer(2).status().exceededQuotas).toEqual(['/app'])
    expect(new Set(group.peers.map((peer) => peer.status().digest)).size).toBe(1)
  })

  test('that is soft is told by the status and on conclave:quota, once a change', async () => {
    await using group = await ensemble({ peers: 1 })
    const session = await group.peer(1).session()
    const told: unknown[] = []
    const listen = (message: unknown): void => void told.push(message)
    subscribe('conclave:quota', listen)
    await session.create('/app')
    await session.setQuota('/app', { soft: { count: 2 } })
    for (const name of ['one', 'two', 'three']) await session.create(`/app/${name}`)

    expect(group.peer(1).status().exceededQuotas).toEqual(['/app'])
    await session.delete('/app/three')
    await session.delete('/app/two')
    unsubscribe('conclave:quota', listen)
    expect(group.peer(1).status().exceededQuotas).toEqual([])
    expect(told).toMatchObject([
      { type: 'exceeded', id: 1, path: '/app', limits: { count: 2 }, usage: { count: 3 } },
      { type: 'kept', id: 1, path: '/app', usage: { count: 2 } },
    ])
  })

  test.each([
    ['/', { hard: { count: 1 } }, 'BAD_ARGUMENT', 'the root'],
    ['/zookeeper/config', { hard: { count: 1 } }, 'BAD_ARGUMENT', '/zookeeper'],
    ['/app/below', { hard: { count: 1 } }, 'BAD_ARGUMENT', '/app has one'],
    ['/', { hard: { counts: 1 } }, 'BAD_OPTION', 'did you mean hard.count?'],
    ['/app', { soft: { bytes: -1 } }, 'BAD_OPTION', 'soft.bytes'],
    ['/app', undefined, 'BAD_OPTION', 'undefined'],
    ['app', { soft: { bytes: 1 } }, 'BAD_ARGUMENT', '"app"'],
  ] as const)('of %s with %j: refused', async (path, limits, code, says) => {
    await using group = await ensemble({ peers: 1 })
    const session = await group.peer(1).session()
    await session.setQuota('/app', { soft: { count: 9 } })
    const error = await rejectionOf(session.setQuota(path, limits as never))

    expect(error).toMatchObject({ code, message: expect.stringContaining(says) as string })
  })

  test('whose znodes a list of access guards is read and written by those whom it names', async () => {
    await using group = await ensemble({ peers: 1 })
    const owner = await group.peer(1).session()
    const other = await group.peer(1).session()
    await owner.authenticate('digest', 'ann:secret')
    await owner.setQuota('/app', { hard: { count: 1 } })
    const mine = [{ permissions: 'rwcda', scheme: 'auth', id: '' }]
    await owner.setAcl('/zookeeper/quota/app/zookeeper_limits', mine)

    for (const refused of [
      other.getQuota('/app'),
      other.setQuota('/app', { hard: { count: 9 } }),
    ]) {
      expect(await rejectionOf(refused)).toMatchObject({ code: 'NO_AUTH' })
    }
    await other.create('/app')
    expect((await owner.getQuota('/app'))?.used).toEqual({ count: 1, bytes: 0 })
  })
})
