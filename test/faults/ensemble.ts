/**
 * Three peers as processes of their own, on a network and on disks that can be disturbed, under load
 * from clients inside each process. Everything that it makes (processes, namespaces, mounts, files)
 * it knows by pid, name or path, and takes away again.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../processes/waiting.ts'
import { Namespaces } from './namespaces.ts'
import { openLoopback, type Network, type NetworkType } from './network.ts'
import { PeerProcess } from './peer-process.ts'
import { Proxies } from './proxies.ts'
import type { OpenOptions, ServiceOptions } from './service.ts'
import { compileShim, Shim } from './shim.ts'

/** What an ensemble is like. */
export interface EnsembleShape {
  readonly network: NetworkType
  /** Loads shim.c into the services. */
  readonly shim?: boolean
  /** Puts each directory on a file system of its own, of this size. Needs root. */
  readonly diskMib?: number
  readonly valueBytes?: number
  readonly limits?: OpenOptions['limits']
}

export interface EnsembleOptions extends EnsembleShape {
  readonly seed: number
  readonly say: (line: string) => void
}

export const peerIds = [1, 2, 3] as const
/** Short, so that many faults fit into a run; the same relation to each other as the defaults. */
export const timing = { silentPeerMs: 1_000 } as const
export const sessionTimeoutMs = 4_000
/** Checkpoints and SNAPs are to happen while something else goes wrong. */
const smallLimits: OpenOptions['limits'] = {
  checkpointZnodes: 200,
  checkpointMs: 2_000,
  maxRetainedBytes: 256 * 1024,
  maxWindowBytes: 128 * 1024,
}

let madeCount = 0
const open = new Set<Ensemble>()

/** Ends what is still there, whatever was going on. */
export async function endEnsembles(): Promise<void> {
  await Promise.all([...open].map((ensemble) => ensemble.end()))
}

export class Ensemble {
  readonly network: Network
  /** What no fault excuses. */
  readonly violations: string[] = []
  readonly say: (line: string) => void
  readonly #peers: PeerProcess[] = []
  readonly #options: EnsembleOptions
  readonly #directory: string
  readonly #mounts: string[] = []

  /** For `found`. */
  constructor(options: EnsembleOptions, directory: string, network: Network) {
    this.#options = options
    this.say = options.say
    this.#directory = directory
    this.network = network
    open.add(this)
  }

  /** Three peers, founded, ready and prepared for the clients. */
  static async found(options: EnsembleOptions): Promise<Ensemble> {
    madeCount += 1
    const directory = mkdtempSync(join(process.env['FAULTS_DIR'] ?? tmpdir(), 'conclave-faults-'))
    const network = await openNetwork(options.network, options.seed)
    const ensemble = new Ensemble(options, directory, network)
    try {
      ensemble.#makePeers()
      await Promise.all(ensemble.peers.map((peer) => peer.start()))
      await ensemble.ready()
      await ensemble.peers[0]?.prepare()
      return ensemble
    } catch (error) {
      await ensemble.end()
      throw error
    }
  }

  #makePeers(): void {
    const library = join(this.#directory, 'shim.so')
    if (this.#options.shim === true) compileShim(library)
    for (const id of peerIds) {
      const home = join(this.#directory, String(id))
      mkdirSync(home)
      this.#mount(home)
      // Not the mount itself: what is renamed in it must stay in it.
      const dir = join(home, 'peer')
      const orders = join(this.#directory, `orders-${id}`)
      const peer = new PeerProcess({
        id,
        dir,
        optionsOf: (start) => this.#serviceOptions(id, dir, start),
        command: this.network.commandOf(id),
        shim: this.#options.shim === true ? new Shim(library, orders, dir) : undefined,
        keepIn: this.#directory,
        onViolation: (what) => this.violations.push(what),
      })
      this.#peers.push(peer)
    }
  }

  #mount(directory: string): void {
    const { diskMib } = this.#options
    if (diskMib === undefined) return
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMib}m`, 'tmpfs', directory])
    this.#mounts.push(directory)
  }

  #serviceOptions(id: number, dir: string, start: number): ServiceOptions {
    const { seed, limits, valueBytes = 0 } = this.#options
    return {
      open: {
        id,
        dir,
        thread: 'inline',
        timing,
        limits: { ...smallLimits, ...limits },
        ...this.network.optionsOf(id),
      },
      workload: { seed: seed * 64 + id * 16 + start, sessionTimeoutMs, valueBytes, thinkMs: 12 },
      recording: join(this.#directory, `recording-${id}-${start}.jsonl`),
    }
  }

  get peers(): readonly PeerProcess[] {
    return this.#peers
  }

  get up(): readonly PeerProcess[] {
    return this.peers.filter((peer) => peer.isUp)
  }

  get namespaces(): Namespaces {
    if (this.network instanceof Namespaces) return this.network
    throw new Error('this ensemble has no namespaces')
  }

  get proxies(): Proxies {
    if (this.network instanceof Proxies) return this.network
    throw new Error('this ensemble has no proxies')
  }

  others(peer: PeerProcess): readonly PeerProcess[] {
    return this.peers.filter((one) => one !== peer)
  }

  /** Starts the peer again, and its clients. */
  async start(peer: PeerProcess): Promise<void> {
    await peer.start()
    if (peer.refusal !== undefined) {
      const { code, message } = peer.refusal
      throw new Error(`peer ${peer.id} does not open: ${code}: ${message}`)
    }
    if (peer.damaged !== undefined) this.say(`peer ${peer.id} opens damaged: ${peer.damaged}`)
    await peer.begin()
  }

  /** Every peer is synced with a leader, and no damage is left. */
  async ready(deadlineMs = 40_000): Promise<void> {
    const told = new Map<number, string>()
    const isReady = async (peer: PeerProcess): Promise<boolean> => {
      const status = await peer.status(2_000).catch(() => undefined)
      const { role, epoch, lastApplied, reason, damaged, refusals } = status ?? {}
      told.set(peer.id, JSON.stringify({ role, epoch, lastApplied, reason, damaged, refusals }))
      return status?.ready === true && status.damaged === undefined
    }
    try {
      await until(
        'every peer is ready',
        async () => (await Promise.all(this.peers.map(isReady))).every((one) => one),
        deadlineMs,
      )
    } catch (error) {
      for (const [id, status] of told) this.say(`peer ${id} says ${status}`)
      throw error
    }
  }

  /** The established leader, among those that answer. */
  async leader(among: readonly PeerProcess[] = this.up, deadlineMs = 20_000): Promise<PeerProcess> {
    let leader: PeerProcess | undefined
    const isLeader = async (peer: PeerProcess): Promise<boolean> => {
      const status = await peer.status(1_000).catch(() => undefined)
      return status?.role === 'leader' && status.ready
    }
    await until(
      'there is a leader',
      async () => {
        const leads = await Promise.all(among.map(isLeader))
        leader = among[leads.indexOf(true)]
        return leader !== undefined
      },
      deadlineMs,
    )
    if (leader === undefined) throw new Error('there is no leader')
    return leader
  }

  async follower(): Promise<PeerProcess> {
    const leader = await this.leader()
    let follower: PeerProcess | undefined
    await until('there is a follower', async () => {
      const others = this.others(leader)
      const statuses = await Promise.all(others.map((peer) => peer.status()))
      follower = others[statuses.findIndex(({ role, ready }) => role === 'follower' && ready)]
      return follower !== undefined
    })
    if (follower === undefined) throw new Error('there is no follower')
    return follower
  }

  /** All peers stand at the same zxid with the same digest. Says at which. */
  async converged(deadlineMs = 30_000): Promise<number> {
    let lastApplied = 0
    await until(
      'all peers have the same state',
      async () => {
        const statuses = await Promise.all(this.peers.map((peer) => peer.status()))
        const [first] = statuses
        lastApplied = first?.lastApplied ?? 0
        return statuses.every(
          (status) => status.lastApplied === lastApplied && status.digest === first?.digest,
        )
      },
      deadlineMs,
    )
    return lastApplied
  }

  get recordings(): readonly string[] {
    return this.peers.flatMap((peer) => peer.recordings)
  }

  /** Ends every process and takes everything away. Says where the files are that it keeps. */
  async end(keepsFiles = false): Promise<string | undefined> {
    if (!open.delete(this)) return undefined
    for (const peer of this.peers) peer.signal('SIGCONT')
    await Promise.all(this.peers.map((peer) => peer.kill()))
    for (const peer of this.peers) peer.shim?.close()
    await this.network.close()
    for (const mount of this.#mounts) execFileSync('umount', [mount])
    if (!keepsFiles) rmSync(this.#directory, { recursive: true, force: true })
    return keepsFiles ? this.#directory : undefined
  }
}

async function openNetwork(type: NetworkType, seed: number): Promise<Network> {
  switch (type) {
    case 'loopback':
      return openLoopback(peerIds)
    case 'proxies':
      return Proxies.open(peerIds, seed)
    case 'namespaces':
      return new Namespaces(`conclave${process.pid}.${madeCount}`, peerIds)
  }
}
