/**
 * Opens a peer on this machine: options, data directory, sockets, the system's clock.
 */
import type { CoordinationError } from '@conclave/core'
import {
  openTcpTransport,
  type Identity,
  type Transport,
  type TransportListener,
} from '@conclave/net'
import { openStore, pageCodec } from '@conclave/storage'
import { systemClock } from './clock.ts'
import { systemEntropy } from './entropy.ts'
import { givenUpBefore, givenUpError, onGivingUp, type GivingUp } from './giving-up.ts'
import { resolveOptions, type OpenOptions, type PeerOptions } from './options.ts'
import type { Peer } from './peer.ts'
import { startPeer } from './start-peer.ts'
import { openZooKeeperPort } from './zookeeper-port.ts'

/**
 * Opens a peer of an ensemble in this process, and resolves once its data is recovered and it listens;
 * `peer.ready()` then waits for the others.
 *
 * Rejects with `BAD_OPTION` for options that cannot be; with `DIR_LOCKED`, `DIR_FOREIGN`, `DIR_FORMAT`
 * or `STORAGE_FAILED` when the directory cannot be used; with `CONFIG_MISMATCH` when the ensemble was
 * founded with other peers than the options list; with `LISTEN_FAILED` when the address cannot be had.
 * Nothing is left open then.
 */
export async function open(options: OpenOptions): Promise<Peer> {
  const resolved = resolveOptions(options)
  const { call, dir } = resolved
  const early = givenUpBefore(call)
  if (early !== undefined) throw openingGivenUp(early, dir)
  return new Promise((resolve, reject: (error: Error) => void) => {
    let isGivenUp = false
    const release = onGivingUp(call, systemClock, (givingUp) => {
      isGivenUp = true
      reject(openingGivenUp(givingUp, dir))
    })
    openPeer(resolved).then(
      (peer) => {
        release?.()
        resolve(peer)
        // What closing meets, the next one to open the directory meets too.
        if (isGivenUp) peer.close().catch(() => undefined)
      },
      (error: unknown) => {
        release?.()
        reject(error as Error)
      },
    )
  })
}

async function openPeer(options: PeerOptions): Promise<Peer> {
  const { dir, id } = options
  const started = await startPeer(options, {
    clock: systemClock,
    entropy: systemEntropy,
    openStore: (replicas, listener) =>
      openStore({ dir, peerId: id, codec: pageCodec, ...replicas, listener, clock: systemClock }),
    openTransport: (identity, listener) => openTransport(options, identity, listener),
  })
  const { peer } = started
  const { zookeeper } = options
  if (zookeeper === null) return peer
  try {
    await openZooKeeperPort(started, systemEntropy, options, zookeeper)
    return peer
  } catch (error) {
    await peer.close({ timeoutMs: 1 }).catch(() => undefined)
    throw error
  }
}

async function openTransport(
  { network, timing }: PeerOptions,
  identity: Identity,
  listener: TransportListener,
): Promise<Transport | null> {
  if (network === null) return null
  return openTcpTransport(
    {
      identity,
      listen: network.listen,
      peers: network.addresses,
      parsePage: (bytes) => pageCodec.parse(bytes),
      silentPeerMs: timing.silentPeerMs,
      clock: systemClock,
      ...(network.secret === null ? {} : { secret: network.secret }),
    },
    listener,
  )
}

function openingGivenUp(givingUp: GivingUp, dir: string): CoordinationError {
  const so = 'what was opened by then is closed again'
  return givenUpError(givingUp, `open ${dir}`, { outcome: 'not-applied', so })
}
