import { checkHistory, ensemble, type HistoryEntry, type TestEnsemble } from 'conclave/testing'
import { describe, expect, test } from 'vitest'

/** What three services do while two leaders in a row are lost. */
async function turmoil(seed: number): Promise<{ group: TestEnsemble; history: string }> {
  const group = await ensemble({ seed })
  const sessions = await Promise.all(group.peers.map((peer) => peer.session()))
  const work = sessions.map(async (session, index) => {
    for (let round = 0; round < 15; round += 1) {
      try {
        await session.create('/n-', `${index}.${round}`, { sequential: true })
        await session.set('/', `${index}.${round}`)
        await session.get('/', { read: 'linearizable' })
        await group.advance(200)
      } catch {
        return
      }
    }
  })
  for (let count = 0; count < 2; count += 1) {
    await group.advance(700)
    const { id } = await group.until(() => group.leader)
    group.crash(id)
    await group.advance(4_000)
    await group.restart(id)
  }
  await Promise.all(work)
  return { group, history: JSON.stringify(group.history) }
}

describe('history', { timeout: 30_000 }, () => {
  test('has what sessions asked and were told, in the order in which they asked', async () => {
    await using group = await ensemble()
    const session = await group.peer(1).session()
    const watch = session.watch('/a')
    const { stat } = await session.create('/a', 'x')
    await watch.next()
    await session.set('/a', 'y', { version: 7 }).catch(() => undefined)
    await session.txn().check('/a', 0).set('/a', 'z').delete('/a').create('/b', 'b').commit()
    await session.find('/a')
    await session.children('/')
    await session.get('not a path').catch(() => undefined)
    await session.close()

    const calls = group.history.filter((entry) => entry.type === 'call')
    expect(calls.map(({ operation, outcome, error }) => [operation.type, outcome, error])).toEqual([
      ['create', 'ok', undefined],
      ['set', 'not-applied', 'BAD_VERSION'],
      ['transaction', 'ok', undefined],
      ['get', 'ok', undefined],
      ['children', 'ok', undefined],
      ['close-session', 'ok', undefined],
    ])
    expect(calls[0]).toMatchObject({
      session: session.id,
      operation: { path: '/a', value: 'x' },
      result: { path: '/a', stat: { version: 0 } },
      zxid: stat.czxid,
    })
    expect(calls[3]?.result).toBeNull()
    expect(calls[4]?.result).toEqual({ names: ['b', 'zookeeper'] })
    const [event] = group.history.filter((entry) => entry.type === 'event')
    expect(event).toMatchObject({ watched: '/a', change: 'created', path: '/a', zxid: stat.czxid })
    const times = calls.flatMap(({ calledAt, returnedAt }) => [calledAt, returnedAt ?? NaN])
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
  })

  test('the same seed and the same test take the same course, another seed another', async () => {
    const runs = [await turmoil(5), await turmoil(5), await turmoil(6)]
    for (const { group } of runs) {
      group.checkHistory()
      await group.close()
    }

    const [one, again, other] = runs.map(({ history }) => history)
    expect(again).toBe(one)
    expect(other).not.toBe(one)
  })

  test('what was never answered stays unknown, and what it may have done is allowed', async () => {
    await using group = await ensemble()
    const former = group.leader!
    const session = await former.session()
    const write = session.create('/a', 'perhaps')
    await group.advance(0.3)
    group.crash(former.id)
    await write.catch(() => undefined)

    expect(group.history).toMatchObject([{ outcome: 'unknown', error: 'PEER_FAILED' }])
    const reader = await group.peers.find((peer) => peer.id !== former.id)!.session()
    await reader.find('/a', { read: 'linearizable' })
    group.checkHistory()
  })

  test('what nothing explains is thrown, for a person to read; what is not judged is no pass', async () => {
    await using group = await ensemble({ seed: 9 })
    const writer = await group.peer(1).session()
    const reader = await group.peer(2).session()
    await writer.create('/a', 'old')
    await reader.get('/a', { read: 'linearizable' })
    await writer.set('/a', 'new')
    await reader.get('/a', { read: 'linearizable' })
    group.checkHistory()

    const stale = group.history.map((entry): HistoryEntry => {
      if (entry.type !== 'call' || entry.operation.type !== 'get') return entry
      return { ...entry, result: { value: 'old', stat: { version: 0 } } }
    })
    expect(() => checkHistory(stale)).toThrow(/no order of its calls explains[^]*get \/a → "old"/)
    expect(() => checkHistory(group.history, { maxSteps: 1 })).toThrow(
      /not judged: after \d+ steps nothing is known about \/a/,
    )
    expect(() => group.checkHistory({ maxSteps: 1 })).toThrow('ensemble of seed 9: ')
  })
})
