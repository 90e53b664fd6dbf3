/** Members come, go and change while an ensemble runs, over real sockets. */
import type { CoordinationError, OpenOptions, Peer } from 'conclave'
import { describe, expect, test, vi } from 'vitest'
import { rejectionOf } from './scripted-host.ts'
import { ensembleOptions, openPeer } from './workspace.ts'

const text = (data: Uint8Array): string => new TextDecoder().decode(data)
const patience = { timeout: 15_000, interval: 20 }

type Listed = Exclude<OpenOptions['ensemble'], 'standalone'>

/** A running ensemble of some peers, and what others would be opened with. */
class Town {
  readonly #options: readonly OpenOptions[]
  readonly #open = new Map<number, Peer>()

  constructor(options: readonly OpenOptions[]) {
    this.#options = options
  }

  /** `count` peers have places; those named found the ensemble. */
  static async founded(count: number, founders: readonly number[]): Promise<Town> {
    const town = new Town(await ensembleOptions(count))
    await Promise.all(founders.map((id) => town.open(id, founders)))
    await town.ready()
    return town
  }

  get peers(): readonly Peer[] {
    return [...this.#open.values()].sort((a, b) => a.id - b.id)
  }

  listed(id: number): Listed[number] {
    const { ensemble } = this.#options[0]!
    if (ensemble === 'standalone') throw new Error('it is none')
    return ensemble.find((member) => member.id === id)!
  }

  peer(id: number): Peer {
    return this.#open.get(id)!
  }

  leader(): Peer {
    return this.peers.find((peer) => peer.role === 'leader')!
  }

  /** Opens a peer with this list, and itself on it. */
  async open(id: number, listing: readonly number[]): Promise<Peer> {
    const ensemble = [...new Set([...listing, id])].map((one) => this.listed(one))
    const peer = await openPeer({ ...this.#options[id - 1]!, ensemble })
    this.#open.set(id, peer)
    return peer
  }

  async join(id: number, listing: readonly number[]): Promise<Peer> {
    const peer = await this.open(id, listing)
    await peer.ready({ timeoutMs: 15_000 })
    return peer
  }

  async close(id: number): Promise<void> {
    await this.peer(id).close()
    this.#open.delete(id)
  }

  async ready(): Promise<void> {
    await Promise.all(this.peers.map((peer) => peer.ready({ timeoutMs: 15_000 })))
  }

  /** Resolves once every open peer knows that these are the members. */
  async agreed(...ids: number[]): Promise<void> {
    await vi.waitFor(() => {
      for (const peer of this.peers) {
        expect(peer.status()).toMatchObject({ ready: true })
        expect(peer.status().members.map(({ id }) => id)).toEqual(ids)
      }
    }, patience)
  }
}

describe('adding', () => {
  test(
    'a peer joins, is told apart from a member, and is one once it is added',
    { timeout: 40_000 },
    async () => {
      const town = await Town.founded(4, [1, 2, 3])
      const session = await town.peer(1).session()
      await session.create('/a', 'before')
      const joiner = await town.join(4, [1, 2, 3])
      const told: unknown[] = []
      joiner.on('membership', (...all) => told.push(all))

      expect(joiner.status()).toMatchObject({ role: 'observer', membership: 'none' })
      expect(joiner.status().reason).toContain('no member')
      const own = await joiner.session()
      expect(text((await own.get('/a')).data)).toBe('before')

      const { version, members } = await joiner.reconfigure({ add: [town.listed(4)] })

      expect(version).toBe(2)
      expect(members.map(({ id }) => id)).toEqual([1, 2, 3, 4])
      await town.agreed(1, 2, 3, 4)
      expect(joiner.status()).toMatchObject({ role: 'follower', membership: 'voter' })
      expect(told).toEqual([['voter', 2]])
      await own.set('/a', 'behind')
      expect(text((await session.get('/a', { read: 'linearizable' })).data)).toBe('behind')
    },
  )

  test('one whose id is the smallest joins as well', { timeout: 40_000 }, async () => {
    const town = await Town.founded(4, [2, 3, 4])
    const joiner = await town.join(1, [2, 3, 4])
    await town.peer(2).reconfigure({ add: [{ ...town.listed(1), role: 'observer' }] })

    await town.agreed(1, 2, 3, 4)
    expect(joiner.status()).toMatchObject({ role: 'observer', membership: 'observer' })
    await town.peer(3).reconfigure({ change: [{ id: 1, role: 'voter' }] })
    await vi.waitFor(() => expect(joiner.status().membership).toBe('voter'), patience)
  })

  test(
    'peers that were added reach one another, and the first ones are not needed',
    { timeout: 60_000 },
    async () => {
      const town = await Town.founded(4, [1, 2])
      const session = await town.peer(1).session()
      await session.create('/a', 'kept')
      await town.join(3, [1, 2])
      await town.join(4, [1, 2])
      await town.peer(1).reconfigure({ members: [town.listed(3), town.listed(4)] })
      await town.agreed(3, 4)
      await session.close()
      await town.close(1)
      await town.close(2)

      await town.ready()
      const later = await town.peer(4).session()
      expect(text((await later.get('/a')).data)).toBe('kept')
      // From their logs alone: they were opened with lists of peers that are gone.
      await later.close()
      await town.close(3)
      await town.close(4)
      await Promise.all([town.open(3, [1, 2]), town.open(4, [1, 2])])
      await town.ready()
    },
  )
})

describe('removing', () => {
  test(
    'the leader hands over, says so, and hosts its sessions until it is closed',
    { timeout: 40_000 },
    async () => {
      const town = await Town.founded(3, [1, 2, 3])
      const leader = town.leader()
      const others = town.peers.filter((peer) => peer !== leader)
      const guest = await leader.session()
      const session = await others[0]!.session()
      await guest.create('/mine', 'x', { mode: 'ephemeral' })
      const told: unknown[] = []
      leader.on('membership', (...all) => told.push(all))

      await leader.reconfigure({ remove: [leader.id] })
      await town.agreed(...others.map(({ id }) => id))
      await vi.waitFor(() => {
        expect(leader.status()).toMatchObject({ role: 'observer', membership: 'none', ready: true })
      }, patience)

      expect(told).toEqual([['none', 2]])
      await guest.set('/mine', 'y')
      expect(text((await session.get('/mine', { read: 'linearizable' })).data)).toBe('y')
      await leader.close()
      expect(await session.exists('/mine')).toBeUndefined()
      await session.create('/b')
      expect([guest.state, session.state]).toEqual(['closed', 'connected'])
    },
  )
})

describe('handing over', () => {
  test('another peer leads, and nobody’s session notices', { timeout: 40_000 }, async () => {
    const town = await Town.founded(3, [1, 2, 3])
    const leader = town.leader()
    const sessions = await Promise.all(town.peers.map((peer) => peer.session()))
    const writes = sessions.map((session) => session.create('/n-', '', { sequential: true }))

    await leader.handOver({ timeoutMs: 15_000 })

    expect(leader.role).toBe('follower')
    expect(town.leader()).not.toBe(leader)
    await Promise.all(writes)
    await sessions[0]!.set('/', 'y')
    expect(sessions.map(({ state }) => state)).toEqual(['connected', 'connected', 'connected'])
    await expect(leader.handOver()).resolves.toBeUndefined()
  })

  test('where there is no other voter it is a misunderstanding', { timeout: 40_000 }, async () => {
    const town = await Town.founded(1, [1])

    const error = await rejectionOf(town.peer(1).handOver())
    expect(error).toMatchObject({ code: 'BAD_ARGUMENT' })
    expect((error as Error).message).toContain('no other voter')
  })
})

describe('a change that cannot be', () => {
  test('says why, and changes nothing', { timeout: 40_000 }, async () => {
    const town = await Town.founded(5, [1, 2, 3])
    const peer = town.peer(2)
    const refused: [Parameters<Peer['reconfigure']>[0], string, string][] = [
      [{}, 'BAD_ARGUMENT', 'what to add'],
      [{ add: [town.listed(1)] }, 'BAD_ARGUMENT', 'peer 1 is a member already'],
      [{ remove: [7] }, 'BAD_ARGUMENT', 'peer 7 is no member; in version 1 they are 1 voter'],
      [{ remove: [1, 2, 3] }, 'BAD_ARGUMENT', 'no voter would be left'],
      [{ members: [] }, 'BAD_ARGUMENT', 'no voter would be left'],
      [{ members: [town.listed(1)], remove: [1] }, 'BAD_ARGUMENT', 'or the whole list'],
      [{ remove: [1], version: 4 }, 'BAD_VERSION', 'changed meanwhile'],
      [
        { members: [1, 4, 5].map((id) => town.listed(id)) },
        'NEW_CONFIG_NO_QUORUM',
        'no quorum of its voters is synced',
      ],
      [{ add: [{ id: 4, host: '10.0.0.4', port: 0 }] }, 'BAD_OPTION', 'add[0].port'],
    ]
    for (const [options, code, message] of refused) {
      const error = (await rejectionOf(peer.reconfigure(options))) as CoordinationError
      expect(error.message).toContain(message)
      expect(error).toMatchObject({ code, outcome: 'not-applied' })
    }
    expect(peer.status()).toMatchObject({ configurationVersion: 1, membership: 'voter' })
    await town.agreed(1, 2, 3)
  })
})
