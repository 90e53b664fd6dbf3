/** Four-letter words: the texts of ZooKeeper 3.9.5, and who may ask for them. */
import { opcodes, writeAddWatchRequest } from '@conclave/zookeeper'
import { connect } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { WireClient } from './wire-client.ts'
import { create, exists, get, patience, served, word } from './wire-requests.ts'
import { ensembleOptions, openPeer } from './workspace.ts'

const all = { fourLetterWords: ['*'] }

/** Every run of digits as `n`: what is left is the text. */
const withoutNumbers = (text: string): string => text.replace(/\d+/g, 'n')

describe('a word', () => {
  test('that is not listed is refused by name; four letters that are none end the connection', async () => {
    const { port } = await served()

    expect(await word(port, 'isro')).toBe('rw')
    for (const letters of ['stat', 'ruok', 'gtmk', 'wchp']) {
      expect(await word(port, letters)).toBe(
        `${letters} is not executed because it is not in the whitelist.\n`,
      )
    }
    expect(await word(port, 'xxxx')).toBe('')
  })

  test('is answered to whoever closes its side behind it, and to whoever does not', async () => {
    const { port } = await served(all)
    const open = connect(port, '127.0.0.1')
    open.write('mntr')
    const chunks: Buffer[] = []
    for await (const chunk of open) chunks.push(chunk as Buffer)

    expect(Buffer.concat(chunks).toString()).toContain('zk_uptime\t')
    expect(await word(port, 'mntr')).toContain('zk_uptime\t')
  })

  test('srvr, stat and cons tell of the server and its connections', async () => {
    const { port } = await served(all)
    const { client, response } = await WireClient.open(port)
    await create(client, '/a')
    await get(client, '/a')
    const [srvr, stat, cons] = [
      await word(port, 'srvr'),
      await word(port, 'stat'),
      await word(port, 'cons'),
    ]

    expect(withoutNumbers(srvr)).toBe(
      'Zookeeper version: n.n.n-conclave, built on Node.js vn.n.n\n' +
        'Latency min/avg/max: n/n.n/n\nReceived: n\nSent: n\nConnections: n\n' +
        'Outstanding: n\nZxid: nxn\nMode: standalone\nNode count: n\n',
    )
    expect(srvr).toContain('\nReceived: 4\nSent: 3\nConnections: 2\nOutstanding: 0\n')
    expect(srvr).toContain('\nNode count: 5\n')
    const clients =
      /\nClients:\n( \/127\.0\.0\.1:\d+\[[01]\]\(queued=0,recved=\d,sent=\d\)\n){2}\nLatency/
    expect(stat).toMatch(clients)
    const sid = response.sessionId.toString(16)
    expect(cons).toMatch(
      new RegExp(
        ` /127.0.0.1:\\d+\\[1\\]\\(queued=0,recved=3,sent=3,sid=0x${sid},lop=GETD,est=\\d{13},to=10000,` +
          'lcxid=0x2,lzxid=0x[0-9a-f]+,lresp=\\d+,llat=\\d+,minlat=0,avglat=\\d+,maxlat=\\d+\\)\n',
      ),
    )
    expect(cons).toMatch(/\(queued=0,recved=1,sent=0\)\n\n$/)
  })

  test('crst and srst have it counted anew', async () => {
    const { port } = await served(all)
    const { client } = await WireClient.open(port)
    await create(client, '/a')

    expect(await word(port, 'crst')).toBe('Connection stats reset.\n')
    expect(await word(port, 'srst')).toBe('Server stats reset.\n')
    expect(await word(port, 'cons')).toContain('(queued=0,recved=0,sent=0,sid=')
    expect(await word(port, 'srvr')).toMatch(
      /\nLatency min\/avg\/max: 0\/0.0\/0\nReceived: 2\nSent: 2\n/,
    )
  })

  test('wchs, wchc and wchp tell of watches on data', async () => {
    const { port } = await served(all)
    expect(await word(port, 'wchs')).toBe('0 connections watching 0 paths\nTotal watches:0\n')
    expect(await word(port, 'wchp')).toBe('\n')
    const [one, two] = [await WireClient.open(port), await WireClient.open(port)]
    await exists(one.client, '/a', true)
    await exists(two.client, '/a', true)
    await one.client.ask(opcodes.addWatch, (writer) => {
      writeAddWatchRequest(writer, { path: '/b', mode: 1 })
    })
    const [a, b] = [one, two].map(({ response }) => `0x${response.sessionId.toString(16)}`)

    expect(await word(port, 'wchs')).toBe('2 connections watching 2 paths\nTotal watches:3\n')
    expect(await word(port, 'wchp')).toBe(`/a\n\t${a!}\n\t${b!}\n/b\n\t${a!}\n\n`)
    expect(await word(port, 'wchc')).toBe(`${a!}\n\t/a\n\t/b\n${b!}\n\t/a\n\n`)
  })

  test('dump tells of sessions, ephemerals and connections', async () => {
    const { port } = await served(all)
    const { client, response } = await WireClient.open(port)
    await create(client, '/e', { flags: 1 })
    const sid = `0x${response.sessionId.toString(16)}`

    expect(await word(port, 'dump')).toMatch(
      new RegExp(
        `^SessionTracker dump:\nGlobal Sessions\\(1\\):\n${sid}\t10000ms\n` +
          `ephemeral nodes dump:\nSessions with Ephemerals \\(1\\):\n${sid}:\n\t/e\n` +
          'Connections dump:\nConnections Sets \\([12]\\)/\\(2\\):\n' +
          '\\d expire at [A-Z][a-z]{2} [A-Z][a-z]{2} \\d{2} \\d{2}:\\d{2}:\\d{2} UTC \\d{4}:\n',
      ),
    )
  })

  test('conf, dirs, envi, ruok and hash tell of the peer', async () => {
    const { port, peer } = await served({ ...all, settings: { tickTime: 2_000 } })
    const conf = await word(port, 'conf')

    expect(conf.split('\n').map((line) => line.split('=')[0])).toEqual([
      'clientPort',
      'secureClientPort',
      'dataDir',
      'dataDirSize',
      'dataLogDir',
      'dataLogSize',
      'tickTime',
      'maxClientCnxns',
      'minSessionTimeout',
      'maxSessionTimeout',
      'clientPortListenBacklog',
      'serverId',
      '',
    ])
    expect(conf).toMatch(new RegExp(`^clientPort=${String(port)}\nsecureClientPort=-1\n`))
    expect(conf).toContain('\ntickTime=2000\nmaxClientCnxns=60\nminSessionTimeout=300\n')
    expect(Number(/dataLogSize=(\d+)/.exec(conf)?.[1])).toBeGreaterThan(0)
    expect(await word(port, 'dirs')).toMatch(/^datadir_size: \d+\nlogdir_size: [1-9]\d*\n$/)
    expect(await word(port, 'envi')).toMatch(
      /^Environment:\nzookeeper\.version=3\.9\.5-conclave, built on [^\n]*\nhost\.name=/,
    )
    expect(await word(port, 'ruok')).toBe('imok')
    const { lastApplied, digest } = peer.status()
    expect(await word(port, 'hash')).toBe(`${lastApplied.toString(16)}: ${digest}\n`)
  })

  test('mntr has the keys of ZooKeeper', async () => {
    const { port } = await served(all)
    const { client } = await WireClient.open(port)
    await create(client, '/e', { flags: 1 })
    await get(client, '/e', true)
    const lines = (await word(port, 'mntr')).trimEnd().split('\n')
    const figures: unknown = Object.fromEntries(lines.map((line) => line.split('\t')))

    expect(figures).toMatchObject({
      zk_server_state: 'standalone',
      zk_ephemerals_count: '1',
      zk_num_alive_connections: '2',
      zk_outstanding_requests: '0',
      zk_znode_count: '5',
      zk_global_sessions: '1',
      zk_local_sessions: '0',
      zk_watch_count: '1',
      zk_packets_received: '4',
      zk_packets_sent: '3',
    })
  })
})

test(
  'the words of an ensemble: its leader has followers, its members are listed',
  { timeout: 60_000 },
  async () => {
    const options = await ensembleOptions(3)
    const peers = await Promise.all(
      options.map((one) =>
        openPeer({ ...one, zookeeper: { port: 0, readOnlyMode: false, ...all } }),
      ),
    )
    await Promise.all(peers.map((peer) => peer.ready({ timeoutMs: 20_000 })))
    const portOf = (role: string): number =>
      peers.find((peer) => peer.role === role)?.status().zookeeper?.port ?? 0
    const [leader, follower] = [
      await word(portOf('leader'), 'mntr'),
      await word(portOf('follower'), 'mntr'),
    ]

    expect(leader).toContain('zk_server_state\tleader\nzk_peer_state\tleading - broadcast\n')
    expect(leader).toContain(
      'zk_learners\t2\nzk_synced_followers\t2\nzk_synced_observers\t0\nzk_quorum_size\t3\n',
    )
    expect(follower).toContain('zk_server_state\tfollower\nzk_peer_state\tfollowing - broadcast\n')
    expect(follower).not.toContain('zk_synced_followers')
    // The founding configuration may not be applied yet when a peer is ready.
    await vi.waitFor(async () => {
      const conf = await word(portOf('follower'), 'conf')
      expect(conf).toMatch(
        /\ninitLimit=\d+\nsyncLimit=\d+\nelectionAlg=3\nelectionPort=\d+\nquorumPort=\d+\npeerType=0\nmembership: \nserver\.1=127\.0\.0\.1:/,
      )
    }, patience)

    const last = portOf('follower')
    const lost = peers.filter(({ id }) => id !== peers.find(({ role }) => role === 'follower')?.id)
    await Promise.all(lost.map((peer) => peer.close({ timeoutMs: 1 })))
    await vi.waitFor(async () => expect(await word(last, 'isro')).toBe('null'), patience)
    for (const letters of ['srvr', 'stat', 'mntr', 'cons', 'dump', 'conf']) {
      expect(await word(last, letters)).toBe(
        'This ZooKeeper instance is not currently serving requests\n',
      )
    }
    expect(await word(last, 'ruok')).toBe('imok')
  },
)
