/** The endpoint for stock clients of ZooKeeper, put onto a peer: what it needs of it, and its settings. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CoordinationError,
  votersOf,
  type Member,
  type PeerCore,
  type Standing,
} from '@conclave/core/internal'
import {
  defaultEndpointLimits,
  openEndpoint,
  type DiskUse,
  type EndpointHost,
  type EndpointSettings,
  type HostStanding,
  type LeaderFigures,
} from '@conclave/zookeeper'
import type { Entropy } from './entropy.ts'
import { refuseExposure, type PeerOptions } from './options.ts'
import type { StartedPeer } from './start-peer.ts'
import type { ZooKeeperPort } from './zookeeper-options.ts'

/** Serves clients until the peer is over. Rejects with `LISTEN_FAILED`. */
export async function openZooKeeperPort(
  started: StartedPeer,
  entropy: Entropy,
  options: PeerOptions,
  zookeeper: ZooKeeperPort,
): Promise<void> {
  const { plain, secure, words, maxClientCnxns, maxConnectionsPerSecond } = zookeeper
  const endpoint = await openEndpoint(hostOf(started, entropy, options, zookeeper), {
    plain,
    secure,
    words,
    limits: {
      ...defaultEndpointLimits,
      maxAddressConnections: maxClientCnxns,
      maxConnectionsPerSecond,
    },
    minSessionTimeoutMs: zookeeper.minSessionTimeoutMs,
    maxSessionTimeoutMs: zookeeper.maxSessionTimeoutMs,
    leaderlessMs: options.timing.silentPeerMs,
    readOnlyMode: zookeeper.readOnlyMode,
    settings: settingsOf(options, zookeeper),
  })
  const { clients } = started.driver
  clients.ports = { port: endpoint.port ?? undefined, securePort: endpoint.securePort ?? undefined }
  if (secure !== null) clients.renew = (credentials) => endpoint.renew(credentials)
  clients.onGone = () => void endpoint.close()
}

function settingsOf(
  options: PeerOptions,
  { settings, maxClientCnxns }: ZooKeeperPort,
): EndpointSettings {
  const { timing, dir, network, members, id } = options
  const tickTimeMs = Number(settings['tickTime'] ?? timing.heartbeatMs)
  const limit = Math.ceil(timing.silentPeerMs / tickTimeMs)
  const isObserver = members.some((member) => member.id === id && member.role === 'observer')
  return {
    snapshotFolder: join(dir, 'snapshot'),
    logFolder: join(dir, 'log'),
    tickTimeMs,
    maxClientCnxns,
    member:
      network === null
        ? null
        : {
            initLimit: settings['initLimit'] ?? limit,
            syncLimit: settings['syncLimit'] ?? limit,
            electionAlg: 3,
            electionPort: settings['electionPort'] ?? network.listen.port,
            quorumPort: settings['quorumPort'] ?? network.listen.port,
            peerType: isObserver ? 1 : 0,
          },
  }
}

function hostOf(
  { peer, driver, core }: StartedPeer,
  entropy: Entropy,
  { id, network, dir }: PeerOptions,
  { superDigest, reconfigEnabled }: ZooKeeperPort,
): EndpointHost {
  return {
    limits: driver.limits,
    clock: driver.clock,
    superDigest,
    reconfiguration: reconfigEnabled ? { accepts: (members) => mayTalk(network, members) } : null,
    get replica() {
      return driver.replica
    },
    get standing() {
      const { standing } = peer
      return {
        id,
        isServing: standing?.ready === true,
        mode: network === null ? 'standalone' : modeOf(standing),
        epoch: standing?.epoch ?? 0,
        phase: standing?.phase ?? 'election',
      }
    },
    get watches() {
      return core.wireWatches
    },
    diskUse: () => diskUse(dir),
    leaderFigures: () => {
      const isLeader = network !== null && peer.standing?.role === 'leader'
      return isLeader ? leaderFigures(core) : null
    },
    nextCall: () => driver.nextCall(),
    submit: (event) => driver.submit(event),
    openReadOnlySession: (open) => driver.clients.openReadOnly(open),
    requestSession: (timeoutMs, password, asker) => driver.clients.ask(timeoutMs, password, asker),
    moveSession: (session, replaces, asker) => driver.clients.move(session, replaces, asker),
    fail: (cause) => driver.fail(cause),
    password: () => entropy.password(),
  }
}

/** Members that would talk beyond this machine without a secret are no better for being asked for. */
function mayTalk(network: PeerOptions['network'], members: readonly Member[]): boolean {
  try {
    if (network !== null) refuseExposure(network, members)
    return true
  } catch (error) {
    if (error instanceof CoordinationError) return false
    throw error
  }
}

function modeOf(standing: Standing | undefined): HostStanding['mode'] {
  if (standing?.membership === 'observer') return 'observer'
  return standing?.role === 'leader' ? 'leader' : 'follower'
}

function leaderFigures(core: PeerCore): LeaderFigures {
  const voters = votersOf(core.inspect().configuration?.members ?? [])
  const synced = core.syncedLearners
  const followerCount = synced.filter((peer) => voters.includes(peer)).length
  const observerCount = synced.length - followerCount
  return { followerCount, observerCount, voterCount: voters.length }
}

async function diskUse(dir: string): Promise<DiskUse> {
  const [snapshotBytes, logBytes] = await Promise.all([
    bytesIn(join(dir, 'snapshot')),
    bytesIn(join(dir, 'log')),
  ])
  return { snapshotBytes, logBytes }
}

/** The sizes of all files in a folder; what is deleted meanwhile does not count. */
async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  const sizes = entries.map(async (entry) => {
    if (!entry.isFile()) return 0
    return stat(join(entry.parentPath, entry.name)).then(
      ({ size }) => size,
      () => 0,
    )
  })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
