/** Configurations of ZooKeeper, as a peer takes them: what it makes of them, and what it refuses. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readZooCfg } from '../src/zoo-cfg.ts'
import { debianZooCfg } from './debian-zoo-cfg.ts'
import { folderWith } from './temporary-folder.ts'

const servers = [
  'server.1=zookeeper1:2888:3888',
  'server.2=zookeeper2:2888:3888',
  'server.3=zookeeper3:2888:3888',
]

/** What a file of these lines comes to. */
async function read(lines: readonly string[], files: Readonly<Record<string, string>> = {}) {
  const folder = await folderWith({ 'zoo.cfg': lines.join('\n'), ...files })
  return readZooCfg(join(folder, 'zoo.cfg'))
}

describe('a zoo.cfg', () => {
  test('as Debian has it, for three servers', async () => {
    const cfg = debianZooCfg({ dataDir: 'data', clientPort: 2181, servers })
    const folder = await folderWith({ 'zoo.cfg': cfg, 'data/myid': '2\n' })
    const { options, notes } = await readZooCfg(join(folder, 'zoo.cfg'))

    expect(notes).toEqual([])
    expect(options).toEqual({
      id: 2,
      dir: join(folder, 'data', 'conclave'),
      ensemble: [1, 2, 3].map((id) => {
        return { id, host: `zookeeper${String(id)}`, port: 2888, role: 'voter' }
      }),
      timing: { heartbeatMs: 100, silentPeerMs: 1_333, electionSettleMs: 50 },
      zookeeper: {
        host: '0.0.0.0',
        port: 2181,
        minSessionTimeoutMs: 4_000,
        maxSessionTimeoutMs: 40_000,
        maxClientCnxns: 60,
        fourLetterWords: ['srvr'],
        superDigest: undefined,
        reconfigEnabled: false,
        readOnlyMode: false,
        settings: {
          tickTime: 2_000,
          initLimit: 10,
          syncLimit: 5,
          electionPort: 3888,
          quorumPort: 2888,
        },
      },
    })
  })

  test('with everything that a peer knows', async () => {
    const { options, notes } = await read(
      [
        'tickTime = 1000',
        'dataDir=.',
        'clientPortAddress=127.0.0.1',
        'server.1=[::1]:2888:3888:participant;2181',
        'server.2=b.example:2889:3889|c.example:1:1:observer;0.0.0.0:2182',
        'minSessionTimeout=6000',
        'maxSessionTimeout=50000',
        'maxClientCnxns=0',
        'reconfigEnabled=true',
        'readonlymode.enabled=true',
        'localSessionsEnabled=true',
        'extendedTypesEnabled=true',
        'quorumListenOnAllIPs=true',
        'DigestAuthenticationProvider.superDigest=super:lK75jTNcA+U9vtVEw5vB51mj/w4=',
        '4lw.commands.whitelist=stat, ruok, gtmk',
        'snapCount=1000',
        'metricsProvider.httpPort=7000',
      ],
      { myid: '1' },
    )

    expect(options).toMatchObject({
      id: 1,
      listen: { host: '0.0.0.0' },
      ensemble: [
        { id: 1, host: '::1', port: 2888, role: 'voter' },
        { id: 2, host: 'b.example', port: 2889, role: 'voter' },
      ],
      zookeeper: {
        host: '127.0.0.1',
        port: 2181,
        minSessionTimeoutMs: 6_000,
        maxSessionTimeoutMs: 50_000,
        maxClientCnxns: 0,
        reconfigEnabled: true,
        readOnlyMode: true,
        superDigest: 'super:lK75jTNcA+U9vtVEw5vB51mj/w4=',
        fourLetterWords: ['stat', 'ruok'],
      },
    })
    expect(notes.map((note) => note.replace(/^.*zoo\.cfg/, ''))).toEqual([
      ':15: gtmk is left out: nothing is traced',
      ':11: localSessionsEnabled is ignored: every session that writes is replicated',
      ':16: snapCount is ignored: snapshots are kept all the time',
      ':17: metricsProvider.httpPort is ignored: there is no such setting here',
    ])
  })

  test('without servers, or with one, is of a peer alone; its servers can be in a file of their own', async () => {
    const lines = ['dataDir=.', 'clientPort=2181']
    const dynamic = { 'dynamic.cfg': [...servers, 'version=100000000'].join('\n'), myid: '3' }

    expect((await read(lines)).options).toMatchObject({ id: 1, ensemble: 'standalone' })
    expect((await read([...lines, servers[1]!])).options).toMatchObject({
      id: 2,
      ensemble: 'standalone',
    })
    const listed = await read([...lines, 'dynamicConfigFile=dynamic.cfg'], dynamic)
    expect(listed.options).toMatchObject({ id: 3, ensemble: { length: 3 } })
  })

  test('with sessions longer than there are says what they get', async () => {
    const { options, notes } = await read([
      'dataDir=.',
      'clientPort=2181',
      'maxSessionTimeout=180000',
    ])

    expect(options.zookeeper?.maxSessionTimeoutMs).toBe(60_000)
    expect(notes[0]).toContain("zoo.cfg:3: a session's timeout of 180000 ms is more than there is")
  })

  test.each([
    [
      'a number that is none',
      ['dataDir=.', 'tickTime=2s'],
      'zoo.cfg:2: tickTime is 2s: give an integer',
    ],
    [
      'a line that sets nothing',
      ['# a', 'tickTime'],
      'zoo.cfg:2: tickTime is no setting: write key=value',
    ],
    ['no dataDir', ['tickTime=2000'], 'zoo.cfg: dataDir is missing'],
    ['no port', ['dataDir=.'], 'zoo.cfg: clientPort is missing'],
    [
      'a port that is none',
      ['dataDir=.', 'clientPort=70000'],
      'zoo.cfg:2: clientPort is 70000: give an integer from 0 to 65535',
    ],
    [
      'a flag that is none',
      ['dataDir=.', 'clientPort=1', 'reconfigEnabled=yes'],
      'zoo.cfg:3: reconfigEnabled is yes: give true or false',
    ],
    [
      'a server without ports',
      ['dataDir=.', 'server.1=a'],
      'zoo.cfg:2: server.1 is a: it is not host:port:electionPort',
    ],
    [
      'a server with a role that there is not',
      ['dataDir=.', 'server.1=a:1:2:witness'],
      'role witness is neither participant nor observer',
    ],
    [
      'a server whose number is too high',
      ['dataDir=.', 'server.300=a:1:2'],
      'zoo.cfg:2: server.300 is a:1:2: number the servers from 1 to 255',
    ],
    [
      'no myid',
      ['dataDir=.', ...servers],
      'myid cannot be read: write the number of this server into it, one of 1, 2, 3',
    ],
    [
      'weights',
      ['dataDir=.', ...servers, 'weight.1=2'],
      'zoo.cfg:5: weight.1 is 2: every voter counts alike',
    ],
    [
      'sessions that are too short',
      ['dataDir=.', 'clientPort=1', 'minSessionTimeout=50'],
      'zoo.cfg:3: minSessionTimeout is 50: give more',
    ],
    [
      'a store that is no PEM',
      ['dataDir=.', 'secureClientPort=1', 'ssl.keyStore.location=a.jks'],
      'zoo.cfg:3: ssl.keyStore.location is a.jks: that is no PEM file',
    ],
    [
      'TLS without a store',
      ['dataDir=.', 'secureClientPort=1'],
      'zoo.cfg:2: secureClientPort is 1: say where its key',
    ],
  ])('with %s is refused, and the place named', async (_what, lines, message) => {
    await expect(read(lines)).rejects.toThrow(message)
  })

  test('whose myid is of nobody is refused', async () => {
    await expect(read(['dataDir=.', 'clientPort=1', ...servers], { myid: '7' })).rejects.toThrow(
      'myid:1: 7 is none of the servers: write one of 1, 2, 3',
    )
  })
})
