/** Directories and ports that belong to one test alone. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, type OpenOptions, type Peer } from 'conclave'
import { onTestFinished } from 'vitest'

/** Short bounds, so that what is waited for comes soon; long enough for a busy machine. */
export const timing = { heartbeatMs: 50, silentPeerMs: 1_000, electionSettleMs: 50 }

/** A new directory, removed when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'conclave-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

/** Opens a peer, and closes it when the test is over. */
export async function openPeer(options: OpenOptions): Promise<Peer> {
  const peer = await open({ timing, ...options })
  onTestFinished(() => peer.close({ timeoutMs: 1 }))
  return peer
}

/** Ports of this machine that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ports.push((server.address() as AddressInfo).port)
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** The options of every peer of an ensemble on this machine. */
export async function ensembleOptions(
  count: number,
  changes: Partial<OpenOptions> = {},
): Promise<readonly OpenOptions[]> {
  const folder = await temporaryFolder()
  const ports = await freePorts(count)
  const ensemble = ports.map((port, index) => ({ id: index + 1, host: '127.0.0.1', port }))
  return ensemble.map(({ id }) => ({
    id,
    dir: join(folder, String(id)),
    ensemble,
    secret: 'the secret of this test',
    ...changes,
  }))
}
