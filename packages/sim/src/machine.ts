/**
 * The machine that is simulated, as the simulator makes it: the real core, or one with a planted bug.
 */
import {
  PeerCore,
  Replica,
  ReplicaBuilder,
  type Effect,
  type Event,
  type InvariantError,
  type PageCodec,
  type PeerCoreOptions,
  type PeerId,
  type RecoveredState,
  type SnapshotRecord,
  type SnapshotSummary,
} from '@conclave/core/internal'
import { Violation } from './violation.ts'

/** Takes the records of a snapshot, then judges the whole. */
export interface ReplicaSink {
  add(records: readonly SnapshotRecord[]): void
  /** Throws when digest or counts of what was added are not those of `summary`. */
  finish(summary: SnapshotSummary): Replica
}

/** As much of a peer as a simulation drives. */
export type SimulatedCore = Pick<
  PeerCore,
  'step' | 'inspect' | 'replica' | 'recent' | 'sessionDeadlineMs'
>

/** How peers are made. */
export interface Machine {
  readonly codec: PageCodec
  /** A planted bug of the driver: what the disk refuses is taken for done. */
  readonly ignoresStorageFailures?: boolean
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

/** Has the core take a step. What it throws is a violation, named as its message names it. */
export function stepCore(
  core: SimulatedCore,
  events: readonly Event[],
  peer: PeerId,
): readonly Effect[] {
  try {
    return core.step(events)
  } catch (error) {
    if (error instanceof Violation) throw error
    const broken = error as InvariantError
    const name = /^([A-Z]\d+): /.exec(broken.message)?.[1] ?? 'ASSERT'
    throw new Violation(name, `peer ${peer} throws ${String(error)}`, error)
  }
}
