import { resolve } from 'node:path'
import { CoordinationError } from '@conclave/core'
import { certificate } from './certificates.ts'
import { describe, expect, test } from 'vitest'
import type { EnsembleMember } from '../src/member-options.ts'
import { resolveOptions } from '../src/options.ts'
import { resolveSessionOptions } from '../src/session-options.ts'

const three: readonly EnsembleMember[] = [
  { id: 1, host: '127.0.0.1', port: 7001 },
  { id: 2, host: '127.0.0.1', port: 7002 },
  { id: 3, host: '127.0.0.1', port: 7003 },
]
const good = { id: 1, dir: './data/1', ensemble: three }

/** The message with which options are refused; a test of its code on the way. */
function refusal(options: unknown): string {
  try {
    resolveOptions(options)
  } catch (error) {
    expect(error).toBeInstanceOf(CoordinationError)
    expect((error as CoordinationError).code).toBe('BAD_OPTION')
    expect((error as CoordinationError).outcome).toBe('not-applied')
    return (error as CoordinationError).message
  }
  throw new Error('the options were taken')
}

/** Options with something else in place of what is good. */
function having(changes: Record<string, unknown>): unknown {
  return { ...good, ...changes }
}

/** The list with its first member changed. */
function firstHaving(changes: Record<string, unknown>): unknown {
  return having({ ensemble: [{ ...three[0], ...changes }, three[1], three[2]] })
}

describe('the options of open', () => {
  test('what is left out has a default', () => {
    const options = resolveOptions(good)

    expect(options).toMatchObject({
      id: 1,
      dir: resolve('./data/1'),
      members: [
        { id: 1, role: 'voter' },
        { id: 2, role: 'voter' },
        { id: 3, role: 'voter' },
      ],
      timing: { heartbeatMs: 100, silentPeerMs: 3_000 },
      network: { listen: { host: '127.0.0.1', port: 7001 }, secret: null },
    })
    expect(options.limits.maxDataBytes).toBe(1024 * 1024)
  })

  test('a standalone peer is one voter without a network', () => {
    const options = resolveOptions({ id: 7, dir: 'd', ensemble: 'standalone', thread: 'inline' })

    expect(options.members).toEqual([{ id: 7, role: 'voter' }])
    expect(options.network).toBeNull()
  })

  test('members are put in the order of their ids, whatever the list says', () => {
    const options = resolveOptions(having({ ensemble: [...three].reverse() }))

    expect(options.members.map(({ id }) => id)).toEqual([1, 2, 3])
  })

  test('voters may have weights and groups', () => {
    const ensemble = three.map((member) => ({ ...member, weight: 4 - member.id, group: member.id }))

    expect(resolveOptions(having({ ensemble })).members).toMatchObject([
      { id: 1, weight: 3, group: 1 },
      { id: 2, weight: 2, group: 2 },
      { id: 3, weight: 1, group: 3 },
    ])
  })

  test('an even number of voters, and observers, are as good', () => {
    const ensemble = [...three.slice(0, 2), { ...three[2], role: 'observer' }]

    expect(resolveOptions(having({ ensemble })).members[2]).toMatchObject({
      id: 3,
      role: 'observer',
    })
  })

  test('a secret is taken as text or as bytes, and copied', () => {
    const bytes = new Uint8Array([1, 2, 3])
    const { network } = resolveOptions(having({ secret: bytes }))
    bytes[0] = 9

    expect(network?.secret).toEqual(new Uint8Array([1, 2, 3]))
    expect(resolveOptions(having({ secret: 'é' })).network?.secret).toEqual(
      new Uint8Array([0xc3, 0xa9]),
    )
  })

  test('beyond loopback a secret, or the word that none is wanted, opens the way', () => {
    const ensemble = three.map((member) => ({ ...member, host: '10.0.0.7' }))

    expect(resolveOptions(having({ ensemble, secret: 's' })).network?.secret).not.toBeNull()
    expect(resolveOptions(having({ ensemble, insecure: true })).network?.secret).toBeNull()
  })

  test('every address of the machine itself is loopback', () => {
    for (const host of ['localhost', 'LocalHost', '127.1.2.3', '::1', '0:0:0:0:0:0:0:1']) {
      expect(resolveOptions(firstHaving({ host })).network?.secret).toBeNull()
    }
  })

  test('timing and limits are taken one by one', () => {
    const options = resolveOptions(
      having({ timing: { silentPeerMs: 600 }, limits: { maxDataBytes: 10 } }),
    )

    expect(options.timing).toMatchObject({ heartbeatMs: 100, silentPeerMs: 600 })
    expect(options.limits).toMatchObject({ maxDataBytes: 10, maxPageTxns: 1_000 })
  })

  const refused: readonly [what: string, options: unknown, names: readonly string[]][] = [
    ['no options', undefined, ['open()', 'undefined', 'object']],
    ['options that are a list', [], ['[]', 'object']],
    ['a misspelt key', having({ ensembel: 1 }), ['ensembel', 'did you mean ensemble?']],
    ['a key of another case', having({ DIR: 'x' }), ['DIR', 'did you mean dir?']],
    ['a key that is like none', having({ quux: {} }), ['quux', 'known are id, dir']],
    [
      'a password where its digest belongs',
      having({ zookeeper: { port: 0, superDigest: 'super:secret' } }),
      ['zookeeper.superDigest', 'SHA-1'],
    ],
    [
      'session timeouts that the ensemble cannot keep',
      having({ zookeeper: { port: 0, minSessionTimeoutMs: 100 } }),
      ['zookeeper.minSessionTimeoutMs', '100', '9000'],
    ],
    [
      'a secure port without a key',
      having({ zookeeper: { secure: { port: 0, cert: certificate('server').cert } } }),
      ['zookeeper.secure.key', 'missing', 'PRIVATE KEY'],
    ],
    [
      'the key of another certificate',
      having({
        zookeeper: {
          secure: { port: 0, cert: certificate('server').cert, key: certificate('client').key },
        },
      }),
      ['zookeeper.secure', 'key'],
    ],
    [
      'certificates of clients without an authority',
      having({ zookeeper: { secure: { port: 0, ...certificate('server'), clientAuth: 'need' } } }),
      ['zookeeper.secure.clientAuth', 'ca'],
    ],
    ['clients without a port', having({ zookeeper: {} }), ['zookeeper.port', 'TCP port']],
    [
      'a word that there is not',
      having({ zookeeper: { port: 2181, fourLetterWords: ['kill'] } }),
      ['zookeeper.fourLetterWords', 'ruok'],
    ],
    ['no id', having({ id: undefined }), ['id', 'undefined', '1 to 255']],
    ['an id that is text', having({ id: '1' }), ['id', '"1"', '1 to 255']],
    ['an id of 0', having({ id: 0 }), ['id', '0', '1 to 255']],
    ['an id above 255', having({ id: 256 }), ['id', '256', '1 to 255']],
    ['an id that is not listed', having({ id: 9 }), ['id', '9', '1, 2, 3', 'add it']],
    ['no dir', having({ dir: undefined }), ['dir', 'undefined', 'directory']],
    ['an empty dir', having({ dir: '' }), ['dir', '""', 'directory']],
    ['a dir with a zero in it', having({ dir: 'a\0b' }), ['dir', 'directory']],
    ['no ensemble', having({ ensemble: undefined }), ['ensemble', "'standalone'"]],
    ['an empty ensemble', having({ ensemble: [] }), ['ensemble', '[]', '{ id, host, port }']],
    ['another word', having({ ensemble: 'alone' }), ['ensemble', '"alone"', "'standalone'"]],
    ['a member that is text', having({ ensemble: ['a:1'] }), ['ensemble[0]', '"a:1"', 'object']],
    ['a member with no port', firstHaving({ port: undefined }), ['ensemble[0].port', 'TCP port']],
    ['a port of 0', firstHaving({ port: 0 }), ['ensemble[0].port', '0', '1 to 65535']],
    ['a port that is text', firstHaving({ port: '7001' }), ['ensemble[0].port', '"7001"']],
    ['a host with a port', firstHaving({ host: 'a/b' }), ['ensemble[0].host', '"a/b"']],
    ['an empty host', firstHaving({ host: '' }), ['ensemble[0].host', '""']],
    ['a wildcard', firstHaving({ host: '0.0.0.0' }), ['ensemble[0].host', 'listen.host']],
    ['another wildcard', firstHaving({ host: '::' }), ['ensemble[0].host', 'listen.host']],
    ['a wrong role', firstHaving({ role: 'leader' }), ['ensemble[0].role', "'observer'"]],
    ['a misspelt member key', firstHaving({ prot: 1 }), ['ensemble[0].prot', 'ensemble[0].port?']],
    ['an id twice', firstHaving({ id: 2 }), ['id 2 twice', '[0]', '[1]']],
    ['an address twice', firstHaving({ port: 7002 }), ['127.0.0.1:7002 twice', '[0]', '[1]']],
    ['a weight of 0', firstHaving({ weight: 0 }), ['ensemble[0].weight', "role: 'observer'"]],
    ['half a weight', firstHaving({ weight: 0.5 }), ['ensemble[0].weight', '0.5', '1 to 65535']],
    ['a weight that is text', firstHaving({ weight: '2' }), ['ensemble[0].weight', '"2"']],
    [
      'an observer with a weight',
      firstHaving({ role: 'observer', weight: 2 }),
      ['ensemble[0].weight', '2', 'leave it out'],
    ],
    [
      'an observer in a group',
      firstHaving({ role: 'observer', group: 1 }),
      ['ensemble[0].group', '1', 'make the peer a voter'],
    ],
    [
      'a group that is a name',
      firstHaving({ group: 'a' }),
      ['ensemble[0].group', '"a"', '1 to 255'],
    ],
    ['a group of some', firstHaving({ group: 1 }), ['voters 2, 3 are in no group', 'every voter']],
    [
      'observers alone',
      having({ ensemble: three.map((member) => ({ ...member, role: 'observer' })) }),
      ['ensemble', "'voter'"],
    ],
    ['a thread that is not there', having({ thread: 'worker' }), ['thread', "'inline'"]],
    [
      'peers beyond loopback',
      firstHaving({ host: '10.1.1.1' }),
      ['secret', '10.1.1.1', 'insecure'],
    ],
    [
      'listening beyond loopback',
      having({ listen: { host: '0.0.0.0' } }),
      ['secret', '0.0.0.0', 'insecure'],
    ],
    ['an empty secret', having({ secret: '' }), ['secret', 'Uint8Array']],
    ['a secret that is a number', having({ secret: 12345 }), ['secret', 'Uint8Array']],
    ['insecure in words', having({ insecure: 'yes' }), ['insecure', '"yes"', 'true or false']],
    ['listen in words', having({ listen: 'a:1' }), ['listen', '"a:1"', 'object']],
    ['a listen port in words', having({ listen: { port: 'a' } }), ['listen.port', '"a"']],
    ['a signal that is none', having({ signal: {} }), ['signal', 'AbortSignal']],
    ['a negative timeoutMs', having({ timeoutMs: -1 }), ['timeoutMs', '-1', 'above 0']],
    ['a timeoutMs in words', having({ timeoutMs: '5s' }), ['timeoutMs', '"5s"', 'above 0']],
    ['timing in words', having({ timing: 'fast' }), ['timing', '"fast"', 'object']],
    ['a misspelt timing', having({ timing: { heartbeat: 1 } }), ['timing.heartbeatMs?']],
    ['half a heartbeat', having({ timing: { heartbeatMs: 0.5 } }), ['timing.heartbeatMs', '0.5']],
    [
      'a silence shorter than three heartbeats',
      having({ timing: { silentPeerMs: 299 } }),
      ['timing.silentPeerMs', '299', 'three times heartbeatMs', '100'],
    ],
    [
      'an election that settles too late',
      having({ timing: { electionSettleMs: 3_000 } }),
      ['timing.electionSettleMs', '3000', 'silentPeerMs'],
    ],
    [
      'a silence that leaves no session timeout',
      having({ timing: { silentPeerMs: 20_001 } }),
      ['timing.silentPeerMs', '20001', '20000'],
    ],
    ['a limit of 0', having({ limits: { maxDataBytes: 0 } }), ['limits.maxDataBytes', '0']],
    ['a misspelt limit', having({ limits: { maxDataByte: 1 } }), ['limits.maxDataBytes?']],
    ['more than a zxid holds', having({ limits: { maxCounter: 2 ** 32 } }), ['limits.maxCounter']],
  ]

  test.each(refused)('%s: refused, with key, value and mend', (_what, options, names) => {
    const message = refusal(options)

    for (const name of names) expect(message).toContain(name)
  })

  test.each(['listen', 'secret', 'insecure'])('%s: refused of a standalone peer', (key) => {
    const message = refusal({ id: 1, dir: 'd', ensemble: 'standalone', [key]: {} })

    expect(message).toContain(key)
    expect(message).toContain("'standalone'")
  })

  test('a secret is never shown', () => {
    expect(refusal(having({ secret: { key: 'hunter2' } }))).not.toContain('hunter2')
  })
})

describe('the options of peer.session', () => {
  const timing = resolveOptions(good).timing

  test('the timeout is 10 s unless told, and never less than an election needs', () => {
    expect(resolveSessionOptions(undefined, timing)).toBe(10_000)
    expect(resolveSessionOptions({ sessionTimeoutMs: 9_000 }, timing)).toBe(9_000)
    expect(resolveSessionOptions({}, { ...timing, silentPeerMs: 5_000 })).toBe(15_000)
  })

  test.each([8_999, 60_001, 10_000.5, '10000', Number.NaN])(
    '%s as timeout: refused, with the range',
    (sessionTimeoutMs) => {
      const call = (): number => resolveSessionOptions({ sessionTimeoutMs }, timing)

      expect(call).toThrow(/sessionTimeoutMs is .*9000 to 60000/)
    },
  )

  test('a timeout under its short name is refused', () => {
    expect(() => resolveSessionOptions({ timeout: 10_000 }, timing)).toThrow(/did you mean/)
  })
})
