/** Clients of ZooKeeper at the peers of an ensemble whose leader goes. */
import { readGetDataResponse } from '@conclave/zookeeper'
import { expect, test } from 'vitest'
import { WireClient } from './wire-client.ts'
import { create, exists, get, set, sync, textOf } from './wire-requests.ts'
import { ensembleOptions, freePorts, openPeer } from './workspace.ts'

test(
  'a session goes on, on its connection, when another peer comes to lead',
  { timeout: 60_000 },
  async () => {
    const ports = await freePorts(3)
    const options = await ensembleOptions(3)
    const peers = await Promise.all(
      options.map((one, index) => openPeer({ ...one, zookeeper: { port: ports[index] ?? 0 } })),
    )
    await Promise.all(peers.map((peer) => peer.ready({ timeoutMs: 20_000 })))
    const leader = peers.findIndex(({ role }) => role === 'leader')
    const [first = 0, second = 0] = [0, 1, 2].filter((index) => index !== leader)
    const { client: a } = await WireClient.open(ports[first] ?? 0)
    const { client: b } = await WireClient.open(ports[second] ?? 0)
    await create(a, '/e', { flags: 1 })
    await sync(b)
    await exists(b, '/e', true)

    const writes = Array.from({ length: 20 }, (_, value) => set(a, '/e', String(value)))
    await peers[leader]!.close()
    const errors = (await Promise.all(writes)).map(({ error }) => error)

    expect(errors).toEqual(Array.from({ length: 20 }, () => 0))
    await sync(b)
    const { data, stat } = readGetDataResponse((await get(b, '/e')).body)
    expect([textOf(data), stat.version]).toEqual(['19', 20])
    expect(a.told).not.toContain('closed')
    // Behind the answers to `sync` and `exists`: once, for the first of the changes.
    expect(b.told.slice(2, 3)).toEqual(['changed /e'])
    expect(b.told.filter((word) => word === 'changed /e')).toHaveLength(1)
  },
)
