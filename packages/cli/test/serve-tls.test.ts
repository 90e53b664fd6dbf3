/** `conclave serve` over TLS: stores of a `zoo.cfg`, files of a JSON file, and new ones in their place. */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { ServeProcess } from './serve-process.ts'
import { folderWith } from './temporary-folder.ts'

const patience = { timeout: 60_000, interval: 100 }

/** One of the certificates that tests have. */
function pem(name: string): string {
  const file = new URL(`../../../test/certificates/${name}.pem`, import.meta.url)
  return readFileSync(fileURLToPath(file), 'utf8')
}

const store = (name: string): string => pem(`${name}-key`) + pem(name)

/** The name that a port shows to a client of ours. */
function nameAt(port: number): Promise<string> {
  const client = { cert: pem('client'), key: pem('client-key'), ca: pem('authority') }
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ...client }, () => {
      resolve(socket.getPeerX509Certificate()?.subject.split('CN=')[1] ?? '')
      socket.destroy()
    })
    socket.once('error', reject)
  })
}

/** Where it says that it serves clients over TLS. */
function securePort({ text }: ServeProcess): number {
  return Number(/:(\d+) over TLS;/.exec(text)?.[1] ?? 0)
}

test(
  'stores of PEM files are served from, and read again on SIGHUP',
  { timeout: 120_000 },
  async () => {
    const cfg = `dataDir=data
secureClientPort=0
secureClientPortAddress=127.0.0.1
ssl.keyStore.location=server.pem
ssl.trustStore.location=authority.pem
ssl.trustStore.type=PEM
`
    const files = {
      'zoo.cfg': cfg,
      'server.pem': store('server'),
      'authority.pem': pem('authority'),
    }
    const folder = await folderWith(files)
    const one = new ServeProcess('serve', '--config', join(folder, 'zoo.cfg'))
    await vi.waitFor(() => expect(one.role).toBe('leader'), patience)
    const port = securePort(one)

    expect(await nameAt(port)).toBe('server')
    await writeFile(join(folder, 'server.pem'), 'nothing')
    one.signal('SIGHUP')
    await vi.waitFor(() => expect(one.text).toContain('certificates stay as they were'), patience)
    expect(await nameAt(port)).toBe('server')
    await writeFile(join(folder, 'server.pem'), store('renewed'))
    one.signal('SIGHUP')
    await vi.waitFor(() => expect(one.text).toContain('certificates were read again'), patience)
    expect(await nameAt(port)).toBe('renewed')

    one.signal('SIGTERM')
    expect(await one.ended).toBe(0)
  },
)

test('a file of options names certificates by their files', { timeout: 120_000 }, async () => {
  const secure = { port: 0, cert: 'server.pem', key: 'key.pem', ca: 'authority.pem' }
  const folder = await folderWith({
    'peer.json': JSON.stringify({ dir: 'data', zookeeper: { port: 0, secure } }),
    'server.pem': pem('server'),
    'key.pem': pem('server-key'),
    'authority.pem': pem('authority'),
  })
  const one = new ServeProcess('serve', '--config', join(folder, 'peer.json'))
  await vi.waitFor(() => expect(one.role).toBe('leader'), patience)

  expect(await nameAt(securePort(one))).toBe('server')
  one.signal('SIGINT')
  expect(await one.ended).toBe(0)
})
