/** The suite, on sessions that are connected to the port of a peer. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, open, type Peer } from 'conclave'
import { afterAll, beforeAll } from 'vitest'
import { freePorts } from '../workspace.ts'
import { sessionSuite } from './session-suite.ts'

let folder: string
let peer: Peer
let servers: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conclave-'))
  const [port = 0] = await freePorts(1)
  servers = `zk://127.0.0.1:${String(port)}`
  peer = await open({
    id: 1,
    dir: folder,
    ensemble: 'standalone',
    timing: { heartbeatMs: 50, silentPeerMs: 1_000 },
    zookeeper: { port },
  })
  await peer.ready({ timeoutMs: 10_000 })
})

afterAll(async () => {
  await peer.close({ timeoutMs: 1_000 })
  await rm(folder, { recursive: true, force: true })
})

sessionSuite("connected to a peer's port", () => ({
  session: (request) => connect(servers, { ...request, timeoutMs: 10_000 }),
}))
