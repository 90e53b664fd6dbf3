/** Stock clients at a peer's port: handshakes, sessions, and what the port takes and tells. */
import { opcodes, passwordBytes, readGetDataResponse, readStat } from '@conclave/zookeeper'
import { describe, expect, test, vi } from 'vitest'
import { WireClient } from './wire-client.ts'
import { create, exists, get, patience, served, set, word } from './wire-requests.ts'

describe('the handshake', () => {
  test('echoes the shape of the request, with a password of 16 bytes', async () => {
    const { port } = await served()
    const [first, second] = await Promise.all([WireClient.reach(port), WireClient.reach(port)])

    const modern = await first.greetRaw({ readOnly: true })
    const old = await second.greetRaw({ readOnly: undefined })

    expect([modern.length, old.length]).toEqual([37, 36])
    expect(modern.readInt32BE(16)).toBe(passwordBytes)
    expect(modern[36]).toBe(0)
  })

  test('grants a timeout within its bounds', async () => {
    const { port } = await served()
    const granted = async (timeoutMs: number): Promise<number> =>
      (await WireClient.open(port, { timeoutMs })).response.timeoutMs

    expect(await Promise.all([1, 1_000, 600_000].map(granted))).toEqual([300, 1_000, 60_000])
  })

  test('what is sent behind it is answered behind it', async () => {
    const { port } = await served()
    const client = await WireClient.reach(port)
    const greeted = client.greet()
    const replies = [create(client, '/a'), get(client, '/a'), client.ping()]
    await greeted

    expect((await Promise.all(replies)).map(({ error }) => error)).toEqual([0, 0, 0])
  })

  test('of somebody who has seen more than the peer ends without a word', async () => {
    const { port } = await served()
    const client = await WireClient.reach(port)
    await Promise.race([client.greetRaw({ lastZxidSeen: Number.MAX_SAFE_INTEGER }), client.closed])

    expect(client.told).toEqual(['closed'])
  })

  test('is waited for, but not for ever; a frame that is too long ends it', async () => {
    const { port } = await served()
    const client = await WireClient.reach(port)
    client.sendBytes(Uint8Array.of(0, 0x10, 0, 0, 1))
    await client.closed

    expect(client.told).toEqual(['closed'])
  })
})

describe('a session', () => {
  test('is resumed with its password by one connection at a time, and keeps its ephemerals', async () => {
    const { port } = await served()
    const { client, response } = await WireClient.open(port)
    await create(client, '/e', { flags: 1 })

    const again = await WireClient.open(port, {
      sessionId: response.sessionId,
      password: response.password!,
      readOnly: false,
    })

    expect(again.response).toEqual(response)
    await client.closed
    const stat = readStat((await exists(again.client, '/e')).body)
    expect(stat.ephemeralOwner).toBe(response.sessionId)
  })

  test('that is over, or never was, is told so by zeros, and the connection ends', async () => {
    const { port } = await served()
    const { response } = await WireClient.open(port)
    const wrong = { sessionId: response.sessionId, password: new Uint8Array(16), readOnly: false }
    for (const greeting of [wrong, { ...wrong, sessionId: 0x0100123456789abcn }]) {
      const client = await WireClient.reach(port)
      const payload = await client.greetRaw(greeting)
      await client.closed

      expect(payload.toString('hex')).toBe('00'.repeat(16) + '00000010' + '00'.repeat(17))
    }
  })

  test('that may yet come to be known here is not said to be over', async () => {
    const { peer, port } = await served()
    const client = await WireClient.reach(port)
    let isTold = false
    const sessionId = peer.status().epoch * 2 ** 32 + 10_000
    void client.greetRaw({ sessionId, readOnly: false }).then(() => (isTold = true))
    await client.closed

    expect(isTold).toBe(false)
  })

  test('ends with a reply, then the connection; its ephemerals go with it', async () => {
    const { peer, port } = await served()
    const { client } = await WireClient.open(port)
    await create(client, '/e', { flags: 1 })
    const session = await peer.session()
    const { error, body } = await client.ask(opcodes.closeSession)
    await client.closed

    expect([error, body.remaining, client.told.at(-1)]).toEqual([0, 0, 'closed'])
    expect(await session.exists('/e')).toBeUndefined()
  })

  test('S4: goes on without a connection, and expires when its client is silent', async () => {
    const { peer, port } = await served()
    const session = await peer.session()
    const { client, response } = await WireClient.open(port, { timeoutMs: 600, readOnly: false })
    const { client: other } = await WireClient.open(port, { timeoutMs: 600, readOnly: false })
    await create(client, '/gone', { flags: 1 })
    await create(other, '/kept', { flags: 1 })
    client.destroy()
    expect(await session.exists('/gone')).toBeDefined()

    await vi.waitFor(async () => {
      void other.ping()
      expect(await session.exists('/gone')).toBeUndefined()
    }, patience)
    expect(await session.exists('/kept')).toBeDefined()
    const late = await WireClient.reach(port)
    const { sessionId, password } = response
    const told = await late.greet({ sessionId, password: password!, readOnly: false })
    expect(told).toMatchObject({ sessionId: 0, timeoutMs: 0 })
  })
})

describe('the port', () => {
  test('is a free one for 0, which the status tells', async () => {
    const { peer } = await served({ port: 0 })
    const port = peer.status().zookeeper?.port ?? 0
    const { client } = await WireClient.open(port)

    expect((await create(client, '/a')).error).toBe(0)
  })

  test('takes so many connections from one address', async () => {
    const { port } = await served({ maxClientCnxns: 2 })
    const first = await WireClient.open(port)
    await WireClient.open(port)
    const third = await WireClient.reach(port)
    void third.greetRaw()
    await third.closed
    first.client.destroy()

    await vi.waitFor(async () => {
      const client = await WireClient.reach(port)
      const greeted = await Promise.race([client.greet(), client.closed])
      expect(greeted).toMatchObject({ timeoutMs: 10_000 })
    }, patience)
  })

  test('takes so many connections in a second', async () => {
    const { peer, port } = await served({ maxConnectionsPerSecond: 5, fourLetterWords: ['*'] })
    const clients = await Promise.all(Array.from({ length: 20 }, () => WireClient.reach(port)))
    const greeted = clients.map((client) => Promise.race([client.greet(), client.closed]))
    const served5 = (await Promise.all(greeted)).filter((response) => response !== undefined)

    expect(served5.length).toBeGreaterThanOrEqual(5)
    expect(served5.length).toBeLessThan(15)
    await vi.waitFor(async () => expect(await word(port, 'ruok')).toBe('imok'), patience)
    expect(peer.status().ready).toBe(true)
  })

  test('does not read from who does not read, and loses nothing of it', async () => {
    const { port } = await served()
    const { client } = await WireClient.open(port)
    await create(client, '/a', { data: new Uint8Array(100_000).fill(7) })
    client.pause()
    const replies = Array.from({ length: 400 }, () => get(client, '/a'))
    const { client: other } = await WireClient.open(port)
    for (let round = 0; round < 20; round += 1) await set(other, '/a', 'short')
    client.resume()

    const lengths = (await Promise.all(replies)).map(
      ({ body }) => readGetDataResponse(body).data!.length,
    )
    // What it asked first was answered then; the rest not before it read on.
    expect(lengths[0]).toBe(100_000)
    expect(lengths.at(-1)).toBe(5)
    expect(client.told.slice(1)).toEqual(client.told.slice(1).sort((a, b) => Number(a) - Number(b)))
  })

  test('is free again once the peer is closed, and its clients are let go', async () => {
    const { peer, port } = await served()
    const { client } = await WireClient.open(port)
    await peer.close()
    await client.closed

    await expect(WireClient.reach(port)).rejects.toThrow('ECONNREFUSED')
  })
})
