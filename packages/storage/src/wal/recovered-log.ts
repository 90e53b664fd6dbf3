/** What a log tells of itself when it is opened, drawn from what its records come to. */
import type { PageEnd } from '@conclave/core/internal'
import type { RecoveredLog } from '../log.ts'
import type { LogState } from './log-state.ts'

/** What a log held, and the name of the snapshot that belongs to it. */
export interface RecoveredWriteAheadLog extends RecoveredLog {
  readonly snapshotDirectory: string | null
}

export function recoveredOf(
  state: LogState,
  start: PageEnd,
  pageEnds: readonly PageEnd[],
  pageBytes: number,
): RecoveredWriteAheadLog {
  return {
    acceptedEpoch: state.acceptedEpoch,
    acceptedLeader: state.acceptedLeader,
    currentEpoch: state.currentEpoch,
    configuration: state.configurations.at(-1)?.configuration ?? null,
    installed: state.installed,
    start,
    pageEnds,
    pageBytes,
    damaged: state.damaged,
    snapshotDirectory: state.snapshotDirectory,
  }
}
