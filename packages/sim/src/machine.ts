/**
 * The machine that is simulated, as the simulator makes it: the real core, or one with a planted bug.
 */
import {
  PeerCore,
  Replica,
  ReplicaBuilder,
  type PageCodec,
  type PeerCoreOptions,
  type RecoveredState,
  type SnapshotRecord,
  type SnapshotSummary,
} from '@conclave/core/internal'

/** Takes the records of a snapshot, then judges the whole. */
export interface ReplicaSink {
  add(records: readonly SnapshotRecord[]): void
  /** Throws when digest or counts of what was added are not those of `summary`. */
  finish(summary: SnapshotSummary): Replica
}

/** As much of a peer as a simulation drives. */
export type SimulatedCore = Pick<PeerCore, 'step' | 'inspect' | 'replica' | 'sessionDeadlineMs'>

/** How peers are made. */
export interface Machine {
  readonly codec: PageCodec
  createCore(options: PeerCoreOptions, recovered: RecoveredState): SimulatedCore
  createReplicaSink(): ReplicaSink
  /** The state before the first txn. */
  emptyReplica(): Replica
}

/** The core as it is. */
export function realMachine(codec: PageCodec): Machine {
  return {
    codec,
    createCore: (options, recovered) => new PeerCore(options, recovered),
    createReplicaSink: () => new ReplicaBuilder(),
    emptyReplica: () => Replica.empty(),
  }
}
