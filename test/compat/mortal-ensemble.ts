/** Three peers, each a process of its own; every few seconds the leader is killed, and started again. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Service } from '../acceptance/ensemble-of-services.ts'
import { freePorts } from '../processes/free-ports.ts'
import { sleep, until } from '../processes/waiting.ts'

export interface MortalEnsemble {
  /** As clients are told: `host:port,host:port,…`. */
  readonly servers: string
  /** Ends the killing, and everything else; says how many were killed, and rejects if none was. */
  close(): Promise<void>
}

/** Longer than a session may be silent: every new leader gives each its whole timeout again. */
const everyMs = 5_000
const downMs = 500

/** Starts them, and the killing once they are ready. */
export async function mortalEnsemble(): Promise<MortalEnsemble> {
  const folder = await mkdtemp(join(tmpdir(), 'conclave-compat-'))
  const own = await freePorts(6)
  const ensemble = [1, 2, 3].map((id) => ({ id, host: '127.0.0.1', port: own[id - 1] ?? 0 }))
  const ports = own.slice(3)
  const services = ensemble.map(({ id }) => {
    const zookeeper = { port: ports[id - 1] ?? 0 }
    const dir = join(folder, String(id))
    return new Service({ id, dir, ensemble, zookeeper, timing: { silentPeerMs: 1_000 } }, [])
  })
  await Promise.all(services.map((service) => service.start()))
  await until('every peer is ready', () => services.every(({ isReady }) => isReady))
  const over = new AbortController()
  const killing = killLeaders(services, over.signal)
  return {
    servers: ports.map((port) => `127.0.0.1:${String(port)}`).join(','),
    async close() {
      over.abort()
      const count = await killing.finally(async () => {
        await Promise.all(services.map((service) => service.kill()))
        await rm(folder, { recursive: true, force: true })
      })
      if (count === 0) throw new Error('no leader was killed')
      console.log(`${count} leaders were killed`)
    },
  }
}

/** One after the other, until it is over; how many. */
async function killLeaders(services: readonly Service[], over: AbortSignal): Promise<number> {
  let count = 0
  for (let waitedMs = 0; !over.aborted; waitedMs += 100) {
    await sleep(100)
    if (waitedMs < everyMs) continue
    waitedMs = 0
    const leader = await leaderOf(services)
    if (leader === undefined) continue
    await leader.kill()
    count += 1
    await sleep(downMs)
    await leader.start()
  }
  return count
}

async function leaderOf(services: readonly Service[]): Promise<Service | undefined> {
  const roles = await Promise.all(services.map(async (one) => (await one.status()).role))
  return services[roles.indexOf('leader')]
}
