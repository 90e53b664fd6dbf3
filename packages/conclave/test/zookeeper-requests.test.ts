/** What clients of ZooKeeper ask, and are answered. */
import {
  opcodes,
  readCreate2Response,
  readCreateResponse,
  readGetAclResponse,
  readGetChildrenResponse,
  readGetDataResponse,
  readMultiReadResponse,
  readMultiResponse,
  readWhoAmIResponse,
  wireErrors,
  writeAuthRequest,
  writeCheckRequest,
  writeGetAclRequest,
  writeGetChildrenRequest,
  writeMultiReadRequest,
  writeMultiRequest,
  xids,
} from '@conclave/zookeeper'
import { describe, expect, test } from 'vitest'
import { WireClient, type Reply } from './wire-client.ts'
import {
  bytes,
  create,
  exists,
  get,
  open31,
  remove,
  served,
  set,
  textOf,
  sync,
} from './wire-requests.ts'

describe('requests', () => {
  test('the tree is the one that embedded sessions see', async () => {
    const { peer, port } = await served()
    const { client } = await WireClient.open(port)
    const session = await peer.session()

    expect(readCreateResponse((await create(client, '/a', { data: null })).body)).toBe('/a')
    const sequential = await create(client, '/a/s-', { flags: 2 }, opcodes.create2)
    const { path, stat } = readCreate2Response(sequential.body)
    expect([path, stat.dataLength, stat.czxid]).toEqual(['/a/s-0000000000', 1, sequential.zxid])
    expect(await session.children('/a')).toEqual(['s-0000000000'])

    await session.set('/a', 'from inside')
    const reading = readGetDataResponse((await get(client, '/a')).body)
    expect([textOf(reading.data), reading.stat.version]).toEqual(['from inside', 1])
    const names = await client.ask(opcodes.getChildren, (writer) =>
      writeGetChildrenRequest(writer, { path: '/', watch: false }),
    )
    expect([...(readGetChildrenResponse(names.body) ?? [])].sort()).toEqual(['a', 'zookeeper'])
  })

  test('null and empty data are not the same', async () => {
    const { port } = await served()
    const { client } = await WireClient.open(port)
    await create(client, '/null', { data: null })
    await create(client, '/empty', { data: new Uint8Array() })

    expect(readGetDataResponse((await get(client, '/null')).body).data).toBeNull()
    expect(readGetDataResponse((await get(client, '/empty')).body).data).toEqual(new Uint8Array())
    await set(client, '/empty', null)
    expect(readGetDataResponse((await get(client, '/empty')).body).data).toBeNull()
  })

  test('C5, C6: each read sees what was asked before it, and nothing that was asked after it', async () => {
    const { port } = await served()
    const { client } = await WireClient.open(port)
    await create(client, '/a')
    const reads: Promise<Reply>[] = []
    for (let value = 0; value < 50; value += 1) {
      void set(client, '/a', String(value))
      reads.push(get(client, '/a'))
      if (value % 7 === 0) void sync(client)
    }

    const replies = await Promise.all(reads)
    const values = replies.map(({ body }) => textOf(readGetDataResponse(body).data))
    expect(values).toEqual(Array.from({ length: 50 }, (_, value) => String(value)))
    const xidsTold = client.told.map(Number)
    expect(xidsTold).toEqual([...xidsTold].sort((a, b) => a - b))
    const zxids = replies.map(({ zxid }) => zxid)
    expect(zxids).toEqual([...zxids].sort((a, b) => a - b))
  })

  test('errors are those of ZooKeeper', async () => {
    const { port } = await served()
    const { client } = await WireClient.open(port)
    await create(client, '/a')
    await create(client, '/a/b')
    await create(client, '/e', { flags: 1 })
    const errors = await Promise.all([
      create(client, '/a'),
      create(client, '/x/y'),
      create(client, '/e/child'),
      create(client, '/flags', { flags: 77 }),
      create(client, '/acl', { acl: null }),
      create(client, '/acl', { acl: [{ permissions: 31, scheme: 'nobody', id: 'x' }] }),
      set(client, '/a', 'y', 9),
      set(client, '/none', 'y'),
      remove(client, '/a'),
      remove(client, '/zookeeper'),
      get(client, 'no path'),
      exists(client, '/none'),
      exists(client, ''),
    ])

    expect(errors.map(({ error }) => error)).toEqual([
      wireErrors.nodeExists,
      wireErrors.noNode,
      wireErrors.noChildrenForEphemerals,
      wireErrors.badArguments,
      wireErrors.invalidAcl,
      wireErrors.invalidAcl,
      wireErrors.badVersion,
      wireErrors.noNode,
      wireErrors.notEmpty,
      wireErrors.badArguments,
      wireErrors.noNode,
      wireErrors.noNode,
      wireErrors.ok,
    ])
  })

  test('all parts of a multi, or none, with the code of each', async () => {
    const { port } = await served()
    const { client } = await WireClient.open(port)
    const made = { path: '/m', data: null, acl: open31, flags: 0 }
    const done = await client.ask(opcodes.multi, (writer) =>
      writeMultiRequest(writer, [
        { opcode: opcodes.create2, request: made },
        { opcode: opcodes.create, request: { ...made, path: '/m/n' } },
        { opcode: opcodes.setData, request: { path: '/m', data: bytes('y'), version: 0 } },
        { opcode: opcodes.delete, request: { path: '/m/n', version: 0 } },
        { opcode: opcodes.check, request: { path: '/m', version: 1 } },
      ]),
    )
    const results = readMultiResponse(done.body)
    expect(results.map(({ opcode }) => opcode)).toEqual([15, 1, 5, 2, 13])
    expect(results[2]).toMatchObject({ stat: { version: 1, mzxid: done.zxid } })

    const failed = await client.ask(opcodes.multi, (writer) =>
      writeMultiRequest(writer, [
        { opcode: opcodes.create, request: { ...made, path: '/z' } },
        { opcode: opcodes.check, request: { path: '/m', version: 7 } },
        { opcode: opcodes.delete, request: { path: '/m', version: -1 } },
      ]),
    )
    expect(failed.error).toBe(0)
    expect(readMultiResponse(failed.body)).toEqual([
      { opcode: -1, error: 0 },
      { opcode: -1, error: wireErrors.badVersion },
      { opcode: -1, error: wireErrors.runtimeInconsistency },
    ])
    expect((await exists(client, '/z')).error).toBe(wireErrors.noNode)

    const empty = await client.ask(opcodes.multi, (writer) => writeMultiRequest(writer, []))
    expect([empty.error, readMultiResponse(empty.body)]).toEqual([0, []])
  })

  test('the parts of a multiRead come to their own results', async () => {
    const { port } = await served()
    const { client } = await WireClient.open(port)
    await create(client, '/a')
    const { body } = await client.ask(opcodes.multiRead, (writer) =>
      writeMultiReadRequest(writer, [
        { opcode: opcodes.getData, request: { path: '/a', watch: false } },
        { opcode: opcodes.getChildren, request: { path: '/none', watch: false } },
        { opcode: opcodes.getChildren, request: { path: '/a', watch: false } },
      ]),
    )

    expect(readMultiReadResponse(body)).toMatchObject([
      { opcode: opcodes.getData, stat: { dataLength: 1 } },
      { opcode: -1, error: wireErrors.noNode },
      { opcode: opcodes.getChildren, names: [] },
    ])
  })

  test('a body that cannot be read is answered in its turn, and the connection goes on', async () => {
    const { port } = await served()
    const { client } = await WireClient.open(port)
    const pending = [
      create(client, '/a'),
      client.ask(opcodes.setData, (writer) => writer.int(7)),
      client.ask(opcodes.getData, (writer) => {
        writer.string(null)
        writer.bool(false)
      }),
      get(client, '/a'),
    ]

    expect((await Promise.all(pending)).map(({ error }) => error)).toEqual([0, -5, -5, 0])
    expect(client.told).toEqual(['1', '2 -5', '3 -5', '4'])
  })

  test.each([
    ['that there is not', 77],
    ['of a notification', opcodes.notification],
    ['of a check outside of a multi', opcodes.check],
    ['of the leader alone', opcodes.deleteContainer],
  ])('an opcode %s is answered, and ends the connection', async (_what, opcode) => {
    const { port } = await served()
    const { client } = await WireClient.open(port)
    const reply = await client.ask(opcode, (writer) =>
      writeCheckRequest(writer, { path: '/', version: 0 }),
    )
    await client.closed

    expect(reply.error).toBe(wireErrors.unimplemented)
  })
})

describe('access', () => {
  test('belongs to the connection, and is proved by digests', async () => {
    const { port } = await served()
    const { client, response } = await WireClient.open(port)
    const proof = { type: 0, scheme: 'digest', proof: bytes('u:p') }
    const proved = await client.ask(opcodes.auth, (w) => writeAuthRequest(w, proof), xids.auth)
    expect(proved).toMatchObject({ error: 0, zxid: 0 })
    await create(client, '/mine', { acl: [{ permissions: 31, scheme: 'auth', id: '' }] })
    expect((await get(client, '/mine')).error).toBe(0)
    const who = await client.ask(opcodes.whoAmI)
    expect(readWhoAmIResponse(who.body)).toEqual([
      { scheme: 'ip', user: '127.0.0.1' },
      { scheme: 'digest', user: 'u' },
    ])
    const acl = await client.ask(opcodes.getAcl, (w) => writeGetAclRequest(w, { path: '/mine' }))
    expect(readGetAclResponse(acl.body).acl).toEqual([
      { permissions: 31, scheme: 'digest', id: 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=' },
    ])

    const { sessionId, password } = response
    const again = await WireClient.open(port, { sessionId, password: password!, readOnly: false })
    expect((await get(again.client, '/mine')).error).toBe(wireErrors.noAuth)
  })

  test('is boundless with the password that superDigest stands for, and with no other', async () => {
    const { port } = await served({ superDigest: 'super:lK75jTNcA+U9vtVEw5vB51mj/w4=' })
    const { client: owner } = await WireClient.open(port)
    await create(owner, '/closed', { acl: [{ permissions: 31, scheme: 'digest', id: 'u:h' }] })
    const reads = async (password: string): Promise<number> => {
      const { client } = await WireClient.open(port)
      const proof = { type: 0, scheme: 'digest', proof: bytes(`super:${password}`) }
      await client.ask(opcodes.auth, (w) => writeAuthRequest(w, proof), xids.auth)
      return (await get(client, '/closed')).error
    }

    expect([await reads('guess'), await reads('secret')]).toEqual([wireErrors.noAuth, 0])
  })

  test('by a scheme that proves nothing ends the connection behind the answer', async () => {
    const { port } = await served()
    const { client } = await WireClient.open(port)
    const proof = { type: 0, scheme: 'magic', proof: bytes('u:p') }
    const reply = await client.ask(opcodes.auth, (w) => writeAuthRequest(w, proof), xids.auth)
    await client.closed

    expect(reply.error).toBe(wireErrors.authFailed)
  })
})
