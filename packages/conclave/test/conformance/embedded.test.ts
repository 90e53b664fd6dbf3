/** The suite, on sessions that a peer in this process hosts. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, type Peer } from 'conclave'
import { afterAll, beforeAll } from 'vitest'
import { sessionSuite } from './session-suite.ts'

let folder: string
let peer: Peer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conclave-'))
  peer = await open({
    id: 1,
    dir: folder,
    ensemble: 'standalone',
    timing: { heartbeatMs: 50, silentPeerMs: 1_000 },
  })
  await peer.ready({ timeoutMs: 10_000 })
})

afterAll(async () => {
  await peer.close({ timeoutMs: 1_000 })
  await rm(folder, { recursive: true, force: true })
})

sessionSuite('on a peer in this process', () => ({ session: (request) => peer.session(request) }))
