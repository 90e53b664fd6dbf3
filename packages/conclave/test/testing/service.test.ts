import type { CoordinationError, Session, Zxid } from 'conclave'
import { ensemble } from 'conclave/testing'
import { describe, expect, test } from 'vitest'

/** Waits for the ephemeral znode of a lock; resolves with its fencing token. */
async function acquire(session: Session, path: string): Promise<Zxid> {
  const changes = session.watch(path)
  try {
    for (;;) {
      try {
        const { stat } = await session.create(path, session.id, { mode: 'ephemeral' })
        return stat.czxid
      } catch (error) {
        if ((error as CoordinationError).code !== 'NODE_EXISTS') throw error
      }
      await changes.next()
    }
  } finally {
    await changes.return()
  }
}

describe('services over an ensemble under test', { timeout: 30_000 }, () => {
  test('S8: a holder that is cut off stops in time, before the next one begins', async () => {
    await using group = await ensemble({ seed: 3 })
    const former = group.leader!
    const holder = await former.session({ sessionTimeoutMs: 10_000 })
    const first = await acquire(holder, '/lock')
    const certain = holder.certain()
    let stoppedMs = Infinity
    certain.addEventListener('abort', () => (stoppedMs = group.nowMs))
    const others = group.peers.filter((peer) => peer !== former)
    const waiting = await Promise.all(others.map((peer) => peer.session()))
    const acquired = Promise.race(waiting.map((session) => acquire(session, '/lock')))
    group.partition([former.id])

    const second = await acquired
    expect(second).toBeGreaterThan(first)
    expect(stoppedMs).toBeLessThan(group.nowMs)
    expect(certain.aborted).toBe(true)
    expect(holder.state).toBe('suspended')
    group.heal()
    await group.until(() => holder.state === 'expired')
    group.checkHistory()
  })

  test('S2: whoever is lost, one holds the lock at a time, and tokens rise', async () => {
    await using group = await ensemble({ peers: 5, seed: 11 })
    const holders = new Set<string>()
    const tokens: Zxid[] = []
    const work = async (peer: (typeof group.peers)[number]): Promise<void> => {
      const session = await peer.session({ sessionTimeoutMs: 9_000 })
      for (let turn = 0; turn < 3; turn += 1) {
        const token = await acquire(session, '/lock')
        expect(holders.size).toBe(0)
        tokens.push(token)
        holders.add(session.id)
        session.certain().addEventListener('abort', () => holders.delete(session.id))
        await group.advance(500)
        holders.delete(session.id)
        await session.delete('/lock')
      }
    }
    const works = group.peers.map((peer) =>
      work(peer).catch((error: unknown) => {
        expect((error as CoordinationError).code).toBe('PEER_FAILED')
      }),
    )
    for (let lost = 0; lost < 2; lost += 1) {
      await group.advance(1_200)
      group.crash((await group.until(() => group.leader)).id)
    }
    await Promise.all(works)

    expect(tokens.length).toBeGreaterThanOrEqual(9)
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b))
    group.checkHistory()
  })

  test('a process may have many ensembles at once, and nothing is left of them', async () => {
    // Timers are the runner's own: the kit has none.
    const handles = (): readonly string[] =>
      process.getActiveResourcesInfo().filter((kind) => kind !== 'Timeout')
    const before = handles()
    const groups = await Promise.all(
      Array.from({ length: 20 }, (_, seed) => ensemble({ peers: 3, seed })),
    )
    for (const group of groups) {
      const session = await group.peer(1).session()
      const watch = session.watch('/', { depth: 'subtree' })
      const change = watch.next()
      await session.create('/a')
      expect((await change).value).toMatchObject({ type: 'created' })
      void watch.next()
    }
    await Promise.all(groups.map((group) => group.close()))

    expect(handles()).toEqual(before)
  })
})
