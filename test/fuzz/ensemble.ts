/**
 * What is fuzzed: three peers of this process, as an application would open them, each with its port for
 * clients; and what is known of them: whether one has failed, and how much memory there is.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, type Peer, type Session } from 'conclave'
import { freePorts } from '../processes/free-ports.ts'

export const secret = 'the secret of the fuzzer'
export const witnessPath = '/fuzz-witness'
const mib = 1024 * 1024
/** So that whatever is kept for a while is at its bound soon. */
const limits = {
  maxWindowBytes: mib,
  maxRetainedBytes: 4 * mib,
  checkpointLogBytes: 4 * mib,
  maxRecentChanges: 1_024,
  maxRecentBytes: mib,
}

export class FuzzedEnsemble {
  readonly peers: readonly Peer[]
  /** Of each peer: for clients, for peers. */
  readonly clientPorts: readonly number[]
  readonly peerPorts: readonly number[]
  readonly failures: string[] = []
  /** How often a peer has come to another role: no client should be able to bring that about. */
  readonly roles: string[] = []
  readonly #folder: string
  readonly #session: Session

  constructor(
    peers: readonly Peer[],
    clientPorts: readonly number[],
    peerPorts: readonly number[],
    folder: string,
    session: Session,
  ) {
    this.peers = peers
    this.clientPorts = clientPorts
    this.peerPorts = peerPorts
    this.#folder = folder
    this.#session = session
    for (const peer of peers) {
      peer.on('role', (role, epoch) => {
        this.roles.push(`peer ${peer.id} is ${role} of epoch ${epoch}: ${peer.status().reason}`)
      })
      peer.on('failed', (error, record) => {
        const cause = error.cause instanceof Error ? error.cause.stack : ''
        this.failures.push(
          `peer ${peer.id}: ${error.message}\n${cause ?? ''}\n${record.join('\n')}`,
        )
      })
    }
  }

  static async start(): Promise<FuzzedEnsemble> {
    const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'fuzz-'))
    const ports = await freePorts(6)
    const peerPorts = ports.slice(0, 3)
    const clientPorts = ports.slice(3)
    const ensemble = peerPorts.map((port, index) => ({ id: index + 1, host: '127.0.0.1', port }))
    const peers = await Promise.all(
      ensemble.map(({ id }) =>
        open({
          id,
          dir: join(folder, String(id)),
          ensemble,
          secret,
          limits,
          zookeeper: { port: clientPorts[id - 1] ?? 0, maxClientCnxns: 0, fourLetterWords: ['*'] },
        }),
      ),
    )
    await Promise.all(peers.map((peer) => peer.ready({ timeoutMs: 30_000 })))
    const session = await (peers[0] as Peer).session({ superuser: true })
    return new FuzzedEnsemble(peers, clientPorts, peerPorts, folder, session)
  }

  /** Deletes what frames have left behind. */
  async clean(): Promise<void> {
    for (const parent of ['/', '/zookeeper', '/zookeeper/quota']) {
      for (const name of await this.#session.children(parent)) {
        const path = `${parent === '/' ? '' : parent}/${name}`
        if (['/zookeeper', '/zookeeper/quota', '/zookeeper/config', witnessPath].includes(path)) {
          continue
        }
        await this.#session.delete(path, { recursive: true }).catch(() => undefined)
      }
    }
  }

  async close(): Promise<void> {
    await this.#session.close()
    await Promise.all(this.peers.map((peer) => peer.close({ timeoutMs: 1_000 })))
    await rm(this.#folder, { recursive: true, force: true })
  }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** What is in use behind a collection, in MiB: the heap, and what lies beside it. */
export function usedMiB(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / mib
}
