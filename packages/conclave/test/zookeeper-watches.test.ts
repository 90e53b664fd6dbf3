/** What clients of ZooKeeper watch, and are told. */
import {
  opcodes,
  wireErrors,
  writeAddWatchRequest,
  writeRemoveWatchesRequest,
  writeSetWatches2Request,
  xids,
} from '@conclave/zookeeper'
import { describe, expect, test } from 'vitest'
import { WireClient, type Reply } from './wire-client.ts'
import { create, exists, get, remove, served, set, sync } from './wire-requests.ts'

describe('watches', () => {
  test('W4: a client hears of a change before the reply to it, once', async () => {
    const { port } = await served()
    const { client } = await WireClient.open(port)
    await exists(client, '/a', true)
    await create(client, '/a')
    await get(client, '/a', true)
    await set(client, '/a', 'y')
    await set(client, '/a', 'z')
    await get(client, '/none', true)
    await create(client, '/none')

    expect(client.told).toEqual([
      '1 -101',
      'created /a',
      '2',
      '3',
      'changed /a',
      '4',
      '5',
      '6 -101',
      '7',
    ])
  })

  test('persistent and recursive ones stay, until they are taken back', async () => {
    const { port } = await served()
    const { client } = await WireClient.open(port)
    const { client: other } = await WireClient.open(port)
    const addWatch = (path: string, mode: number): Promise<Reply> =>
      client.ask(opcodes.addWatch, (writer) => writeAddWatchRequest(writer, { path, mode }))
    const takeBack = (path: string, watcherType: number): Promise<Reply> =>
      client.ask(opcodes.removeWatches, (writer) =>
        writeRemoveWatchesRequest(writer, { path, watcherType }),
      )
    const added = await addWatch('/', 1)
    expect(added.body.int()).toBe(0)
    expect((await addWatch('/', 9)).error).toBe(wireErrors.marshallingError)
    await create(other, '/a')
    await create(other, '/a/b')
    await sync(client)
    expect((await takeBack('/', 1)).error).toBe(wireErrors.noWatcher)
    expect((await takeBack('/', 5)).error).toBe(0)
    await remove(other, '/a/b')
    await sync(client)

    expect(client.told).toEqual([
      '1',
      '2 -5',
      'created /a',
      'created /a/b',
      '3',
      '4 -121',
      '5',
      '6',
    ])
  })

  test('are gone with their connection, and told what they missed when they are set again', async () => {
    const { peer, port } = await served()
    const session = await peer.session()
    await session.create('/changed')
    await session.create('/same')
    await session.create('/gone')
    const { client, response } = await WireClient.open(port)
    const { zxid } = await get(client, '/changed', true)
    client.destroy()
    await session.set('/changed', 'y')
    await session.delete('/gone')

    const { sessionId, password } = response
    const greeting = { sessionId, password: password!, lastZxidSeen: zxid, readOnly: false }
    const { client: again } = await WireClient.open(port, greeting)
    await again.ask(
      opcodes.setWatches2,
      (writer) =>
        writeSetWatches2Request(writer, {
          relativeZxid: zxid,
          data: ['/changed', '/same', '/gone'],
          exist: ['/later'],
          child: ['/same'],
          persistent: [],
          persistentRecursive: ['/below'],
        }),
      xids.setWatches,
    )
    await session.set('/same', 'y')
    await session.create('/later')
    await session.create('/below')
    await sync(again)

    expect(again.told).toEqual([
      'changed /changed missed',
      'deleted /gone missed',
      '-8',
      'changed /same',
      'created /later',
      'created /below',
      '2',
    ])
  })
})
