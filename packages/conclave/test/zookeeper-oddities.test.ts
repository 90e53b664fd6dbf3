/** What the differential against Apache ZooKeeper found to differ, and what ended a peer. */
import {
  opcodes,
  readMultiResponse,
  wireErrors,
  writeAddWatchRequest,
  writeAuthRequest,
  writeGetChildrenRequest,
  writeMultiReadRequest,
  writeMultiRequest,
  writeRemoveWatchesRequest,
  writeSetWatches2Request,
  writeSetDataRequest,
  xids,
  type CreateRequest,
  type MultiPart,
} from '@conclave/zookeeper'
import { expect, test } from 'vitest'
import { WireClient, type Reply } from './wire-client.ts'
import { bytes, create, exists, get, open31, served, set, sync } from './wire-requests.ts'

const made: CreateRequest = { path: '/m', data: null, acl: open31, flags: 0 }

function multi(client: WireClient, ...parts: readonly MultiPart[]): Promise<Reply> {
  return client.ask(opcodes.multi, (writer) => writeMultiRequest(writer, parts))
}

test('a multiRead without a path is answered, and the peer goes on', async () => {
  const { peer, port } = await served()
  const { client } = await WireClient.open(port)
  const request = { path: null, watch: false }
  const reply = await client.ask(opcodes.multiRead, (writer) =>
    writeMultiReadRequest(writer, [{ opcode: opcodes.getData, request }]),
  )

  expect(reply.error).toBe(wireErrors.marshallingError)
  expect((await get(client, '/')).error).toBe(0)
  expect(peer.status()).toMatchObject({ ready: true })
})

test('C6: what is asked about watches sees what the writes before it have fired', async () => {
  const { port } = await served()
  const { client } = await WireClient.open(port)
  await create(client, '/a')
  const { zxid } = await get(client, '/a', true)
  const restoration = { relativeZxid: zxid, data: ['/a'], exist: [], child: [] }
  const [, check] = await Promise.all([
    set(client, '/a', 'y'),
    client.ask(opcodes.checkWatches, (writer) =>
      writeRemoveWatchesRequest(writer, { path: '/a', watcherType: 2 }),
    ),
    set(client, '/a', 'z'),
    client.ask(opcodes.setWatches2, (writer) =>
      writeSetWatches2Request(writer, {
        ...restoration,
        persistent: [],
        persistentRecursive: [],
      }),
    ),
  ])

  expect(check.error).toBe(wireErrors.noWatcher)
  expect(client.told).toEqual([
    '1',
    '2',
    'changed /a',
    '3',
    `4 ${String(wireErrors.noWatcher)}`,
    '5',
    'changed /a missed',
    '6',
  ])
})

test('flags of a part of a multi say what is created, or make it unreadable', async () => {
  const { port } = await served()
  const { client } = await WireClient.open(port)
  const noTtl = { ...made, path: '/t', ttlMs: 1_000 }
  const container = { opcode: opcodes.create, request: { ...made, flags: 4 } } as const
  const done = await multi(client, container, { opcode: opcodes.createTtl, request: noTtl })
  const unknown = await multi(client, { opcode: opcodes.create, request: { ...made, flags: 7 } })
  const ttl = await multi(client, { opcode: opcodes.create2, request: { ...made, flags: 5 } })
  const strange = { opcode: opcodes.createTtl, request: { ...noTtl, flags: 7 } } as const

  expect(readMultiResponse(done.body).map(({ opcode }) => opcode)).toEqual([15, 1])
  expect([unknown.error, ttl.error]).toEqual([-5, -5])
  expect(readMultiResponse((await multi(client, strange)).body)).toEqual([
    { opcode: -1, error: wireErrors.badArguments },
  ])
})

test('createContainer makes a container whatever its flags say', async () => {
  const { port } = await served()
  const { client } = await WireClient.open(port)
  const reply = await create(client, '/c-', { flags: 2 }, opcodes.createContainer)

  expect([reply.error, reply.body.string()]).toEqual([0, '/c-0000000000'])
  expect((await exists(client, '/c-0000000000')).error).toBe(0)
})

test('no path is a bad one for a set, and one that nothing happens to for a watch', async () => {
  const { port } = await served()
  const { client } = await WireClient.open(port)
  const setData = await client.ask(opcodes.setData, (writer) =>
    writeSetDataRequest(writer, { path: null, data: null, version: -1 }),
  )
  const addWatch = await client.ask(opcodes.addWatch, (writer) =>
    writeAddWatchRequest(writer, { path: null, mode: 1 }),
  )
  const removeWatches = await client.ask(opcodes.removeWatches, (writer) =>
    writeRemoveWatchesRequest(writer, { path: null, watcherType: 1 }),
  )
  await create(client, '/a')

  expect([setData, addWatch, removeWatches].map(({ error }) => error)).toEqual([-8, 0, -121])
  expect(client.told).toEqual(['1 -8', '2', '3 -121', '4'])
})

test('the empty path is read as the root, and is watched as itself', async () => {
  const { port } = await served()
  const { client } = await WireClient.open(port)
  const children = await client.ask(opcodes.getChildren, (writer) =>
    writeGetChildrenRequest(writer, { path: '', watch: true }),
  )
  await create(client, '/a')
  await sync(client)

  expect(children.body.strings()).toEqual(['zookeeper'])
  expect(client.told).toEqual(['1', '2', '3'])
})

test('exists refuses a NUL, other reads find nothing', async () => {
  const { port } = await served()
  const { client } = await WireClient.open(port)

  expect((await exists(client, '/\0')).error).toBe(wireErrors.badArguments)
  expect((await get(client, '/\0')).error).toBe(wireErrors.noNode)
})

test('an opcode that there is not is answered at no zxid', async () => {
  const { port } = await served()
  const { client } = await WireClient.open(port)

  expect(await client.ask(77)).toMatchObject({ zxid: -1, error: wireErrors.unimplemented })
})

test('a reconfiguration that cannot be read is told so', async () => {
  const { port } = await served()
  const { client } = await WireClient.open(port)

  expect((await client.ask(opcodes.reconfig)).error).toBe(wireErrors.marshallingError)
})

test('a digest without a colon is a name that is its own password', async () => {
  const { port } = await served()
  const { client } = await WireClient.open(port)
  const proof = { type: 0, scheme: 'digest', proof: bytes('carl') }
  const proved = await client.ask(opcodes.auth, (w) => writeAuthRequest(w, proof), xids.auth)
  const acl = [{ permissions: 31, scheme: 'digest', id: 'carl:3hh2QubHX2DRDynlLKtUzfZ2hw0=' }]
  await create(client, '/mine', { acl })

  expect(proved.error).toBe(0)
  expect((await get(client, '/mine')).error).toBe(0)
})
