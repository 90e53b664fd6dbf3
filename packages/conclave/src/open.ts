/**
 * Opens a peer: options, data directory, core, links, in this order, and all of it or nothing.
 */
import {
  CoordinationError,
  formatMembers,
  PeerCore,
  Replica,
  ReplicaBuilder,
  sameMembers,
  type Configuration,
} from '@conclave/core/internal'
import { openTcpTransport, type Transport } from '@conclave/net'
import { openStore, pageCodec, type SnapshotSink } from '@conclave/storage'
import { systemClock } from './clock.ts'
import { Driver } from './driver.ts'
import { drawSeed } from './entropy.ts'
import { givenUpBefore, givenUpError, onGivingUp, type GivingUp } from './giving-up.ts'
import { LocalPeer } from './local-peer.ts'
import { resolveOptions, type OpenOptions, type PeerOptions } from './options.ts'
import type { Peer } from './peer.ts'

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
  const { id, dir, members, limits, timing } = options
  const peer = new LocalPeer(options, systemClock)
  const driver = new Driver(systemClock, limits, timing, peer)
  const store = await openStore({
    dir,
    peerId: id,
    codec: pageCodec,
    sinkFactory: () => tellingSink(driver),
    emptyReplica: () => Replica.empty(),
    endOf: (replica) => replica.end,
    listener: driver.logListener,
    clock: systemClock,
  })
  try {
    const { log, snapshot, recovered } = store
    refuseOtherMembers(recovered.configuration, options)
    const core = new PeerCore(
      { id, members, seed: drawSeed(), codec: pageCodec, limits, timing },
      recovered,
    )
    const transport = await openTransport(options, recovered.configuration, driver)
    peer.start({ driver, core, transport, closeStore: () => store.close() })
    driver.start({ core, log, snapshot, transport })
    return peer
  } catch (error) {
    await store.close()
    throw error
  }
}

async function openTransport(
  { id, network, timing }: PeerOptions,
  configuration: Configuration | null,
  driver: Driver,
): Promise<Transport | null> {
  if (network === null) return null
  return openTcpTransport(
    {
      identity: { id, ensembleId: configuration?.ensembleId ?? 0, configuration },
      listen: network.listen,
      peers: network.addresses,
      parsePage: (bytes) => pageCodec.parse(bytes),
      silentPeerMs: timing.silentPeerMs,
      clock: systemClock,
      ...(network.secret === null ? {} : { secret: network.secret }),
    },
    driver.transportListener,
  )
}

/** Ids and roles are the ensemble's, and were settled when it was founded. */
function refuseOtherMembers(configuration: Configuration | null, options: PeerOptions): void {
  if (configuration === null || sameMembers(configuration.members, options.members)) return
  const founded = formatMembers(configuration.members)
  const listed = formatMembers(options.members)
  throw new CoordinationError(
    'CONFIG_MISMATCH',
    `the ensemble of ${options.dir} was founded with the peers ${founded}, but the options list ${listed}: list the same ids and roles (addresses may differ), or name the directory of another ensemble`,
  )
}

function openingGivenUp(givingUp: GivingUp, dir: string): CoordinationError {
  const so = 'what was opened by then is closed again'
  return givenUpError(givingUp, `open ${dir}`, { outcome: 'not-applied', so })
}

/** Loads a replica, and lets the core know that a long load gets on. */
function tellingSink(driver: Driver): SnapshotSink<Replica> {
  const builder = new ReplicaBuilder()
  return {
    add(records) {
      builder.add(records)
      driver.onStoreProgress()
    },
    finish: (summary) => builder.finish(summary),
  }
}
