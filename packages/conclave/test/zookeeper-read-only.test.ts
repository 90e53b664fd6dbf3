/** Clients of ZooKeeper that read while there is no quorum. */
import { opcodes, readGetDataResponse, wireErrors, writeSyncRequest } from '@conclave/zookeeper'
import { expect, test, vi } from 'vitest'
import { WireClient } from './wire-client.ts'
import { create, exists, get, patience, set, textOf, word } from './wire-requests.ts'
import { ensembleOptions, openPeer } from './workspace.ts'

test(
  'whoever allows it reads without a quorum, writes nothing, and is sent away when there is one',
  { timeout: 60_000 },
  async () => {
    const timing = { heartbeatMs: 50, silentPeerMs: 500, electionSettleMs: 50 }
    const zookeeper = { port: 0, fourLetterWords: ['*'] }
    const options = (await ensembleOptions(3)).map((one) => ({ ...one, timing, zookeeper }))
    const peers = await Promise.all(options.map((one) => openPeer(one)))
    await Promise.all(peers.map((peer) => peer.ready({ timeoutMs: 30_000 })))
    const last = peers.find(({ role }) => role === 'follower')!
    const port = last.status().zookeeper!.port!
    const before = await WireClient.open(port, { readOnly: true })
    expect(before.response.readOnly).toBe(false)
    await create(before.client, '/a')
    await create(before.client, '/e', { flags: 1 })
    const gone = peers.filter((peer) => peer !== last)
    await Promise.all(gone.map((peer) => peer.close({ timeoutMs: 1 })))
    await before.client.closed
    await vi.waitFor(async () => expect(await word(port, 'isro')).toBe('ro'), patience)
    expect(await word(port, 'srvr')).toMatch(
      /\nREAD-ONLY mode; serving only read-only clients\nLatency [^]*\nMode: read-only\n/,
    )

    const writer = await WireClient.reach(port)
    void writer.greetRaw({ readOnly: false })
    await writer.closed
    const { client, response } = await WireClient.open(port, { readOnly: true })
    const { sessionId, password } = before.response
    const again = await WireClient.open(port, { readOnly: true, sessionId, password: password! })
    expect(response.readOnly).toBe(true)
    expect(again.response).toEqual({ ...before.response, readOnly: true })
    expect(textOf(readGetDataResponse((await get(client, '/a', true)).body).data)).toBe('x')
    const refused = [
      await set(client, '/a', 'y'),
      await create(client, '/b'),
      await create(again.client, '/b'),
      await client.ask(opcodes.sync, (w) => writeSyncRequest(w, { path: '/' })),
    ]
    expect(refused.map(({ error }) => error)).toEqual(refused.map(() => wireErrors.notReadOnly))
    expect((await client.ping()).error).toBe(0)
    const leaver = await WireClient.open(port, { readOnly: true })
    expect((await leaver.client.ask(opcodes.closeSession)).error).toBe(0)
    await leaver.client.closed
    const stranger = await WireClient.open(port, { readOnly: true, sessionId: -1 })
    expect(stranger.response).toMatchObject({ sessionId: 0, timeoutMs: 0 })

    await Promise.all(gone.map(({ id }) => openPeer(options[id - 1]!)))
    await last.ready({ timeoutMs: 30_000 })
    await Promise.all([client.closed, again.client.closed])
    const back = await WireClient.open(port, { sessionId, password: password!, readOnly: true })
    expect(back.response).toEqual(before.response)
    expect((await exists(back.client, '/e')).error).toBe(0)
    expect((await set(back.client, '/a', 'y')).error).toBe(0)
  },
)

test('without read-only mode, nobody is served without a quorum', { timeout: 60_000 }, async () => {
  const [options] = await ensembleOptions(3)
  const zookeeper = { port: 0, readOnlyMode: false }
  const timing = { heartbeatMs: 20, silentPeerMs: 100, electionSettleMs: 20 }
  const peer = await openPeer({ ...options!, timing, zookeeper })
  const port = peer.status().zookeeper!.port!
  for (let round = 0; round < 5; round += 1) {
    const client = await WireClient.reach(port)
    void client.greetRaw({ readOnly: true })
    await client.closed
    expect(await word(port, 'isro')).toBe('null')
  }
})
