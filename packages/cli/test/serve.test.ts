/** `conclave serve` as processes: what they serve, how they end, and what they refuse. */
import { connect } from 'conclave'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { debianZooCfg } from './debian-zoo-cfg.ts'
import { freePorts, ServeProcess, word } from './serve-process.ts'
import { folderWith } from './temporary-folder.ts'

const patience = { timeout: 60_000, interval: 100 }

test(
  'three servers of a stock zoo.cfg are an ensemble, which goes on when its leader is told to end',
  { timeout: 180_000 },
  async () => {
    const ports = await freePorts(9)
    const ids = [1, 2, 3]
    const servers = ids.map((id) => {
      return `server.${String(id)}=127.0.0.1:${String(ports[id - 1])}:${String(ports[id + 2])}`
    })
    const processes = await Promise.all(
      ids.map(async (id) => {
        const folder = await folderWith({ 'data/myid': `${String(id)}\n` })
        const clientPort = ports[id + 5] ?? 0
        const cfg = debianZooCfg({ dataDir: join(folder, 'data'), clientPort, servers })
        const words = '4lw.commands.whitelist=srvr, mntr, stat, ruok, conf, envi, isro\n'
        const files = await folderWith({ 'zoo.cfg': cfg + words })
        return new ServeProcess('serve', '--config', join(files, 'zoo.cfg'))
      }),
    )
    await vi.waitFor(() => {
      expect(processes.map(({ role }) => role).sort()).toEqual(['follower', 'follower', 'leader'])
    }, patience)
    const leader = processes.find(({ role }) => role === 'leader')!
    const [follower] = processes.filter((one) => one !== leader)
    const told = (letters: string): Promise<string> => word(follower!.port, letters)

    expect(await told('ruok')).toBe('imok')
    expect(await told('isro')).toBe('rw')
    expect(await told('srvr')).toMatch(
      /^Zookeeper version: 3\.9\.[^]*\nMode: follower\nNode count: 4\n$/,
    )
    expect(await told('stat')).toMatch(
      /\nClients:\n \/127\.0\.0\.1:\d+\[0\]\(queued=0,recved=1,sent=0\)\n\n/,
    )
    expect(await told('envi')).toContain('\nzookeeper.version=3.9.5-conclave, ')
    expect(await word(leader.port, 'mntr')).toContain('zk_synced_followers\t2\n')
    expect(await told('conf')).toMatch(
      /\ntickTime=2000\nmaxClientCnxns=60\nminSessionTimeout=4000\nmaxSessionTimeout=40000\nclientPortListenBacklog=-1\nserverId=\d\ninitLimit=10\nsyncLimit=5\nelectionAlg=3\nelectionPort=\d+\nquorumPort=\d+\npeerType=0\nmembership: \nserver\.1=127\.0\.0\.1:\d+:\d+:participant\n/,
    )

    const list = processes.map(({ port }) => `127.0.0.1:${String(port)}`).join(',')
    await using session = await connect(`zk://${list}`, { sessionTimeoutMs: 10_000 })
    await session.create('/e', 'x', { mode: 'ephemeral' })
    leader.signal('SIGTERM')
    expect(await leader.ended).toBe(0)
    expect(leader.text).toContain(' info SIGTERM: hands over and ends\n')
    await vi.waitFor(async () => {
      const { data } = await session.get('/e')
      expect(Buffer.from(data).toString()).toBe('x')
    }, patience)

    await session.close()
    for (const one of processes) one.signal('SIGINT')
    expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0, 0])
  },
)

describe('conclave', () => {
  test(
    'serve with a file of options serves what it says, and flags come before it',
    { timeout: 60_000 },
    async () => {
      const options = { dir: 'data', zookeeper: { port: 2181, fourLetterWords: ['conf'] } }
      const folder = await folderWith({ 'peer.json': JSON.stringify(options) })
      const one = new ServeProcess('serve', '--config', join(folder, 'peer.json'), '--port', '0')
      await vi.waitFor(() => expect(one.role).toBe('leader'), patience)

      expect(await word(one.port, 'conf')).toContain(
        `\ndataDir=${join(folder, 'data', 'snapshot')}\n`,
      )
      const other = new ServeProcess('serve', '--dir', join(folder, 'data'), '--port', '0')
      expect(await other.ended).toBe(1)
      expect(other.text).toContain(join(folder, 'data'))
      one.signal('SIGTERM')
      expect(await one.ended).toBe(0)
    },
  )

  test.each([
    ['a flag that there is not', ['serve', '--prot', '1'], "Unknown option '--prot'"],
    ['a command that there is not', ['sevre'], 'there is no command sevre'],
    [
      'a value that cannot be',
      ['serve', '--host', 'no host'],
      'option zookeeper.host is "no host"',
    ],
    ['a member that is none', ['serve', '--ensemble', '1=a'], '--ensemble: 1=a is no member'],
    [
      'peers elsewhere without a secret',
      ['serve', '--dir', '/nowhere', '--ensemble', '1=10.0.0.1:7000,2=10.0.0.2:7000'],
      'option secret is missing',
    ],
    ['a file that is not there', ['serve', '--config', '/nowhere/zoo.cfg'], "'/nowhere/zoo.cfg'"],
  ])(
    'ends with 2 for %s, and says what is wrong',
    { timeout: 60_000 },
    async (_what, args, message) => {
      const one = new ServeProcess(...args)

      expect(await one.ended).toBe(2)
      expect(one.text).toMatch(/^conclave: /)
      expect(one.text).toContain(message)
    },
  )
})
