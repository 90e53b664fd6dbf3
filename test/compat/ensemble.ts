/** Three peers of this process, each with a port for clients of ZooKeeper. */
import { open, type Peer } from 'conclave'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../processes/free-ports.ts'

export interface ServingEnsemble {
  readonly peers: readonly Peer[]
  /** Of each peer. */
  readonly ports: readonly number[]
  /** As clients are told: `host:port,host:port,…`. */
  readonly servers: string
  close(): Promise<void>
}

/** Starts them, and resolves once they are ready. */
export async function servingEnsemble(): Promise<ServingEnsemble> {
  const folder = await mkdtemp(join(tmpdir(), 'conclave-compat-'))
  const own = await freePorts(6)
  const ensemble = [1, 2, 3].map((id) => ({ id, host: '127.0.0.1', port: own[id - 1] ?? 0 }))
  const ports = own.slice(3)
  const peers = await Promise.all(
    ensemble.map(({ id }) =>
      open({
        id,
        dir: join(folder, String(id)),
        ensemble,
        timing: { silentPeerMs: 1_000 },
        zookeeper: { port: ports[id - 1] ?? 0, fourLetterWords: ['ruok', 'srvr', 'envi', 'isro'] },
      }),
    ),
  )
  await Promise.all(peers.map((peer) => peer.ready({ timeoutMs: 30_000 })))
  return {
    peers,
    ports,
    servers: ports.map((port) => `127.0.0.1:${String(port)}`).join(','),
    async close() {
      await Promise.all(peers.map((peer) => peer.close({ timeoutMs: 1_000 })))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
