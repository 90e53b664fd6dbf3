import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CoordinationError, OpenOptions, Peer, Session } from 'conclave'
import { describe, expect, test, vi } from 'vitest'
import { rejectionOf } from './scripted-host.ts'
import { ensembleOptions, openPeer } from './workspace.ts'

const text = (data: Uint8Array): string => new TextDecoder().decode(data)
const patience = { timeout: 15_000, interval: 20 }

/** An ensemble of three that is founded. */
async function founded(
  changes: Partial<OpenOptions> = {},
): Promise<{ readonly options: readonly OpenOptions[]; readonly peers: readonly Peer[] }> {
  const options = await ensembleOptions(3, changes)
  const peers = await Promise.all(options.map(openPeer))
  await Promise.all(peers.map((peer) => peer.ready({ timeoutMs: 15_000 })))
  return { options, peers }
}

function leaderOf(peers: readonly Peer[]): Peer {
  return peers.find((peer) => peer.role === 'leader')!
}

function followersOf(peers: readonly Peer[]): readonly Peer[] {
  return peers.filter((peer) => peer.role === 'follower')
}

/** Flips a bit in the midst of a closed peer's log: it is set aside when the peer is opened next. */
async function damageLog(dir: string): Promise<void> {
  const path = join(dir, 'log', '0000000001.log')
  const bytes = await readFile(path)
  bytes[100] = bytes[100]! ^ 0x04
  await writeFile(path, bytes)
}

describe('founding', () => {
  test('needs every voter, and ready() names who is missing', { timeout: 30_000 }, async () => {
    const options = await ensembleOptions(3)
    const first = await openPeer(options[0]!)

    const error = (await rejectionOf(first.ready({ timeoutMs: 300 }))) as CoordinationError
    expect(error).toMatchObject({ code: 'TIMEOUT', outcome: 'not-applied' })
    expect(error.message).toContain('timeoutMs of 300')
    expect(error.message).toMatch(/no link to voter 2 at 127.0.0.1:\d+, 3 at 127.0.0.1:\d+/)
    expect(first.status()).toMatchObject({ role: 'looking', ready: false, silentVoters: [2, 3] })

    const others = await Promise.all([options[1]!, options[2]!].map(openPeer))
    const peers = [first, ...others]
    await Promise.all(peers.map((peer) => peer.ready({ timeoutMs: 15_000 })))

    const leader = leaderOf(peers)
    expect(followersOf(peers)).toHaveLength(2)
    for (const peer of peers) {
      expect(peer.status()).toMatchObject({ leader: leader.id, epoch: 1, phase: 'broadcast' })
    }
  })
})

describe('an ensemble of three', () => {
  test('writes on each are read on each, in one order', { timeout: 30_000 }, async () => {
    const { peers } = await founded()
    const sessions = await Promise.all(peers.map((peer) => peer.session()))

    const created = await Promise.all(
      sessions.map((session, index) => session.create('/n-', String(index), { sequential: true })),
    )
    const newest = created.map(({ stat }) => stat.czxid).sort((a, b) => b - a)[0]!
    await Promise.all(sessions.map((session) => session.reached(newest)))

    const lists = await Promise.all(sessions.map((session) => session.children('/')))
    expect(lists[0]).toEqual([...created.map(({ path }) => path.slice(1)).sort(), 'zookeeper'])
    expect(lists[1]).toEqual(lists[0])
    expect(lists[2]).toEqual(lists[0])
    await vi.waitFor(() => {
      expect(new Set(peers.map((peer) => peer.status().digest)).size).toBe(1)
    }, patience)
  })

  test(
    'C8: a linearizable read on any peer sees what was acknowledged on another',
    { timeout: 30_000 },
    async () => {
      const { peers } = await founded()
      const sessions = await Promise.all(peers.map((peer) => peer.session()))
      await sessions[0]!.create('/a', '0')

      for (let round = 1; round <= 20; round += 1) {
        const writer = sessions[round % 3]!
        const reader = sessions[(round + 1) % 3]!
        await writer.set('/a', String(round))
        const { data } = await reader.get('/a', { read: 'linearizable' })
        expect(text(data)).toBe(String(round))
      }
    },
  )

  test(
    'W5: a watch on a follower tells what the leader’s session did, in order',
    { timeout: 30_000 },
    async () => {
      const { peers } = await founded()
      const writer = await leaderOf(peers).session()
      const witness = await followersOf(peers)[0]!.session()
      const changes = witness.watch('/', { depth: 'subtree' })

      await writer.create('/a')
      for (let value = 0; value < 10; value += 1) await writer.set('/a', String(value))
      await writer.delete('/a')

      const seen: string[] = []
      for await (const change of changes) {
        if (change.type === 'gap') throw new Error('there is no gap in so little')
        seen.push(`${change.type} ${change.data === undefined ? '' : text(change.data)}`.trim())
        if (change.type === 'deleted') break
      }
      const values = Array.from({ length: 10 }, (_, value) => `changed ${String(value)}`)
      expect(seen).toEqual(['created', ...values, 'deleted'])
    },
  )

  test(
    'S3: an ephemeral znode goes with its session, on every peer',
    { timeout: 30_000 },
    async () => {
      const { peers } = await founded()
      const owner = await peers[0]!.session()
      const witness = await peers[1]!.session()
      const { stat } = await owner.create('/e', '', { mode: 'ephemeral' })
      await witness.reached(stat.czxid)
      const seen = await witness.get('/e')
      const gone = witness.watch('/e')

      await owner.close()

      expect(seen.stat.ephemeralOwner).toBe(owner.id)
      expect((await gone.next()).value).toMatchObject({ type: 'deleted' })
    },
  )

  test.each([
    ['closes', {}],
    ['is gone at once', { signal: AbortSignal.abort() }],
  ])(
    'a leader that %s: nothing is lost, and no session notices',
    { timeout: 40_000 },
    async (_how, call) => {
      const { options, peers } = await founded()
      const leader = leaderOf(peers)
      const others = followersOf(peers)
      const sessions = await Promise.all(others.map((peer) => peer.session()))
      const states: string[] = []
      for (const session of sessions) session.on('state', (state) => states.push(state))
      await sessions[0]!.create('/n')
      const over = new AbortController()
      let written = 0
      const writing = (async () => {
        while (!over.signal.aborted) {
          await sessions[0]!.set('/n', String(written))
          written += 1
        }
      })()

      await leader.close(call)
      await vi.waitFor(() => {
        const epochs = others.map((peer) => peer.status())
        expect(epochs.every(({ ready, epoch }) => ready && epoch > 1)).toBe(true)
      }, patience)
      await sessions[1]!.create('/after')
      over.abort()
      await writing

      const { data, stat } = await sessions[1]!.get('/n', { read: 'linearizable' })
      expect(text(data)).toBe(String(written - 1))
      expect(stat.version).toBe(written)
      expect(states).toEqual([])
      const again = await openPeer(options[leader.id - 1]!)
      await again.ready({ timeoutMs: 15_000 })
      await expect((await again.session()).exists('/after')).resolves.toBeDefined()
    },
  )

  test('an empty directory is filled from the others', { timeout: 40_000 }, async () => {
    const { options, peers } = await founded()
    const follower = followersOf(peers)[0]!
    const session = await leaderOf(peers).session()
    await session.create('/a', 'x')
    await follower.close()
    await rm(options[follower.id - 1]!.dir, { recursive: true })

    const again = await openPeer(options[follower.id - 1]!)
    await again.ready({ timeoutMs: 15_000 })

    expect(text((await (await again.session()).get('/a')).data)).toBe('x')
    expect(again.role).toBe('follower')
  })

  test(
    'without a quorum writes wait, local reads answer, and ready() says so',
    { timeout: 40_000 },
    async () => {
      const { options, peers } = await founded()
      const [first, second, third] = peers as [Peer, Peer, Peer]
      const session = await first.session()
      await session.create('/a', 'x')
      await Promise.all([second.close(), third.close()])
      await vi.waitFor(() => expect(first.status().ready).toBe(false), patience)

      const late = (await rejectionOf(
        session.set('/a', 'y', { timeoutMs: 100 }),
      )) as CoordinationError
      expect(late.code).toBe('TIMEOUT')
      expect(text((await session.get('/a')).data)).toMatch(/^[xy]$/)
      expect(await rejectionOf(first.ready({ timeoutMs: 100 }))).toMatchObject({ code: 'TIMEOUT' })
      const waiting = session.create('/b')
      await openPeer(options[1]!)

      await expect(waiting).resolves.toMatchObject({ path: '/b' })
      expect(session.state).toBe('connected')
    },
  )
})

describe('peers that do not belong together', () => {
  test('another secret: refused, and ready() says why', { timeout: 30_000 }, async () => {
    const options = await ensembleOptions(3)
    const good = await Promise.all([options[0]!, options[1]!].map(openPeer))
    const stranger = await openPeer({ ...options[2]!, secret: 'hunter2' })

    const peers = [...good, stranger]
    await vi.waitFor(() => {
      for (const peer of peers) expect(peer.status().refusals.join()).toContain('secret')
    }, patience)
    const errors = await Promise.all(
      peers.map((peer) => rejectionOf(peer.ready({ timeoutMs: 100 }))),
    )

    for (const error of errors as CoordinationError[]) {
      expect(error.code).toBe('TIMEOUT')
      expect(error.message).toContain('secret')
      expect(error.message).not.toContain('hunter2')
    }
  })

  test('another list: CONFIG_MISMATCH, with both lists', { timeout: 30_000 }, async () => {
    const { options, peers } = await founded()
    const follower = followersOf(peers)[0]!
    await follower.close()
    const { ensemble } = options[0]!
    if (ensemble === 'standalone') throw new Error('it is none')
    const changed = ensemble.map((member) =>
      member.id === follower.id ? { ...member, role: 'observer' as const } : member,
    )

    const error = await rejectionOf(openPeer({ ...options[follower.id - 1]!, ensemble: changed }))

    expect(error).toMatchObject({ code: 'CONFIG_MISMATCH' })
    expect((error as Error).message).toContain(`${String(follower.id)} observer`)
    expect((error as Error).message).toContain(`${String(follower.id)} voter`)
  })

  test(
    'another list and an empty directory: the peer stops itself and says so',
    { timeout: 30_000 },
    async () => {
      const { options, peers } = await founded()
      const follower = followersOf(peers)[0]!
      await follower.close()
      await rm(options[follower.id - 1]!.dir, { recursive: true })
      const { ensemble } = options[0]!
      if (ensemble === 'standalone') throw new Error('it is none')
      const changed = ensemble.map((member) =>
        member.id === follower.id ? { ...member, role: 'observer' as const } : member,
      )

      const peer = await openPeer({ ...options[follower.id - 1]!, ensemble: changed })
      const error = await rejectionOf(peer.ready({ timeoutMs: 10_000 }))

      expect((error as Error).message).toContain('observer')
      expect((error as CoordinationError).code).toBe('CONFIG_MISMATCH')
    },
  )

  test.each([
    ['the directory', false],
    ['the damaged directory', true],
  ])(
    '%s of another ensemble: refused, and ready() says why',
    { timeout: 40_000 },
    async (_which, isDamaged) => {
      const [ours, theirs] = await Promise.all([founded(), founded()])
      const own = followersOf(ours.peers)[0]!
      const other = theirs.peers[own.id - 1]!
      await Promise.all([own.close(), other.close()])
      const { dir } = theirs.options[own.id - 1]!
      if (isDamaged) await damageLog(dir)

      const stray = await openPeer({ ...ours.options[own.id - 1]!, dir })
      const error = (await rejectionOf(stray.ready({ timeoutMs: 1_500 }))) as CoordinationError
      await stray.close({ timeoutMs: 1 })

      expect(stray.status().damaged !== undefined).toBe(isDamaged)
      expect(error.code).toBe('TIMEOUT')
      expect(error.message).toContain('ensemble')
      expect(error.cause).toMatchObject({ code: 'PEER_REFUSED' })
      const again = await openPeer(theirs.options[own.id - 1]!)
      await expect(again.ready({ timeoutMs: 15_000 })).resolves.toBeUndefined()
    },
  )

  test(
    'a port that is taken: LISTEN_FAILED, and the directory is free again',
    { timeout: 30_000 },
    async () => {
      const [first, second] = (await ensembleOptions(2)) as [OpenOptions, OpenOptions]
      await openPeer(first)
      const { ensemble } = first
      if (ensemble === 'standalone') throw new Error('it is none')
      const { port } = ensemble[0]!

      const error = await rejectionOf(openPeer({ ...second, listen: { port } }))

      expect(error).toMatchObject({ code: 'LISTEN_FAILED', retryable: true })
      expect((error as Error).message).toContain(String(port))
      const peer = await openPeer(second)
      await expect(peer.ready({ timeoutMs: 10_000 })).resolves.toBeUndefined()
    },
  )
})

describe('an observer', () => {
  test('learns, serves sessions, and votes for nothing', { timeout: 30_000 }, async () => {
    const options = await ensembleOptions(3)
    const { ensemble } = options[0]!
    if (ensemble === 'standalone') throw new Error('it is none')
    const roles = ensemble.map((member) =>
      member.id === 3 ? { ...member, role: 'observer' as const } : member,
    )
    const peers = await Promise.all(options.map((one) => openPeer({ ...one, ensemble: roles })))
    await Promise.all(peers.map((peer) => peer.ready({ timeoutMs: 15_000 })))

    const session: Session = await peers[2]!.session()
    await session.create('/a', 'x')

    expect(peers[2]!.role).toBe('observer')
    expect(text((await session.get('/a', { read: 'linearizable' })).data)).toBe('x')
    expect(peers[2]!.status().members).toMatchObject([
      { id: 1, role: 'voter' },
      { id: 2, role: 'voter' },
      { id: 3, role: 'observer' },
    ])
  })
})
