/** Sessions over real sockets whose connections break: resumed at another peer, with all they had. */
import {
  connect,
  open,
  type CoordinationError,
  type Peer,
  type Session,
  type Watch,
} from 'conclave'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../workspace.ts'
import { SwitchedProxy } from './switched-proxy.ts'

let folder: string
let peers: Peer[]
let ports: number[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conclave-'))
  const free = await freePorts(6)
  ports = free.slice(3)
  const ensemble = [1, 2, 3].map((id) => ({ id, host: '127.0.0.1', port: free[id - 1] ?? 0 }))
  peers = await Promise.all(
    ensemble.map(({ id }) =>
      open({
        id,
        dir: join(folder, String(id)),
        ensemble,
        timing: { silentPeerMs: 1_000 },
        zookeeper: { port: ports[id - 1] ?? 0 },
      }),
    ),
  )
  await Promise.all(peers.map((peer) => peer.ready({ timeoutMs: 30_000 })))
}, 60_000)

afterAll(async () => {
  await Promise.all(peers.map((peer) => peer.close({ timeoutMs: 1_000 })))
  await rm(folder, { recursive: true, force: true })
})

interface Joined {
  readonly session: Session
  readonly proxy: SwitchedProxy
}

async function joined(): Promise<Joined> {
  const proxy = new SwitchedProxy(ports[0] ?? 0)
  await proxy.listen()
  const servers = `zk://127.0.0.1:${String(proxy.port)}`
  const session = await connect(servers, { sessionTimeoutMs: 12_000, timeoutMs: 20_000 })
  onTestFinished(async () => {
    await session.close({ timeoutMs: 5_000 }).catch(() => undefined)
    proxy.close()
  })
  return { session, proxy }
}

/** The next change that is no gap, and how many gaps came before. */
async function afterGaps(watch: Watch): Promise<string> {
  for (let gaps = 0; ; gaps += 1) {
    const { value } = await watch.next()
    if (value?.type !== 'gap') return `${String(gaps)} gaps, ${value?.type ?? 'done'}`
  }
}

describe('a session whose connection breaks', { timeout: 60_000 }, () => {
  test('goes on at another peer: ephemerals, proofs and watches', async () => {
    const { session, proxy } = await joined()
    await session.authenticate('digest', 'user:secret')
    const acl = [{ permissions: 'all', scheme: 'auth', id: '' }]
    await session.create('/moved', 'x', { mode: 'ephemeral', acl })
    const watch = session.watch('/moved')
    await session.sync()
    for (const port of [ports[1], ports[2], ports[0]]) {
      proxy.target = port ?? 0
      proxy.cut()
      // Asked again on the next connection, wherever it was when this one broke.
      await session.sync()
      await session.set('/moved', String(port))
      expect(await afterGaps(watch)).toMatch(/ gaps, changed$/)
    }

    expect(session.state).toBe('connected')
    expect(await session.ephemerals()).toEqual(['/moved'])
  })

  test('C1: knows of each write whether it was applied, or that nobody knows', async () => {
    const { session, proxy } = await joined()
    await session.create('/counted')
    let [done, unknown] = [0, 0]
    for (let round = 0; round < 4; round += 1) {
      const writes = Array.from({ length: 50 }, () =>
        session.set('/counted', 'x').then(
          () => {
            done += 1
          },
          (error: unknown) => {
            expect(error).toMatchObject({ code: 'RESULT_LOST', outcome: 'unknown' })
            unknown += 1
          },
        ),
      )
      if (round % 2 === 0) proxy.muteAnswers()
      await session.exists('/none', { timeoutMs: 100 }).catch((error: unknown) => {
        expect((error as CoordinationError).code).toBe('TIMEOUT')
      })
      proxy.target = ports[round % 3] ?? 0
      proxy.cut()
      await Promise.all(writes)
    }
    const { stat } = await session.get('/counted', { read: 'linearizable' })

    expect(done + unknown).toBe(200)
    expect(unknown).toBeGreaterThan(0)
    expect(stat.version).toBeGreaterThanOrEqual(done)
    expect(stat.version).toBeLessThanOrEqual(done + unknown)
  })

  test('a lost write that is read for is seen, if it was applied, at whichever peer', async () => {
    const { session, proxy } = await joined()
    await session.create('/lost', '0')
    const lost = session.set('/lost', '1').catch((error: unknown) => error)
    // Answered by the peer, and cut on the way back.
    proxy.muteAnswers()
    await session.exists('/none', { timeoutMs: 200 }).catch(() => undefined)
    proxy.target = ports[2] ?? 0
    proxy.cut()
    expect(await lost).toMatchObject({ outcome: 'unknown' })

    expect(Buffer.from((await session.get('/lost')).data).toString()).toBe('1')
  })
})
