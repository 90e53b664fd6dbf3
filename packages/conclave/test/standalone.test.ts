import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { open, type CoordinationError, type OpenOptions } from 'conclave'
import { describe, expect, test, vi } from 'vitest'
import { rejectionOf } from './scripted-host.ts'
import { freePorts, openPeer, temporaryFolder } from './workspace.ts'

const text = (data: Uint8Array): string => new TextDecoder().decode(data)

async function standalone(dir?: string): Promise<OpenOptions> {
  return { id: 1, dir: dir ?? (await temporaryFolder()), ensemble: 'standalone' }
}

describe('a standalone peer', () => {
  test('is ready by itself, and its status says what it is', async () => {
    const peer = await openPeer(await standalone())

    await peer.ready({ timeoutMs: 5_000 })

    expect(peer.role).toBe('leader')
    expect(peer.status()).toMatchObject({
      id: 1,
      role: 'leader',
      leader: 1,
      epoch: 1,
      phase: 'broadcast',
      ready: true,
      damaged: undefined,
      members: [{ id: 1, role: 'voter' }],
      silentVoters: [],
      refusals: [],
    })
    expect(peer.status().digest).toMatch(/^[0-9a-f]{16}$/)
  })

  test('has after a restart what was acknowledged before it, with every version', async () => {
    const options = await standalone()
    const first = await openPeer(options)
    const session = await first.session()
    await session.create('/app/config', 'a', { parents: true })
    const stat = await session.set('/app/config', 'b')
    await session.create('/app/gone', '', { mode: 'ephemeral' })
    const { path } = await session.create('/app/n-', '', { sequential: true })
    await first.close()
    const before = first.status()

    const second = await openPeer(options)
    await second.ready({ timeoutMs: 5_000 })
    const reader = await second.session()
    const read = await reader.get('/app/config', { read: 'linearizable' })

    expect(text(read.data)).toBe('b')
    expect(read.stat).toEqual(stat)
    await expect(reader.children('/app')).resolves.toEqual(['config', path.slice('/app/'.length)])
    expect(second.status().epoch).toBeGreaterThan(before.epoch)
    expect(second.lastApplied).toBeGreaterThan(before.lastApplied)
    const { path: next } = await reader.create('/app/n-', '', { sequential: true })
    expect(next > path).toBe(true)
  })

  test('D6: what goes by itself does so after a restart too', async () => {
    const options = await standalone()
    const first = await openPeer(options)
    const session = await first.session()
    await session.create('/c', '', { mode: 'container' })
    await session.create('/c/1')
    await session.create('/t', '', { mode: { ttlMs: 1 } })
    await session.create('/kept', '', { mode: { ttlMs: 2 ** 40 - 1 } })
    await session.delete('/c/1')
    expect(await session.exists('/c')).toMatchObject({ ephemeralOwner: undefined, cversion: 2 })
    await first.close()

    const second = await openPeer({ ...options, limits: { reapMs: 50 } })
    await second.ready({ timeoutMs: 5_000 })
    const reader = await second.session()
    await vi.waitFor(async () => {
      expect(await reader.children('/')).toEqual(['kept', 'zookeeper'])
    }, 4_000)
  })

  test('what one session writes, another one reads, once it is reached', async () => {
    const peer = await openPeer(await standalone())
    const [writer, reader] = await Promise.all([peer.session(), peer.session()])
    const changes = reader.watch('/a', { depth: 'children' })

    const { stat } = await writer.create('/a', 'x')
    await reader.reached(stat.czxid)
    const { zxid, results } = await writer
      .txn()
      .check('/a', 0)
      .set('/a', 'y', 0)
      .create('/a/b')
      .commit()

    expect(text((await reader.get('/a', { read: 'linearizable' })).data)).toBe('y')
    expect(results.map(({ type }) => type)).toEqual(['check', 'set', 'create'])
    const seen = [await changes.next(), await changes.next(), await changes.next()]
    expect(seen.map(({ value }) => value)).toMatchObject([
      { type: 'created', path: '/a' },
      { type: 'changed', path: '/a', zxid },
      { type: 'created', path: '/a/b', zxid },
    ])
  })

  test('refusals have their codes, and change nothing', async () => {
    const peer = await openPeer(await standalone())
    const session = await peer.session()
    await session.create('/a', 'x')
    await session.create('/e', '', { mode: 'ephemeral' })

    const codes = await Promise.all(
      [
        session.create('/a'),
        session.create('/b/c'),
        session.create('/e/c'),
        session.set('/a', 'y', { version: 7 }),
        session.set('/b', 'y'),
        session.delete('/b'),
        session.txn().set('/a', 'y').check('/a', 7).commit(),
      ].map(async (call) => ((await rejectionOf(call)) as CoordinationError).code),
    )

    expect(codes).toEqual([
      'NODE_EXISTS',
      'NO_NODE',
      'NO_CHILDREN_FOR_EPHEMERALS',
      'BAD_VERSION',
      'NO_NODE',
      'NO_NODE',
      'BAD_VERSION',
    ])
    expect(text((await session.get('/a')).data)).toBe('x')
  })

  test('BAD_VERSION names the version that was expected, and the one that the operation met', async () => {
    const session = await (await openPeer(await standalone())).session()
    await session.create('/a', 'x')
    await session.set('/a', 'y')

    const messages = await Promise.all(
      [
        session.set('/a', 'z', { version: 7 }),
        session.delete('/a', { version: 0 }),
        session.txn().set('/a', 'z').check('/a', 1).commit(),
        session.txn().delete('/a').create('/a', 'w').set('/a', 'z', { version: 1 }).commit(),
        session.txn().create('/a', '', { sequential: true }).check('/a', 3).commit(),
      ].map(async (call) => ((await rejectionOf(call)) as CoordinationError).message),
    )

    const versions = messages.map((message) => /the znode has (.*);/.exec(message)?.[1])
    expect(versions).toEqual([
      'version 1, not 7',
      'version 1, not 0',
      'version 2, not 1',
      'version 0, not 1',
      'another version, not 3',
    ])
  })

  test('the end of a session deletes its ephemerals, and other sessions see it', async () => {
    const peer = await openPeer(await standalone())
    const [owner, witness] = await Promise.all([peer.session(), peer.session()])
    await owner.create('/e', '', { mode: 'ephemeral' })
    const gone = witness.watch('/e')

    await owner.close()

    expect((await gone.next()).value).toMatchObject({ type: 'deleted', path: '/e' })
    await expect(witness.exists('/e')).resolves.toBeUndefined()
    expect(owner.state).toBe('closed')
    expect(witness.state).toBe('connected')
  })

  test('a thousand callers at once get a thousand answers', async () => {
    const peer = await openPeer(await standalone())
    const session = await peer.session()

    const created = await Promise.all(
      Array.from({ length: 1_000 }, () => session.create('/n-', 'x', { sequential: true })),
    )

    expect(new Set(created.map(({ path }) => path)).size).toBe(1_000)
    await expect(session.children('/')).resolves.toHaveLength(1_001)
  })
})

describe('its directory', () => {
  test('belongs to one peer at a time: DIR_LOCKED names who has it', async () => {
    const options = await standalone()
    const peer = await openPeer(options)
    await peer.ready({ timeoutMs: 5_000 })

    const error = (await rejectionOf(open(options))) as CoordinationError

    expect(error).toMatchObject({ code: 'DIR_LOCKED', outcome: 'not-applied', retryable: true })
    expect(error.message).toContain(options.dir)
    expect(error.message).toContain(`process ${String(process.pid)}`)
    await expect(peer.session()).resolves.toBeDefined()
  })

  test('belongs to one process at a time', { timeout: 20_000 }, async () => {
    const options = await standalone()
    const peer = await openPeer(options)
    await peer.ready({ timeoutMs: 5_000 })
    const program = `
      import { open } from 'conclave'
      await open(${JSON.stringify(options)}).catch((error) => console.log(error.code, error.message))`

    const printed = await new Promise<string>((resolve, reject) => {
      const child = execFile(
        process.execPath,
        ['--import=tsx', '--conditions=@conclave/source', '--input-type=module', '-e', program],
        (error, stdout, stderr) => {
          if (error === null) resolve(stdout)
          else reject(new Error(stderr))
        },
      )
      child.unref()
    })

    expect(printed).toContain('DIR_LOCKED')
    expect(printed).toContain(`process ${String(process.pid)}`)
  })

  test('is free again once the peer is closed, whoever held it', async () => {
    const options = await standalone()
    for (let round = 0; round < 3; round += 1) {
      const peer = await open(options)
      await peer.close()
    }

    await expect(openPeer(options)).resolves.toBeDefined()
  })

  test('of another peer is DIR_FOREIGN, and stays as it was', async () => {
    const options = await standalone()
    const peer = await openPeer(options)
    await (await peer.session()).create('/a')
    await peer.close()

    expect(await rejectionOf(open({ ...options, id: 2 }))).toMatchObject({
      code: 'DIR_FOREIGN',
      message: expect.stringContaining('belongs to peer 1') as string,
    })

    const again = await openPeer(options)
    await again.ready({ timeoutMs: 5_000 })
    await expect((await again.session()).exists('/a')).resolves.toBeDefined()
  })

  test('that is not ours is DIR_FOREIGN', async () => {
    const dir = await temporaryFolder()
    await writeFile(join(dir, 'novel.txt'), 'It was a dark and stormy night')

    const error = await rejectionOf(open(await standalone(dir)))

    expect(error).toMatchObject({ code: 'DIR_FOREIGN' })
    expect((error as Error).message).toContain('novel.txt')
    await expect(readFile(join(dir, 'novel.txt'), 'utf8')).resolves.toContain('stormy')
  })

  test('of a newer format is DIR_FORMAT', async () => {
    const options = await standalone()
    await (await open(options)).close()
    const file = join(options.dir, 'conclave.json')
    const identity = JSON.parse(await readFile(file, 'utf8')) as { formatVersion: number }
    await writeFile(file, JSON.stringify({ ...identity, formatVersion: 99 }))

    expect(await rejectionOf(open(options))).toMatchObject({
      code: 'DIR_FORMAT',
      message: expect.stringContaining('99') as string,
    })
  })

  test('that is a file is an error with a code, and the file stays', async () => {
    const dir = join(await temporaryFolder(), 'file')
    await writeFile(dir, 'mine')

    const error = await rejectionOf(open(await standalone(dir)))

    expect(error).toMatchObject({ code: 'STORAGE_FAILED' })
    expect((error as Error).message).toContain(dir)
    await expect(readFile(dir, 'utf8')).resolves.toBe('mine')
  })

  test('is made if it is not there, parents and all', async () => {
    const dir = join(await temporaryFolder(), 'a', 'b')

    const peer = await openPeer(await standalone(dir))

    await expect(peer.ready({ timeoutMs: 5_000 })).resolves.toBeUndefined()
  })

  test('founded for other peers is CONFIG_MISMATCH, with both lists', async () => {
    const options = await standalone()
    const peer = await openPeer(options)
    await peer.ready({ timeoutMs: 5_000 })
    await peer.close()
    const ports = await freePorts(3)
    const ensemble = ports.map((port, index) => ({ id: index + 1, host: '127.0.0.1', port }))

    const error = (await rejectionOf(open({ ...options, ensemble }))) as CoordinationError

    expect(error).toMatchObject({ code: 'CONFIG_MISMATCH', outcome: 'not-applied' })
    expect(error.message).toContain('1 voter, 2 voter, 3 voter')
    const again = await openPeer(options)
    await expect(again.ready({ timeoutMs: 5_000 })).resolves.toBeUndefined()
  })
})

describe('the life of a peer', () => {
  test('opening can be given up, and leaves nothing behind', async () => {
    const options = await standalone()
    const reason = new Error('enough')

    const early = await rejectionOf(open({ ...options, signal: AbortSignal.abort(reason) }))
    const controller = new AbortController()
    const opening = rejectionOf(open({ ...options, signal: controller.signal }))
    controller.abort(reason)

    expect(early).toMatchObject({ code: 'ABORTED', cause: reason })
    expect(await opening).toMatchObject({ code: 'ABORTED', cause: reason })
    await vi.waitFor(async () => (await open(options)).close(), { timeout: 5_000 })
  })

  test('closing is idempotent, and disposing is closing', async () => {
    const peer = await open(await standalone())

    await Promise.all([peer.close(), peer.close(), peer[Symbol.asyncDispose]()])

    await expect(peer.closed).resolves.toBeUndefined()
    await expect(peer.close()).resolves.toBeUndefined()
    expect(peer.status()).toMatchObject({ role: 'looking', ready: false })
  })

  test('closing before it was ready is closing', async () => {
    const peer = await open(await standalone())
    const ready = rejectionOf(peer.ready())

    await peer.close()

    expect([undefined, 'PEER_CLOSED']).toContain(((await ready) as { code?: string }).code)
  })

  test('a peer that is closed with sessions open ends them, and their ephemerals', async () => {
    const options = await standalone()
    const first = await openPeer(options)
    const session = await first.session()
    await session.create('/e', '', { mode: 'ephemeral' })

    await first.close()

    expect(session.state).toBe('closed')
    expect(session.alive.aborted).toBe(true)
    await expect(session.close()).resolves.toBeUndefined()
    const second = await openPeer(options)
    await second.ready({ timeoutMs: 5_000 })
    await expect((await second.session()).exists('/e')).resolves.toBeUndefined()
  })
})
