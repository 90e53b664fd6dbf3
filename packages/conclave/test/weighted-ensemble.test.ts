/** Voters that count differently, over real sockets. */
import type { CoordinationError, OpenOptions, Peer } from 'conclave'
import { describe, expect, test, vi } from 'vitest'
import { rejectionOf } from './scripted-host.ts'
import { ensembleOptions, openPeer } from './workspace.ts'

const text = (data: Uint8Array): string => new TextDecoder().decode(data)
const patience = { timeout: 15_000, interval: 20 }

/** The options of three peers, the first of which has the weight of the two others. */
async function heavyFirst(): Promise<readonly OpenOptions[]> {
  const options = await ensembleOptions(3)
  const { ensemble } = options[0]!
  if (ensemble === 'standalone') throw new Error('it is none')
  const weighed = ensemble.map((member) => (member.id === 1 ? { ...member, weight: 2 } : member))
  return options.map((one) => ({ ...one, ensemble: weighed }))
}

async function openAll(options: readonly OpenOptions[]): Promise<Peer[]> {
  const peers = await Promise.all(options.map((one) => openPeer(one)))
  await Promise.all(peers.map((peer) => peer.ready({ timeoutMs: 15_000 })))
  return peers
}

async function weightsAt(peer: Peer, expected: readonly (number | undefined)[]): Promise<void> {
  await vi.waitFor(() => {
    expect(peer.status().members.map(({ weight }) => weight)).toEqual(expected)
  }, patience)
}

describe('three peers with the weights 2, 1 and 1', () => {
  test(
    'Z9: the first one and another suffice, the two others do not',
    { timeout: 60_000 },
    async () => {
      const options = await heavyFirst()
      const peers = await openAll(options)
      const session = await peers[1]!.session({ sessionTimeoutMs: 30_000 })
      await session.create('/a', 'all')
      await peers[2]!.close()
      await peers[1]!.ready({ timeoutMs: 15_000 })
      await session.set('/a', 'without 3')

      const third = await openPeer(options[2]!)
      await third.ready({ timeoutMs: 15_000 })
      await peers[0]!.close()
      for (const left of [peers[1]!, third]) {
        await vi.waitFor(() => expect(left.status().ready).toBe(false), patience)
      }
      const error = (await rejectionOf(third.ready({ timeoutMs: 2_000 }))) as CoordinationError
      expect(error.code).toBe('TIMEOUT')
      const write = session.set('/a', 'with 1 again')

      const first = await openPeer(options[0]!)
      await first.ready({ timeoutMs: 15_000 })
      await write
      const reader = await first.session()
      expect(text((await reader.get('/a', { read: 'linearizable' })).data)).toBe('with 1 again')
    },
  )

  test(
    'Z18: weights change while it runs, and the new ones decide from then on',
    { timeout: 60_000 },
    async () => {
      const options = await heavyFirst()
      const peers = await openAll(options)
      await weightsAt(peers[2]!, [2, 1, 1])

      const { members } = await peers[0]!.reconfigure({ change: [{ id: 1, weight: 1 }] })
      expect(members).toMatchObject([{ weight: 1 }, { weight: 1 }, { weight: 1 }])
      await Promise.all(peers.map((peer) => weightsAt(peer, [1, 1, 1])))
      await peers[0]!.close()
      await Promise.all([
        peers[1]!.ready({ timeoutMs: 15_000 }),
        peers[2]!.ready({ timeoutMs: 15_000 }),
      ])
      const session = await peers[1]!.session()
      await session.create('/a', 'without 1')

      await peers[1]!.reconfigure({ change: [{ id: 2, weight: 3 }] })
      await peers[1]!.reconfigure({ change: [{ id: 3, role: 'observer' }], remove: [1] })
      await weightsAt(peers[2]!, [3, undefined])
      await session.set('/a', 'by 2 alone')

      const { members: same } = await peers[1]!.reconfigure({
        change: [{ id: 3, role: undefined }],
      })
      expect(same).toMatchObject([
        { id: 2, weight: 3 },
        { id: 3, role: 'observer' },
      ])
    },
  )

  test('a change that cannot be says why', { timeout: 40_000 }, async () => {
    const [peer] = await openAll(await heavyFirst())
    const refused: [Parameters<Peer['reconfigure']>[0], string, string][] = [
      [{ change: [{ id: 1, weight: 0 }] }, 'BAD_OPTION', 'change[0].weight is 0'],
      [{ change: [{ id: 1, host: 'a'.repeat(256) }] }, 'BAD_ARGUMENT', 'a host of 256 letters'],
      [{ change: [{ id: 1, group: 1 }] }, 'BAD_ARGUMENT', 'voters 2, 3 are in no group'],
      [
        { change: [{ id: 1, role: 'observer', weight: 2 }] },
        'BAD_OPTION',
        'an observer counts in no quorum',
      ],
    ]
    for (const [options, code, message] of refused) {
      const error = (await rejectionOf(peer!.reconfigure(options))) as CoordinationError
      expect(error.message).toContain(message)
      expect(error).toMatchObject({ code, outcome: 'not-applied' })
    }
    expect(peer!.status().configurationVersion).toBe(1)
    await peer!.reconfigure({ change: [1, 2, 3].map((id) => ({ id, group: id })) })
    expect(peer!.status().members.map(({ group }) => group)).toEqual([1, 2, 3])
  })

  test(
    'Z18: weight given to a peer that is away makes no quorum',
    { timeout: 40_000 },
    async () => {
      const peers = await openAll(await heavyFirst())
      await peers[2]!.close()
      for (const left of peers.slice(0, 2)) {
        await vi.waitFor(() => {
          expect(left.status()).toMatchObject({ ready: true, silentVoters: [3] })
        }, patience)
      }

      const heavier = (weight: number) =>
        peers[0]!.reconfigure({ change: [{ id: 3, weight }], timeoutMs: 10_000 })
      expect(await rejectionOf(heavier(3))).toMatchObject({
        code: 'NEW_CONFIG_NO_QUORUM',
        outcome: 'not-applied',
      })
      await heavier(2)
    },
  )

  test('a list with other weights is another one', { timeout: 40_000 }, async () => {
    const options = await heavyFirst()
    const peers = await openAll(options)
    await peers[1]!.close()
    const { ensemble } = options[1]!
    const plain = (ensemble as Exclude<OpenOptions['ensemble'], 'standalone'>).map((member) => ({
      ...member,
      weight: 1,
    }))

    const error = await rejectionOf(openPeer({ ...options[1]!, ensemble: plain }))
    expect(error).toMatchObject({ code: 'CONFIG_MISMATCH' })
    expect((error as Error).message).toContain('1 voter of weight 2, 2 voter, 3 voter')
  })
})
