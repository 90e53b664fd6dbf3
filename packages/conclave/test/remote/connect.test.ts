/** Connecting: what may be given, over what, and what ends in vain. */
import { connect, CoordinationError, type Session } from 'conclave'
import { describe, expect, onTestFinished, test } from 'vitest'
import { authority, certificate, stranger } from '../certificates.ts'
import { rejectionOf } from '../scripted-host.ts'
import { served } from '../wire-requests.ts'
import { freePorts } from '../workspace.ts'

type Options = Parameters<typeof connect>[1]

async function connected(servers: string, options?: Options): Promise<Session> {
  const session = await connect(servers, { timeoutMs: 10_000, ...options })
  onTestFinished(() => session.close())
  return session
}

async function messageOf(servers: unknown, options?: unknown): Promise<string> {
  const error = await rejectionOf(connect(servers as string, options as Options))
  if (!(error instanceof CoordinationError)) throw error as Error
  return `${error.code}: ${error.message}`
}

describe('connect', { timeout: 30_000 }, () => {
  test.each([
    [undefined, undefined, /^BAD_OPTION: option servers/],
    ['127.0.0.1:2181', undefined, /give 'zk:\/\/host:2181/],
    ['zk://a:0', undefined, /^BAD_OPTION: option servers is 0/],
    ['zk://a b', undefined, /^BAD_OPTION/],
    ['zk://a,,b', undefined, /give each as host:port/],
    ['zk://a/b//c', undefined, /has an empty element/],
    ['zk://a', { sessionTimeout: 5 }, /did you mean sessionTimeoutMs/],
    ['zk://a', { sessionTimeoutMs: 0 }, /^BAD_OPTION: option sessionTimeoutMs/],
    ['zk://a', { auth: 'user:secret' }, /^BAD_OPTION: option auth/],
    ['zk://a', { auth: [{ scheme: 'digest', proof: 'secret' }] }, /^BAD_ARGUMENT: .*":"/],
    ['zk://a', { tls: false }, /^BAD_OPTION: option tls/],
    ['zk://a', { maxFrameBytes: 1 }, /^BAD_OPTION: option maxFrameBytes/],
  ])('refuses %j with %j', async (servers, options, message) => {
    expect(await messageOf(servers, options)).toMatch(message)
  })

  test('that finds no server says what its last trouble was', async () => {
    const [port = 0] = await freePorts(1)

    expect(await messageOf(`zk://127.0.0.1:${String(port)}`, { timeoutMs: 300 })).toMatch(
      /^TIMEOUT: connect .* took longer than its timeoutMs of 300: 127.0.0.1:\d+: .*ECONNREFUSED/,
    )
    const signal = AbortSignal.abort()
    expect(await messageOf(`zk://127.0.0.1:${String(port)}`, { signal })).toMatch(/^ABORTED/)
  })

  test('proves what it is given before anything else, or is refused', async () => {
    const { port } = await served()
    const servers = `zk://127.0.0.1:${String(port)}/below`
    const auth = [{ scheme: 'digest', proof: 'user:secret' }]
    const owner = await connected(servers, { auth })
    const acl = [{ permissions: 'all', scheme: 'auth', id: '' }]
    // The root of a chroot is made like any ancestor that is missing.
    await owner.create('/a', 'x', { parents: true, acl })
    const other = await connected(servers)

    expect(await rejectionOf(other.get('/a'))).toMatchObject({ code: 'NO_AUTH' })
    const nothing = [{ scheme: 'nothing', proof: 'x' }]
    expect(await messageOf(servers, { auth: nothing, timeoutMs: 5_000 })).toMatch(/^AUTH_FAILED/)
  })

  test('by TLS, whoever is trusted is reached, and nobody else', async () => {
    const { peer } = await served({
      secure: { ...certificate('server'), port: 0, ca: authority },
    })
    const servers = `zk://127.0.0.1:${String(peer.status().zookeeper?.securePort)}`
    const session = await connected(servers, { tls: { ca: authority, ...certificate('client') } })
    await session.create('/a', 'x')

    expect(await session.children('/')).toContain('a')
    const options = { tls: { ca: stranger, ...certificate('client') }, timeoutMs: 500 }
    expect(await messageOf(servers, options)).toMatch(/^TIMEOUT: .*certificate/)
  })
})
