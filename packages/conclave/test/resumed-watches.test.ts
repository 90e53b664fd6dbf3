import type { Change, Watch, Zxid } from 'conclave'
import { ensemble } from 'conclave/testing'
import { describe, expect, test } from 'vitest'

/** The next changes, with their data as text. */
async function take(watch: Watch, count: number): Promise<string[]> {
  const told: string[] = []
  for (let index = 0; index < count; index += 1)
    told.push(describeChange((await watch.next()).value))
  return told
}

function describeChange(change: Change | undefined): string {
  if (change === undefined) return 'end'
  if (change.type === 'gap') return `gap: ${change.reason}`
  const data = change.data === undefined ? '' : ` ${new TextDecoder().decode(change.data)}`
  return `${change.type} ${change.path}${data}`
}

describe('a watch that goes on behind a zxid', { timeout: 30_000 }, () => {
  test('W6: misses nothing and repeats nothing, though its session and its peer are gone', async () => {
    await using group = await ensemble()
    const [first, second] = group.peers.filter((peer) => peer !== group.leader).map(({ id }) => id)
    const writer = await group.leader!.session()
    const session = await group.peer(first!).session()
    const watch = session.watch('/', { depth: 'subtree' })
    await writer.create('/a', 'one')
    const { zxid } = (await watch.next()).value as Change & { zxid: Zxid }
    group.crash(first!)
    await writer.set('/a', 'two')
    await writer.set('/a', 'three')
    await writer.delete('/a')
    await writer.create('/b')

    const other = await group.peer(second!).session()
    const resumed = other.watch('/', { depth: 'subtree', since: zxid })
    const told = await take(resumed, 4)
    await writer.set('/b', 'four')

    expect(told).toEqual(['changed /a two', 'changed /a three', 'deleted /a', 'created /b '])
    expect(await take(resumed, 1)).toEqual(['changed /b four'])
  })

  test('W6: a peer that was started anew remembers what its log still holds', async () => {
    await using group = await ensemble()
    const writer = await group.peer(1).session()
    const { zxid: since } = await writer
      .create('/a', 'one')
      .then(({ stat }) => ({ zxid: stat.czxid }))
    await writer.set('/a', 'two')
    group.crash(2)
    await writer.set('/a', 'three')
    await group.restart(2)

    const reader = await group.peer(2).session()
    await reader.sync()
    expect(await take(reader.watch('/a', { since }), 2)).toEqual([
      'changed /a two',
      'changed /a three',
    ])
  })

  test('behind a scan: what was found, then what changed', async () => {
    await using group = await ensemble({ limits: { maxRecentChanges: 2 } })
    const session = await group.peer(1).session()
    await session.create('/a')
    await session.create('/a/b', 'one')
    let since: Zxid | undefined
    for await (const { zxid } of session.scan('/a', { depth: 'subtree' })) since = zxid
    await session.set('/a/b', 'two')

    const watch = session.watch('/a', { depth: 'subtree', since })
    expect(await take(watch, 1)).toEqual(['changed /a/b two'])

    await session.set('/a/b', 'three')
    await session.set('/a/b', 'four')
    const late = session.watch('/a', { depth: 'subtree', since })
    expect(await take(late, 1)).toEqual(['gap: forgotten'])
    await session.set('/a/b', 'five')
    expect(await take(late, 1)).toEqual(['changed /a/b five'])
  })
})
