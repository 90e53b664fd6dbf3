/** Clients of ZooKeeper that take their session to another peer, or find theirs started anew. */
import { readGetDataResponse, readStat } from '@conclave/zookeeper'
import { describe, expect, test, vi } from 'vitest'
import type { Peer } from 'conclave'
import { WireClient, type Greeting } from './wire-client.ts'
import { create, exists, get, patience, served, set, sync, textOf, word } from './wire-requests.ts'
import { ensembleOptions, freePorts, openPeer, temporaryFolder } from './workspace.ts'

interface Ensemble {
  readonly peers: readonly Peer[]
  readonly ports: readonly number[]
  /** The places of the leader, and of one that follows it. */
  readonly leader: number
  readonly follower: number
}

async function ensemble(): Promise<Ensemble> {
  const ports = await freePorts(3)
  const options = await ensembleOptions(3)
  const peers = await Promise.all(
    options.map((one, index) => openPeer({ ...one, zookeeper: { port: ports[index] ?? 0 } })),
  )
  await Promise.all(peers.map((peer) => peer.ready({ timeoutMs: 20_000 })))
  const leader = peers.findIndex(({ role }) => role === 'leader')
  return { peers, ports, leader, follower: leader === 0 ? 1 : 0 }
}

/** Comes back with its session, as often as it is let go without a word. */
async function comeBack(
  port: number,
  greeting: Greeting,
): Promise<Awaited<ReturnType<typeof WireClient.open>>> {
  return vi.waitFor(async () => {
    const client = await WireClient.reach(port)
    const response = await Promise.race([client.greet(greeting), client.closed])
    if (response === undefined) throw new Error('let go')
    return { client, response }
  }, patience)
}

describe('a session moves', { timeout: 60_000 }, () => {
  test('when its peer is gone, with all that it has and owns', async () => {
    const { peers, ports, leader, follower } = await ensemble()
    const { client, response } = await WireClient.open(ports[leader]!)
    await create(client, '/e', { flags: 1 })
    await set(client, '/e', '1')
    await peers[leader]!.close()
    await client.closed

    const { sessionId, password } = response
    const greeting = { sessionId, password: password!, readOnly: false }
    const again = await comeBack(ports[follower]!, greeting)

    expect(again.response).toEqual(response)
    const { data, stat } = readGetDataResponse((await get(again.client, '/e')).body)
    expect([textOf(data), stat.ephemeralOwner]).toEqual(['1', sessionId])
    expect((await set(again.client, '/e', '2', 1)).error).toBe(0)
  })

  test('from a peer that serves it to one that is asked for it, and back', async () => {
    const { ports, leader, follower } = await ensemble()
    const { client: first, response } = await WireClient.open(ports[follower]!)
    await create(first, '/e', { flags: 1 })
    const { sessionId, password } = response
    const greeting = { sessionId, password: password!, readOnly: false }

    const second = await comeBack(ports[leader]!, greeting)
    await first.closed
    expect((await set(second.client, '/e', 'second')).error).toBe(0)
    const third = await comeBack(ports[follower]!, greeting)
    await second.client.closed
    await sync(third.client)

    const { data, stat } = readGetDataResponse((await get(third.client, '/e')).body)
    expect([textOf(data), stat.ephemeralOwner]).toEqual(['second', sessionId])
  })

  test('asked for in many places at once, it ends in one', async () => {
    const { ports, leader, follower } = await ensemble()
    const { client: first, response } = await WireClient.open(ports[follower]!)
    await create(first, '/e', { flags: 1 })
    const { sessionId, password } = response
    const greeting = { sessionId, password: password!, readOnly: false }

    const others = [leader, follower, 3 - leader - follower].map((index) => ports[index]!)
    const claims = await Promise.all(
      [...others, ...others].map(async (port) => {
        const client = await WireClient.reach(port)
        const told = await Promise.race([client.greet(greeting), client.closed])
        return { client, isGreeted: told !== undefined }
      }),
    )
    expect(claims.some(({ isGreeted }) => isGreeted)).toBe(true)
    await vi.waitFor(() => {
      expect(claims.filter(({ client }) => !client.told.includes('closed'))).toHaveLength(1)
    }, patience)
    const last = claims.find(({ client }) => !client.told.includes('closed'))!
    expect((await set(last.client, '/e', 'mine')).error).toBe(0)
  })

  test('to its own peer, when that was started anew', async () => {
    const dir = await temporaryFolder()
    const [port = 0] = await freePorts(1)
    const options = { id: 1, dir, ensemble: 'standalone', zookeeper: { port } } as const
    const before = await openPeer(options)
    await before.ready({ timeoutMs: 10_000 })
    const { client, response } = await WireClient.open(port)
    await create(client, '/e', { flags: 1 })
    await before.close()

    const after = await openPeer(options)
    await after.ready({ timeoutMs: 10_000 })
    const { sessionId, password } = response
    const again = await comeBack(port, { sessionId, password: password!, readOnly: false })

    const stat = readStat((await exists(again.client, '/e')).body)
    expect(stat.ephemeralOwner).toBe(sessionId)
    expect((await set(again.client, '/e', 'again')).error).toBe(0)
  })

  test('not without its password, wherever it is hosted', async () => {
    const { peers, ports, leader, follower } = await ensemble()
    const { response } = await WireClient.open(ports[leader]!)
    const session = await peers[leader]!.session()
    for (const sessionId of [response.sessionId, BigInt(`0x${session.id}`)]) {
      const greeting = { sessionId, password: new Uint8Array(16), readOnly: false }
      const { response: told } = await comeBack(ports[follower]!, greeting)
      expect(told).toMatchObject({ sessionId: 0, timeoutMs: 0 })
    }
    expect(session.state).toBe('connected')
  })
})

describe('S5: a client that is gone before its session is there', { timeout: 30_000 }, () => {
  test('has one that expires', async () => {
    const { port } = await served({ fourLetterWords: ['mntr'] })
    const client = await WireClient.reach(port)
    void client.greet({ timeoutMs: 600, readOnly: false })
    await new Promise((resolve) => setImmediate(resolve))
    client.destroy()

    const count = async (): Promise<string | undefined> =>
      /zk_global_sessions\t(\d+)/.exec(await word(port, 'mntr'))?.[1]
    await vi.waitFor(async () => expect(await count()).toBe('1'), patience)
    await vi.waitFor(async () => expect(await count()).toBe('0'), patience)
  })
})
