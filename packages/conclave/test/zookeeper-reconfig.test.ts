/** Clients of ZooKeeper that change the members, and who may. */
import {
  opcodes,
  readGetDataResponse,
  wireErrors,
  writeAuthRequest,
  writeReconfigRequest,
  xids,
  type ReconfigRequest,
} from '@conclave/zookeeper'
import { expect, test, vi } from 'vitest'
import { WireClient, type Reply } from './wire-client.ts'
import { bytes, get, patience, served, textOf } from './wire-requests.ts'
import { ensembleOptions, openPeer } from './workspace.ts'

/** Of `super:secret`. */
const superDigest = 'super:lK75jTNcA+U9vtVEw5vB51mj/w4='
const nothing: ReconfigRequest = { joining: null, leaving: null, newMembers: null, version: -1 }

function reconfig(client: WireClient, request: Partial<ReconfigRequest>): Promise<Reply> {
  return client.ask(opcodes.reconfig, (w) => writeReconfigRequest(w, { ...nothing, ...request }))
}

async function superClient(port: number): Promise<WireClient> {
  const { client } = await WireClient.open(port)
  const proof = { type: 0, scheme: 'digest', proof: bytes('super:secret') }
  await client.ask(opcodes.auth, (w) => writeAuthRequest(w, proof), xids.auth)
  return client
}

test('a change of members is refused where it is not enabled, and where there is one peer', async () => {
  const closed = await served({ superDigest })
  const alone = await served({ superDigest, reconfigEnabled: true })

  expect((await reconfig(await superClient(closed.port), { leaving: '1' })).error).toBe(
    wireErrors.reconfigDisabled,
  )
  expect((await reconfig(await superClient(alone.port), { leaving: '1' })).error).toBe(
    wireErrors.unimplemented,
  )
})

test('the super user changes the members, and nobody else', { timeout: 60_000 }, async () => {
  const options = await ensembleOptions(3)
  const zookeeper = { port: 0, superDigest, reconfigEnabled: true }
  const peers = await Promise.all(options.map((one) => openPeer({ ...one, zookeeper })))
  await Promise.all(peers.map((peer) => peer.ready({ timeoutMs: 30_000 })))
  const [one, other] = peers.filter(({ role }) => role === 'follower')
  const port = one!.status().zookeeper!.port!
  const { client: anybody } = await WireClient.open(port)
  const client = await superClient(port)
  const leaving = String(other!.id)
  const errorOf = async (request: Partial<ReconfigRequest>): Promise<number> =>
    (await reconfig(client, request)).error

  expect((await reconfig(anybody, { leaving })).error).toBe(wireErrors.noAuth)
  expect(await errorOf({ leaving, version: 12_345 })).toBe(wireErrors.badVersion)
  expect(await errorOf({ leaving: 'two' })).toBe(wireErrors.badArguments)
  expect(await errorOf({ joining: 'server.4=127.0.0.1' })).toBe(wireErrors.badArguments)
  // Beyond loopback, peers would need a secret in common, and these have one: nobody is there.
  expect(await errorOf({ newMembers: 'server.8=127.0.0.1:1:1,server.9=127.0.0.1:2:2' })).toBe(
    wireErrors.newConfigNoQuorum,
  )
  const { stat } = readGetDataResponse((await get(client, '/zookeeper/config')).body)
  const reply = await reconfig(client, { leaving, version: stat.mzxid })

  expect(reply.error).toBe(0)
  const { data } = readGetDataResponse(reply.body)
  const lines = textOf(data)!.split('\n')
  expect(lines.map((line) => line.split('=')[0])).toEqual([
    ...[1, 2, 3].filter((id) => id !== other!.id).map((id) => `server.${String(id)}`),
    'version',
  ])
  await vi.waitFor(() => expect(other!.status().membership).toBe('none'), patience)

  const { port: peerPort } = (options[0]!.ensemble as readonly { port: number }[])[other!.id - 1]!
  const joining = `server.${leaving}=127.0.0.1:${String(peerPort)}:${String(peerPort)}:observer;2181`
  expect(await errorOf({ joining })).toBe(0)
  await vi.waitFor(() => expect(other!.status().membership).toBe('observer'), patience)
})

test(
  'weights and groups are those of the whole list, and of nothing less',
  { timeout: 60_000 },
  async () => {
    const options = await ensembleOptions(3)
    const zookeeper = { port: 0, superDigest, reconfigEnabled: true }
    const peers = await Promise.all(options.map((one) => openPeer({ ...one, zookeeper })))
    await Promise.all(peers.map((peer) => peer.ready({ timeoutMs: 30_000 })))
    // What a follower forwards and no leader can read would be forwarded for ever.
    const peer = peers.find(({ role }) => role === 'follower')!
    const client = await superClient(peer.status().zookeeper!.port!)
    const listed = options[0]!.ensemble as readonly { id: number; port: number }[]
    const servers = listed.map(({ id, port }) => {
      return `server.${String(id)}=127.0.0.1:${String(port)}:${String(port)}:participant`
    })
    const list = async (...counts: string[]): Promise<Reply> =>
      reconfig(client, { newMembers: [...servers, ...counts].join('\n') })

    expect((await list('group.1=1:2')).error).toBe(wireErrors.badArguments)
    expect((await list('weight.1=0')).error).toBe(wireErrors.badArguments)
    expect((await list('weight.1=65536')).error).toBe(wireErrors.badArguments)
    expect((await list('weight.1=x')).error).toBe(wireErrors.badArguments)
    expect((await list('server.256=127.0.0.1:1:1')).error).toBe(wireErrors.badArguments)
    expect((await list(`server.4=${'a'.repeat(256)}:1:1`)).error).toBe(wireErrors.badArguments)
    const counts = ['group.1=1:3', 'group.2=2', 'weight.1=2', 'weight.2=1', 'weight.3=1']
    const reply = await list(...counts)

    expect(reply.error).toBe(0)
    const text = textOf(readGetDataResponse(reply.body).data)!
    expect(text.split('\n').slice(3, -1)).toEqual(counts)
    expect(peer.status().members).toMatchObject([
      { weight: 2, group: 1 },
      { weight: 1, group: 2 },
      { weight: 1, group: 1 },
    ])
    expect((await reconfig(client, { leaving: '3' })).error).toBe(wireErrors.badArguments)
    expect((await reconfig(client, { newMembers: text })).error).toBe(0)
    expect((await list()).error).toBe(0)
    expect((await reconfig(client, { leaving: '3' })).error).toBe(0)
  },
)
