/**
 * Requests that no leader grants, asked at a follower. It forwards them, and the leader must be able to
 * read them: a link that breaks for one breaks again with each time that it is sent anew.
 */
import type { Peer } from 'conclave'
import { opcodes, wireErrors, writeCreateTtlRequest, type CreateRequest } from '@conclave/zookeeper'
import { expect, test } from 'vitest'
import { WireClient } from './wire-client.ts'
import { create, open31 } from './wire-requests.ts'
import { ensembleOptions, freePorts, openPeer } from './workspace.ts'

/** Three peers, and a client at one that follows. */
async function followed(): Promise<{ peer: Peer; client: WireClient }> {
  const ports = await freePorts(3)
  const options = await ensembleOptions(3)
  const peers = await Promise.all(
    options.map((one, index) => openPeer({ ...one, zookeeper: { port: ports[index] ?? 0 } })),
  )
  await Promise.all(peers.map((peer) => peer.ready({ timeoutMs: 20_000 })))
  const at = peers.findIndex(({ role }) => role === 'follower')
  const { client } = await WireClient.open(ports[at] ?? 0)
  return { peer: peers[at]!, client }
}

test(
  'a TTL, permissions and texts that cannot be are refused, and the follower goes on following',
  { timeout: 60_000 },
  async () => {
    const { peer, client } = await followed()
    const roles: string[] = []
    peer.on('role', (role) => roles.push(role))
    const entry = { permissions: 31, scheme: 'digest', id: 'a:b' }
    const long = 'x'.repeat(100_000)
    const changes: readonly Partial<CreateRequest>[] = [
      { flags: 7 },
      { acl: [{ ...entry, permissions: -1 }] },
      { acl: [{ ...entry, scheme: 'x'.repeat(1_000) }] },
      { acl: [{ ...entry, id: long }] },
      { path: `/${long}` },
      { acl: new Array<typeof entry>(40_000).fill(entry) },
    ]
    const ttls = [-1, 2 ** 60, -(2n ** 63n)]
    const replies = await Promise.all([
      ...changes.map((change) => create(client, '/a', change)),
      ...ttls.map((ttlMs) =>
        client.ask(opcodes.createTtl, (writer) => {
          writeCreateTtlRequest(writer, { path: '/a', data: null, acl: open31, flags: 5, ttlMs })
        }),
      ),
    ])

    const { badArguments, invalidAcl, ok } = wireErrors
    expect(replies.map(({ error }) => error)).toEqual([
      badArguments,
      invalidAcl,
      invalidAcl,
      badArguments,
      badArguments,
      ok,
      ...ttls.map(() => badArguments),
    ])
    expect(roles).toEqual([])
  },
)
