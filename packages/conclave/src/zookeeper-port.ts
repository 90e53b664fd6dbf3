/** The endpoint for stock clients of ZooKeeper, put onto a peer: what it needs of it, and its settings. */
import type { Standing } from '@conclave/core/internal'
import {
  defaultEndpointLimits,
  openEndpoint,
  type EndpointHost,
  type HostStanding,
} from '@conclave/zookeeper'
import type { Entropy } from './entropy.ts'
import type { PeerOptions } from './options.ts'
import type { StartedPeer } from './start-peer.ts'
import { maxSessionTimeoutMs, minSessionTimeoutMs } from './session-options.ts'
import type { ZooKeeperPort } from './zookeeper-options.ts'

/** Serves clients until the peer is over. Rejects with `LISTEN_FAILED`. */
export async function openZooKeeperPort(
  started: StartedPeer,
  entropy: Entropy,
  options: PeerOptions,
  { host, port, words, maxClientCnxns }: ZooKeeperPort,
): Promise<void> {
  const { timing, dir, id } = options
  const minMs = minSessionTimeoutMs(timing)
  const endpoint = await openEndpoint(hostOf(started, entropy, options), {
    host,
    port,
    words,
    limits: { ...defaultEndpointLimits, maxAddressConnections: maxClientCnxns },
    minSessionTimeoutMs: minMs,
    maxSessionTimeoutMs,
    leaderlessMs: timing.silentPeerMs,
    settings: {
      clientPortAddress: host,
      dataDir: dir,
      serverId: id,
      tickTime: timing.heartbeatMs,
      maxClientCnxns,
      minSessionTimeout: minMs,
      maxSessionTimeout: maxSessionTimeoutMs,
    },
  })
  started.driver.clients.onGone = () => void endpoint.close()
}

function hostOf(
  { peer, driver }: StartedPeer,
  entropy: Entropy,
  { id, network }: PeerOptions,
): EndpointHost {
  return {
    limits: driver.limits,
    clock: driver.clock,
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
      }
    },
    nextCall: () => driver.nextCall(),
    submit: (event) => driver.submit(event),
    requestSession: (timeoutMs, password, asker) => driver.clients.ask(timeoutMs, password, asker),
    fail: (cause) => driver.fail(cause),
    password: () => entropy.password(),
  }
}

function modeOf(standing: Standing | undefined): HostStanding['mode'] {
  if (standing?.membership === 'observer') return 'observer'
  return standing?.role === 'leader' ? 'leader' : 'follower'
}
