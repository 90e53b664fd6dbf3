import type { Session } from 'conclave'
import { ensemble, type TestEnsemble } from 'conclave/testing'
import { describe, expect, test } from 'vitest'

const text = (data: Uint8Array): string => new TextDecoder().decode(data)

/** The ids of the peers that do not lead. */
function followersOf(group: TestEnsemble): number[] {
  return group.peers.filter((peer) => peer !== group.leader).map((peer) => peer.id)
}

describe('an ensemble under test', { timeout: 30_000 }, () => {
  test('is ready: one leads, all follow, and what one writes the others read', async () => {
    await using group = await ensemble()

    expect(group.peers.map((peer) => peer.id)).toEqual([1, 2, 3])
    expect(group.peers.map((peer) => peer.role).sort()).toEqual(['follower', 'follower', 'leader'])
    expect(group.peers.map((peer) => peer.status().ready)).toEqual([true, true, true])
    const writer = await group.peer(1).session()
    const reader = await group.peer(2).session()
    await writer.create('/a', 'one')
    expect(text((await reader.get('/a', { read: 'linearizable' })).data)).toBe('one')
    group.checkHistory()
  })

  test('a scan, a count and the ephemerals of a session, with linearizable beginnings', async () => {
    await using group = await ensemble()
    const writer = await group.peer(1).session()
    const reader = await group.peer(2).session()
    await writer.create('/a')
    await reader.create('/a/mine', '', { mode: 'ephemeral' })
    const found: string[] = []
    for await (const { path } of reader.scan('/a', { read: 'linearizable' })) found.push(path)

    expect(found).toEqual(['/a', '/a/mine'])
    expect(await reader.countDescendants('/a', { read: 'linearizable' })).toBe(1)
    expect(await reader.ephemerals()).toEqual(['/a/mine'])
    expect(await writer.ephemerals()).toEqual([])
  })

  test.each([1, 5])('has as many peers as were asked for: %i', async (peers) => {
    await using group = await ensemble({ peers })
    const session = await group.peer(peers).session()
    await session.create('/a')

    expect(group.peers).toHaveLength(peers)
    expect(await session.children('/')).toEqual(['a', 'zookeeper'])
  })

  test('takes the timing and the limits of the service', async () => {
    await using group = await ensemble({
      timing: { silentPeerMs: 500 },
      limits: { maxDataBytes: 10 },
    })
    const session = await group.peer(1).session({ sessionTimeoutMs: 1_500 })

    expect(session.timeoutMs).toBe(1_500)
    await expect(session.create('/a', 'eleven long')).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    })
  })
})

describe('crash and restart', { timeout: 30_000 }, () => {
  test('another peer leads, and sessions of the others live on', async () => {
    await using group = await ensemble()
    const former = group.leader!
    const session = await group.peer(followersOf(group)[0]!).session()
    group.crash(former.id)
    await session.create('/a')

    expect(group.leader).not.toBe(former)
    expect(group.leader?.status().epoch).toBe(2)
    expect(session.state).toBe('connected')
  })

  test.each([0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3])(
    'R2: each write is applied once, whenever the leader crashes: after %d ms',
    async (ms) => {
      await using group = await ensemble()
      const former = group.leader!
      const session = await group.peer(followersOf(group)[0]!).session()
      const creates = Array.from({ length: 20 }, () =>
        session.create('/n-', '', { sequential: true }),
      )
      await group.advance(ms)
      group.crash(former.id)
      const created = await Promise.all(creates)

      const names = created.map(({ path }) => path.slice(1))
      expect(await session.children('/')).toEqual([...names, 'zookeeper'])
      group.checkHistory()
    },
  )

  test('a restarted peer has what its disk had, and catches up on the rest', async () => {
    await using group = await ensemble()
    const [away = 0, stays = 0] = followersOf(group)
    const session = await group.peer(stays).session()
    await session.create('/before', '1')
    await group.advance(100)
    group.crash(away)
    await session.create('/meanwhile', '2')

    const peer = await group.restart(away)
    expect(group.peer(away)).toBe(peer)
    await peer.ready()
    const reader = await peer.session()
    await reader.sync()
    expect(await reader.children('/')).toEqual(['before', 'meanwhile', 'zookeeper'])
  })

  test('the whole ensemble comes back from its disks', async () => {
    await using group = await ensemble()
    const session = await group.peer(1).session()
    await session.create('/kept', 'x')
    for (const { id } of group.peers) group.crash(id)
    expect(group.leader).toBeUndefined()

    await Promise.all(group.peers.map(({ id }) => group.restart(id)))
    const again = await group.peer(2).session()
    expect(text((await again.get('/kept', { read: 'linearizable' })).data)).toBe('x')
  })

  test('what a crash overtakes is lost with the disk’s unsynced writes, and told as what it is', async () => {
    await using group = await ensemble({ peers: 1 })
    const session = await group.peer(1).session()
    await session.create('/a', 'durable')
    const overtaken = session.set('/a', 'never synced')
    await group.advance(0.1)
    const outcomes = Promise.allSettled([overtaken, session.set('/a', 'never left')])
    group.crash(1)

    expect(await outcomes).toMatchObject([
      { reason: { code: 'PEER_FAILED', outcome: 'unknown' } },
      { reason: { code: 'PEER_FAILED', outcome: 'not-applied' } },
    ])
    expect(session.state).toBe('closed')
    const again = await (await group.restart(1)).session()
    expect(text((await again.get('/a')).data)).toBe('durable')
    group.checkHistory()
  })

  test('a peer that is closed hands over, and can be started again', async () => {
    await using group = await ensemble()
    const former = group.leader!
    await former.close()
    const leader = await group.until(() => group.leader)

    expect(leader.id).not.toBe(former.id)
    expect(await former.closed).toBeUndefined()
    await (await group.restart(former.id)).ready()
    expect(group.peer(former.id).role).toBe('follower')
  })

  test('sessions of a crashed peer expire in the ensemble, and a watch elsewhere sees it', async () => {
    await using group = await ensemble()
    const [host = 0, elsewhere = 0] = followersOf(group)
    const owner = await group.peer(host).session({ sessionTimeoutMs: 10_000 })
    await owner.create('/owner', '', { mode: 'ephemeral' })
    const witness = await group.peer(elsewhere).session()
    await witness.sync()
    const watch = witness.watch('/owner')
    const crashedMs = group.nowMs
    group.crash(host)

    const { value } = await watch.next()
    expect(value).toMatchObject({ type: 'deleted', path: '/owner' })
    expect(group.nowMs - crashedMs).toBeGreaterThan(9_000)
    expect(group.nowMs - crashedMs).toBeLessThan(12_000)
  })
})

describe('partition and heal', { timeout: 30_000 }, () => {
  test('the side without a quorum is suspended and answers nothing, then catches up', async () => {
    await using group = await ensemble()
    const former = group.leader!
    const [one = 0, two = 0] = followersOf(group)
    const cutOff = await former.session({ sessionTimeoutMs: 60_000 })
    const session = await group.peer(one).session({ sessionTimeoutMs: 60_000 })
    await cutOff.create('/a', '0')
    group.partition([former.id], [one, two])
    const waiting = cutOff.set('/a', 'from the minority')

    await session.set('/a', 'from the majority')
    expect(group.leader?.id).not.toBe(former.id)
    await group.advance(54_500)
    expect(cutOff.state).toBe('suspended')
    expect(text(cutOff.peek('/a')!.data)).toBe('0')
    group.heal()

    expect((await waiting).version).toBe(2)
    await group.until(() => cutOff.state === 'connected')
    expect(text((await session.get('/a', { read: 'linearizable' })).data)).toBe('from the minority')
    group.checkHistory()
  })

  test('peers that are named nowhere are together on the other side', async () => {
    await using group = await ensemble({ peers: 5 })
    const former = group.leader!
    group.partition([former.id])
    const next = await group.until(() => group.leader !== former && group.leader)

    expect(next.id).not.toBe(former.id)
    expect(next.status().silentVoters).toEqual([former.id])
  })

  test('another partition takes the place of the one before', async () => {
    await using group = await ensemble()
    group.partition([1], [2, 3])
    await group.advance(5_000)
    group.partition([1, 2], [3])
    await group.advance(10_000)

    expect(group.peer(1).status().silentVoters).toEqual([3])
    expect(group.peer(2).status().silentVoters).toEqual([3])
    group.heal()
    await group.advance(5_000)
    expect(group.peers.map((peer) => peer.status().ready)).toEqual([true, true, true])
  })
})

describe('pause and resume', { timeout: 30_000 }, () => {
  test('a paused leader is followed no more, and learns of it when it resumes', async () => {
    await using group = await ensemble()
    const former = group.leader!
    const own = await former.session({ sessionTimeoutMs: 30_000 })
    const [one = 0] = followersOf(group)
    const session = await group.peer(one).session()
    group.pause(former.id)
    await session.create('/a')

    expect(group.leader?.id).not.toBe(former.id)
    expect(former.role).toBe('leader')
    await group.advance(28_000)
    expect(own.state).toBe('suspended')
    group.resume(former.id)
    await group.until(() => former.role === 'follower')
    await group.until(() => own.state === 'connected')
    expect(await own.exists('/a')).toBeDefined()
  })

  test('a peer that is paused for longer than a session’s timeout finds it expired', async () => {
    await using group = await ensemble()
    const [host = 0] = followersOf(group)
    const session = await group.peer(host).session({ sessionTimeoutMs: 9_000 })
    const states: string[] = []
    session.on('state', (state) => states.push(state))
    group.pause(host)
    await group.advance(20_000)
    expect(session.state).toBe('suspended')
    group.resume(host)

    await group.until(() => session.state === 'expired')
    expect(states).toEqual(['suspended', 'expired'])
    expect(session.alive.aborted).toBe(true)
  })
})

describe('expireSession', { timeout: 30_000 }, () => {
  test.each(['leader', 'follower'] as const)(
    'ends one session of the %s, and no other',
    async (on) => {
      await using group = await ensemble()
      const host = group.peers.find((peer) => peer.role === on)!
      const session = await host.session({ sessionTimeoutMs: 10_000 })
      const others = await Promise.all(group.peers.map((peer) => peer.session()))
      await session.create('/e', '', { mode: 'ephemeral' })
      const states: string[] = []
      session.on('state', (state) => states.push(state))
      const beganMs = group.nowMs
      await group.expireSession(session)

      expect(states).toEqual(['suspended', 'expired'])
      expect(group.nowMs - beganMs).toBeLessThan(11_500)
      await expect(session.get('/')).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
      expect(others.map((other) => other.state)).toEqual(['connected', 'connected', 'connected'])
      expect(await others[0]!.exists('/e')).toBeUndefined()
      group.checkHistory()
    },
  )

  test('waits for a session whose peer has crashed, and for one that has ended not at all', async () => {
    await using group = await ensemble()
    const [host = 0] = followersOf(group)
    const session: Session = await group.peer(host).session()
    group.crash(host)
    await group.expireSession(session)
    const endedMs = group.nowMs
    await group.expireSession(session)

    expect(group.nowMs).toBe(endedMs)
  })
})

describe('znodes that go by themselves', { timeout: 30_000 }, () => {
  test('advance makes one with a TTL go, not before its time; a set renews it', async () => {
    await using group = await ensemble({ limits: { reapMs: 1_000 } })
    const session = await group.peer(1).session()
    await session.create('/t', 'x', { mode: { ttlMs: 60_000 } })
    await group.advance(59_000)
    expect((await session.get('/t')).stat.ephemeralOwner).toBeUndefined()

    await session.set('/t', 'y')
    await group.advance(59_000)
    expect(await session.exists('/t')).toBeDefined()
    await group.advance(3_000)
    expect(await session.exists('/t')).toBeUndefined()
    group.checkHistory()
  })

  test('a container goes behind its last child, whoever leads then', async () => {
    await using group = await ensemble({ limits: { reapMs: 1_000 } })
    const [host = 0] = followersOf(group)
    const session = await group.peer(host).session()
    await session.create('/unused', '', { mode: 'container' })
    await session.create('/c', '', { mode: 'container' })
    const { path } = await session.create('/c/n-', '', { sequential: true })
    await group.advance(10_000)
    expect(await session.exists('/c')).toBeDefined()

    group.crash(group.leader!.id)
    await session.delete(path)
    await group.advance(5_000)
    expect(await session.exists('/c')).toBeUndefined()
    expect(await session.exists('/unused')).toBeDefined()
    group.checkHistory()
  })

  test('a watch is told', async () => {
    await using group = await ensemble({ limits: { reapMs: 1_000 } })
    const session = await group.peer(1).session()
    await session.create('/t', '', { mode: { ttlMs: 10 } })
    const watch = session.watch('/t')
    await group.advance(3_000)
    expect((await watch.next()).value).toMatchObject({ type: 'deleted', path: '/t' })
  })
})
