/**
 * Starts a peer: store, core, links, in this order, and all of it or nothing. What it runs on is
 * handed in: disk, sockets and the machine's clock (open.ts), or memory and virtual time (testing/).
 */
import {
  CoordinationError,
  formatMembers,
  PeerCore,
  Replica,
  ReplicaBuilder,
  sameMembers,
  type Configuration,
  type PageEnd,
} from '@conclave/core/internal'
import type { Identity, Transport, TransportListener } from '@conclave/net'
import { pageCodec, type LogListener, type SnapshotSink, type Store } from '@conclave/storage'
import type { Clock } from './clock.ts'
import { Driver } from './driver.ts'
import type { Entropy } from './entropy.ts'
import { LocalPeer } from './local-peer.ts'
import type { PeerOptions } from './options.ts'

/** How a store makes a replica of what it holds. */
export interface ReplicaFactory {
  readonly sinkFactory: () => SnapshotSink<Replica>
  readonly emptyReplica: () => Replica
  readonly endOf: (replica: Replica) => PageEnd
}

/** What a peer runs on. */
export interface Surroundings {
  readonly clock: Clock
  readonly entropy: Entropy
  openStore(replicas: ReplicaFactory, listener: LogListener): Promise<Store<Replica>>
  /** `null` of a standalone peer. */
  openTransport(identity: Identity, listener: TransportListener): Promise<Transport | null>
}

/** A peer that takes part, and what drives it. */
export interface StartedPeer {
  readonly peer: LocalPeer
  readonly driver: Driver
  readonly core: PeerCore
}

/** Starts a peer, and resolves once its data is recovered and it listens. */
export async function startPeer(
  options: PeerOptions,
  surroundings: Surroundings,
): Promise<StartedPeer> {
  const { id, members, limits, timing } = options
  const { clock, entropy } = surroundings
  const peer = new LocalPeer(options, clock, entropy)
  const driver = new Driver(clock, limits, timing, peer)
  const store = await surroundings.openStore(replicasOf(driver), driver.logListener)
  try {
    const { log, snapshot, recovered } = store
    const { ensembleId, configuration } = recovered
    refuseOtherMembers(configuration, options)
    const core = new PeerCore(
      { id, members, seed: entropy.seed(), codec: pageCodec, limits, timing },
      recovered,
    )
    const identity = { id, ensembleId, configuration }
    const transport = await surroundings.openTransport(identity, driver.transportListener)
    peer.start({ driver, core, transport, closeStore: () => store.close() })
    driver.start({ core, log, snapshot, transport })
    return { peer, driver, core }
  } catch (error) {
    // Why it could not be opened is told, not what went wrong behind that.
    await store.close().catch(() => undefined)
    throw error
  }
}

/**
 * Whoever was there when an ensemble was founded lists those that founded it, until that was changed:
 * a list that was edited instead changes nothing, and would be believed to.
 */
function refuseOtherMembers(configuration: Configuration | null, options: PeerOptions): void {
  const isFounder = configuration?.members.some(({ id }) => id === options.id) === true
  if (configuration?.version !== 1 || !isFounder) return
  if (sameMembers(configuration.members, options.members)) return
  const founded = formatMembers(configuration.members)
  const listed = formatMembers(options.members)
  throw new CoordinationError(
    'CONFIG_MISMATCH',
    `the ensemble of ${options.dir} was founded with the peers ${founded}, but the options list ${listed}: list the same ids, roles, weights and groups (addresses may differ) and change them with reconfigure(), or name the directory of another ensemble`,
  )
}

function replicasOf(driver: Driver): ReplicaFactory {
  return {
    sinkFactory: () => tellingSink(driver),
    emptyReplica: () => Replica.empty(),
    endOf: (replica) => replica.end,
  }
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
