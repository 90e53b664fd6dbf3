/** Clients of ZooKeeper over TLS: who they are, and who is sent away. */
import { opcodes, readWhoAmIResponse, wireErrors } from '@conclave/zookeeper'
import { X509Certificate } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { authority, certificate, stranger } from './certificates.ts'
import { WireClient } from './wire-client.ts'
import { create, get, served } from './wire-requests.ts'

const server = { ...certificate('server'), port: 0 }
const subject = 'CN=client,OU=one+OU=two,O=Conclave\\, tests,C=CH'

/** Connects over TLS; rejects where the server ends it. */
async function secured(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ port, host: '127.0.0.1', ca: authority, ...options })
  onTestFinished(() => void socket.destroy())
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', () => resolve())
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed')))
  })
  socket.on('error', () => undefined)
  return socket
}

/** A client with a session; `undefined` if its connection is ended. */
async function session(socket: Socket): Promise<WireClient | undefined> {
  const client = new WireClient(socket)
  const greeted = await Promise.race([client.greet(), client.closed])
  return greeted === undefined ? undefined : client
}

describe('the secure port', () => {
  test('serves clients that trust it, beside the plain one', async () => {
    const { peer, port } = await served({ secure: server })
    const securePort = peer.status().zookeeper!.securePort!
    const client = (await session(await secured(securePort)))!
    await create(client, '/a')

    const { client: plain } = await WireClient.open(port)
    expect((await get(plain, '/a')).error).toBe(0)
    await expect(secured(securePort, { ca: stranger })).rejects.toThrow('certificate')
  })

  test('alone is enough, and answers nobody in plain', async () => {
    const { peer } = await served({ port: undefined, secure: server })
    const { port, securePort } = peer.status().zookeeper!
    expect(port).toBeUndefined()
    const socket = connect(securePort!, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))

    expect(await session(socket)).toBeUndefined()
    expect(await session(await secured(securePort!))).toBeDefined()
  })

  test('knows its clients by their certificates, and takes no others', async () => {
    const { peer } = await served({ secure: { ...server, ca: authority } })
    const port = peer.status().zookeeper!.securePort!
    const client = (await session(await secured(port, certificate('client'))))!
    const who = await client.ask(opcodes.whoAmI)
    await create(client, '/mine', { acl: [{ permissions: 31, scheme: 'auth', id: '' }] })

    expect(readWhoAmIResponse(who.body)).toEqual([
      { scheme: 'ip', user: '127.0.0.1' },
      { scheme: 'x509', user: subject },
    ])
    const other = (await session(await secured(port, certificate('peer-1'))))!
    expect((await get(other, '/mine')).error).toBe(wireErrors.noAuth)
    for (const options of [{}, certificate('intruder')]) {
      const served = await secured(port, options).then(session, () => undefined)
      expect(served).toBeUndefined()
    }
  })

  test('that only wants a certificate takes none, but no bad one', async () => {
    const secure = { ...server, ca: authority, clientAuth: 'want' } as const
    const { peer } = await served({ secure })
    const port = peer.status().zookeeper!.securePort!
    const anybody = (await session(await secured(port)))!
    const who = await anybody.ask(opcodes.whoAmI)

    expect(readWhoAmIResponse(who.body)).toEqual([{ scheme: 'ip', user: '127.0.0.1' }])
    expect(await session(await secured(port, certificate('client')))).toBeDefined()
    expect(
      await secured(port, certificate('intruder')).then(session, () => undefined),
    ).toBeUndefined()
  })

  test('shows other certificates once they are renewed; connections live on', async () => {
    const { peer } = await served({ secure: { ...server, ca: authority } })
    const port = peer.status().zookeeper!.securePort!
    const client = (await session(await secured(port, certificate('client'))))!
    const nameAt = async (options: ConnectionOptions): Promise<string | undefined> =>
      (await secured(port, options)).getPeerX509Certificate()?.subject.split('CN=')[1]
    expect(await nameAt(certificate('client'))).toBe('server')

    expect(() => peer.renewCertificates({ zookeeper: { cert: 'none', key: 'none' } })).toThrow(
      'option zookeeper.cert is no PEM',
    )
    expect(await nameAt(certificate('client'))).toBe('server')
    peer.renewCertificates({ zookeeper: { ...certificate('renewed'), ca: stranger } })

    expect(await nameAt(certificate('intruder'))).toBe('renewed')
    expect((await create(client, '/a')).error).toBe(0)
    expect(
      await secured(port, certificate('client')).then(session, () => undefined),
    ).toBeUndefined()
  })

  test('lets go of whoever does not finish a handshake when it closes', async () => {
    const { peer } = await served({ secure: server })
    const socket = connect(peer.status().zookeeper!.securePort!, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await peer.close()
    await closed

    expect(socket.destroyed).toBe(true)
  })
})

test('the fixtures are good for years', () => {
  const { validTo } = new X509Certificate(server.cert)
  expect(Date.parse(validTo)).toBeGreaterThan(Date.parse('2100-01-01'))
})
