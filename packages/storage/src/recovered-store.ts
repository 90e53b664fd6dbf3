/**
 * What log and snapshot together come to when a peer starts: the state that the snapshot holds, and
 * the history behind it, which is not state until a new epoch commits it.
 *
 * Invariant Z17: the snapshot stands where the log begins or where a page of it ends.
 */
import {
  formatZxid,
  samePageEnd,
  type Configuration,
  type EnsembleId,
  type Page,
  type PageEnd,
  type PeerId,
} from '@conclave/core/internal'
import type { Log } from './log.ts'
import { DamageError, type Snapshot } from './snapshot.ts'

/** What a store held when it was opened: the core's `RecoveredState`, for any kind of replica. */
export interface RecoveredStore<T> {
  readonly acceptedEpoch: number
  readonly acceptedLeader: PeerId
  readonly currentEpoch: number
  /** The ensemble that the store belongs to: known to a damaged one too. 0 before founding. */
  readonly ensembleId: EnsembleId
  readonly configuration: Configuration | null
  /** As the snapshot has it, or the empty one. */
  readonly replica: T
  /** The page end behind which the log's pages begin. */
  readonly logStart: PageEnd
  /** The end of every page in the log, in order. */
  readonly pageEnds: readonly PageEnd[]
  /** What all these pages weigh together. */
  readonly pageBytes: number
  /** The pages behind the replica's end. */
  readonly history: readonly Page[]
  /** Why the store before this one was set aside, until healed. */
  readonly damaged: string | null
}

/** What a replica is made from when there is no snapshot yet, and where it stands. */
export interface ReplicaKind<T> {
  readonly emptyReplica: () => T
  readonly endOf: (replica: T) => PageEnd
}

/** How much of the history is read at a time. */
const maxReadBytes = 2 * 1024 * 1024

/** Reads everything that a start needs. Throws `DamageError` when log and snapshot do not fit. */
export async function recoverStore<T>(
  log: Log,
  snapshot: Snapshot<T>,
  kind: ReplicaKind<T>,
  ensembleId: EnsembleId,
): Promise<RecoveredStore<T>> {
  const { start, pageEnds, ...rest } = log.recovered
  const replica = (await snapshot.load()) ?? kind.emptyReplica()
  const end = kind.endOf(replica)
  assertStandsIn(end, start, pageEnds)
  const history: Page[] = []
  let after = end.last
  while (true) {
    const pages = await log.read(after, maxReadBytes)
    const last = pages.at(-1)
    if (last === undefined) break
    history.push(...pages)
    after = last.last
  }
  return {
    acceptedEpoch: rest.acceptedEpoch,
    acceptedLeader: rest.acceptedLeader,
    currentEpoch: rest.currentEpoch,
    ensembleId,
    configuration: rest.configuration,
    replica,
    logStart: start,
    pageEnds,
    pageBytes: rest.pageBytes,
    history,
    damaged: rest.damaged,
  }
}

/** Throws `DamageError` unless the snapshot stands where the log begins or where a page of it ends. */
function assertStandsIn(end: PageEnd, start: PageEnd, pageEnds: readonly PageEnd[]): void {
  if ([start, ...pageEnds].some((one) => samePageEnd(one, end))) return
  const last = pageEnds.at(-1) ?? start
  const stands = `the snapshot stands at ${formatZxid(end.last)}`
  if (end.last < start.last) {
    throw new DamageError(`${stands}, but the log only begins at ${formatZxid(start.last)}`)
  }
  if (end.last > last.last) {
    throw new DamageError(`${stands}, but the log ends at ${formatZxid(last.last)} already`)
  }
  throw new DamageError(`${stands}, which is not in the history that the log holds`)
}
