import { describe, expect, test } from 'vitest'
import { Replica, type Limits } from '../../src/internal.ts'
import { LoneLeader, wordOf } from './lone-leader.ts'
import { create, remove, set, transaction } from './requests.ts'

/** The leader's clocks stand at 0 and 1,000 ms; it looks every 100 ms here. */
function leading(limits: Partial<Limits> = {}, replica = Replica.empty(), epoch = 1): LoneLeader {
  return new LoneLeader({ reapMs: 100, ...limits }, replica, epoch)
}

/** Lets time pass and drafts; what came of it. */
function after(leader: LoneLeader, ms: number, wallMs = 1_000 + ms): string[] {
  leader.leadership.tick(ms, wallMs)
  return leader.draftAll().map(wordOf)
}

describe('the reaper', () => {
  test('D6: an emptied container goes with a txn of its own, at the next look', () => {
    const leader = leading()
    const session = leader.session()
    leader.write(session, create('/c', { mode: 'container' }), create('/c/1'), remove('/c/1'))

    expect(after(leader, 99)).toEqual([])
    leader.leadership.tick(100, 1_100)
    expect(leader.draft()).toEqual([
      { timeMs: 1_100, session: 0, requestId: 0, type: 'delete', path: '/c' },
    ])
    leader.applyAll()
    expect(leader.replica.tree.get('/c')).toBeUndefined()
    expect(leader.replica.tree.get('/')).toMatchObject({ pzxid: leader.end.last })
  })

  test('D6: a container that never had a child is kept', () => {
    const leader = leading()
    leader.write(leader.session(), create('/c', { mode: 'container' }))
    expect(after(leader, 1e9)).toEqual([])
  })

  test('D6: a znode with a TTL goes after it, by the wall clock that txns are stamped with', () => {
    const leader = leading()
    const session = leader.session()
    leader.write(session, create('/t', { mode: { ttlMs: 500 } }))

    expect(after(leader, 500)).toEqual([])
    expect(after(leader, 1_000, 1_499)).toEqual([])
    expect(after(leader, 2_000, 1_501)).toEqual(['delete /t'])
  })

  test('D6: a set renews it; a child keeps it and does not renew it', () => {
    const leader = leading()
    const session = leader.session()
    leader.write(session, create('/t', { mode: { ttlMs: 500 } }), create('/t/child'))
    expect(after(leader, 600)).toEqual([])

    leader.write(session, set('/t'), remove('/t/child'))
    expect(after(leader, 1_100)).toEqual([])
    expect(after(leader, 1_200)).toEqual(['delete /t'])
  })

  test('D6: what a request changes before the reaper is heard is not reaped', () => {
    const leader = leading()
    const session = leader.session()
    leader.write(session, create('/c', { mode: 'container' }), create('/c/1'), remove('/c/1'))
    leader.write(
      session,
      create('/t', { mode: { ttlMs: 10 } }),
      create('/u', { mode: { ttlMs: 10 } }),
    )

    leader.send(session, create('/c/2'), set('/t'), remove('/u'))
    expect(after(leader, 100)).toEqual(['create /c/2', 'set /t', 'delete /u'])
    leader.applyAll()
    leader.write(session, remove('/c/2'))
    expect(after(leader, 200)).toEqual(['delete /t', 'delete /c'])
  })

  test('D6: a request behind the reaper finds no znode', () => {
    const leader = leading()
    const session = leader.session()
    leader.write(session, create('/t', { mode: { ttlMs: 10 } }))

    leader.leadership.tick(100, 1_100)
    leader.send(session, create('/t/child'), create('/t'))
    expect(leader.draftAll().map(wordOf)).toEqual(['delete /t', 'NO_NODE /t/child', 'create /t'])
    expect(after(leader, 200, 1_105)).toEqual([])
  })

  test('D6: a znode that is made anew by the same path is another one', () => {
    const leader = leading()
    const session = leader.session()
    leader.write(session, create('/c', { mode: 'container' }), create('/c/1'), remove('/c/1'))

    leader.send(session, transaction(remove('/c'), create('/c')))
    expect(after(leader, 100)).toEqual(['transaction [delete /c, create /c]'])
    leader.applyAll()
    expect(after(leader, 1e6)).toEqual([])
  })

  test('takes so many at each look, and no more', () => {
    const leader = leading({ maxReaped: 2 })
    const session = leader.session()
    leader.write(
      session,
      ...[1, 2, 3].map((one) => create(`/${String(one)}`, { mode: { ttlMs: one } })),
    )

    expect(after(leader, 150)).toHaveLength(2)
    leader.applyAll()
    expect(after(leader, 200)).toEqual([])
    expect(after(leader, 250)).toHaveLength(1)
    leader.applyAll()
    expect(leader.replica.tree.childrenOf('/')).toEqual(['zookeeper'])
  })

  test('D6: one kind never waits for the other: a look takes of both, or of each in turn', () => {
    const leader = leading({ maxReaped: 1 })
    const session = leader.session()
    for (const path of ['/a', '/b', '/c']) {
      const child = `${path}/1`
      leader.write(session, create(path, { mode: 'container' }), create(child), remove(child))
    }
    leader.write(session, create('/t', { mode: { ttlMs: 1 } }))

    const looks = [100, 200].map((ms) => {
      const gone = after(leader, ms)
      leader.applyAll()
      return gone
    })
    expect(looks).toEqual([['delete /a'], ['delete /t']])
  })

  test('D6: a new leader waits for its first look, and then reaps what the one before did not', () => {
    const first = leading()
    const session = first.session()
    first.write(session, create('/c', { mode: 'container' }), create('/c/1'), remove('/c/1'))
    first.write(session, create('/t', { mode: { ttlMs: 10 } }))

    const second = leading({}, first.replica, 2)
    expect(after(second, 50, 9_000)).toEqual([])
    expect(after(second, 100, 9_000)).toEqual(['delete /c', 'delete /t'])
  })

  test('a parent that is a container is due when the reaper has taken its last child', () => {
    const leader = leading()
    const session = leader.session()
    leader.write(session, create('/c', { mode: 'container' }))
    leader.write(session, create('/c/t', { mode: { ttlMs: 10 }, sequential: true }))

    expect(after(leader, 100)).toEqual(['delete /c/t0000000000'])
    leader.applyAll()
    expect(after(leader, 200)).toEqual(['delete /c'])
  })

  test('a leader that drains reaps nothing', () => {
    const leader = leading()
    leader.write(leader.session(), create('/t', { mode: { ttlMs: 10 } }))
    leader.leadership.drain()
    expect(after(leader, 100)).toEqual([])
  })
})

describe('creates of znodes that go by themselves', () => {
  test('the kind stands in the txn, and neither shows an owner', () => {
    const leader = leading()
    const session = leader.session()
    const container = create('/c', { mode: 'container' })
    const lasting = create('/t-', { mode: { ttlMs: 2 ** 40 - 1 }, sequential: true })

    expect(leader.write(session, container, lasting)).toMatchObject([
      { type: 'create', path: '/c', reap: -1, ephemeralOwner: 0 },
      { type: 'create', path: '/t-0000000001', reap: 2 ** 40 - 1, ephemeralOwner: 0 },
    ])
  })

  test('a TTL is judged before anything else', () => {
    const leader = leading()
    const session = leader.session()
    const modes = [0, -1, 1.5, NaN, 2 ** 40].map((ttlMs) => ({ mode: { ttlMs } }))

    expect(leader.judge(session, ...modes.map((mode) => create('/x/y/z', mode)))).toEqual(
      modes.map(() => 'BAD_ARGUMENT /x/y/z'),
    )
    expect(leader.judge(session, create('/x/y', { ...modes[0], parents: true }))).toEqual([
      'BAD_ARGUMENT /x/y',
    ])
    expect(leader.judge(session, transaction(create('/a'), create('/b', modes[3])))).toEqual([
      'BAD_ARGUMENT /b at 1',
    ])
  })

  test('parents that are created with one are persistent, and it may have children itself', () => {
    const leader = leading()
    const session = leader.session()
    const request = create('/a/b/t', { mode: { ttlMs: 5 }, parents: true })

    expect(leader.write(session, request)).toMatchObject([
      { type: 'create-with-parents', txns: [{ reap: 0 }, { reap: 0 }, { reap: 5 }] },
    ])
    expect(leader.judge(session, create('/a/b/t/child'))).toEqual(['create /a/b/t/child'])
  })
})
