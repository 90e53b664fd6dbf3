/**
 * The leader's judgement of a change of the ensemble: one at a time, only of the configuration that
 * the caller knew, and only to one whose quorum is here already, synced: it could not commit its own
 * txn otherwise. The reasons are tried in ZooKeeper's order.
 *
 * Not here: when it is in force, and by whom it is committed, which is agreement's
 * (ensemble/configurations.ts).
 */
import { flawOf, type Configuration, type Member } from '../ensemble/configuration.ts'
import type { ErrorCode } from '../errors.ts'
import { anyVersion, type Reconfiguration } from './request.ts'

/** What a change is judged by. */
export interface ReconfigurationFacts {
  /** The last configuration that was applied. */
  readonly current: Configuration
  /** A change was proposed before and is not applied. */
  readonly isUnderWay: boolean
  readonly hasSyncedQuorum: (members: readonly Member[]) => boolean
  /** Whoever asks may write to `/zookeeper/config`. */
  readonly mayWrite: boolean
}

/** The configuration that the request comes to, or the code to refuse it with. */
export function judgeReconfiguration(
  { members, version }: Reconfiguration,
  { current, isUnderWay, hasSyncedQuorum, mayWrite }: ReconfigurationFacts,
): Configuration | ErrorCode {
  if (isUnderWay) return 'RECONFIG_IN_PROGRESS'
  if (version !== anyVersion && version !== current.version) return 'BAD_VERSION'
  if (flawOf(members) !== null) return 'BAD_ARGUMENT'
  if (!hasSyncedQuorum(members)) return 'NEW_CONFIG_NO_QUORUM'
  if (!mayWrite) return 'NO_AUTH'
  return {
    ensembleId: current.ensembleId,
    version: current.version + 1,
    members: [...members].sort((a, b) => a.id - b.id),
  }
}
