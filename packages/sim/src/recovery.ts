/** What a start reads back from log and snapshot, and when it takes the snapshot for damaged. */
import {
  formatZxid,
  type EnsembleId,
  type RecoveredState,
  type Zxid,
} from '@conclave/core/internal'
import type { LogImage } from './log-image.ts'
import type { Machine } from './machine.ts'
import type { StoredSnapshot } from './stored-snapshot.ts'
import { demand, Violation } from './violation.ts'

/**
 * What the peer begins with; `ensembleId` is what else is known of whose it is. Demands that log and
 * snapshot belong together (D2).
 */
export function recover(
  log: LogImage,
  stored: StoredSnapshot | null,
  machine: Machine,
  ensembleId: EnsembleId,
): RecoveredState {
  const summary = stored?.summary ?? null
  const configuration = log.configuration ?? summary?.configuration ?? null
  let replica = machine.emptyReplica()
  if (stored !== null && summary !== null) {
    demand(
      log.end.last >= summary.end.last && log.holds(summary.end),
      'D2',
      () => `the log ends at ${formatZxid(log.end.last)}, below its snapshot`,
    )
    const sink = machine.createReplicaSink()
    sink.add(stored.records())
    replica = sink.finish(summary)
  }
  const applied = summary?.end.last ?? (0 as Zxid)
  demand(applied >= log.start.last, 'D2', () => 'the log begins behind its snapshot')
  return {
    acceptedEpoch: log.acceptedEpoch,
    acceptedLeader: log.acceptedLeader,
    currentEpoch: log.currentEpoch,
    ensembleId: configuration?.ensembleId ?? ensembleId,
    configuration,
    replica,
    logStart: log.start,
    pageEnds: log.pages.map(({ last, crc }) => ({ last, crc })),
    pageBytes: log.pages.reduce((sum, { bytes }) => sum + bytes.length, 0),
    history: log.between(applied, log.end.last),
    damaged: log.damaged,
  }
}

/** How a start finds out that a snapshot has gone bad; `null` of a sound one. */
export function damageOf(snapshot: StoredSnapshot | null, machine: Machine): string | null {
  if (snapshot?.isRotten !== true || snapshot.summary === null) return null
  if (snapshot.isUnreadable) return 'a record of the snapshot does not bear its checksum'
  try {
    const sink = machine.createReplicaSink()
    sink.add(snapshot.records())
    sink.finish(snapshot.summary)
  } catch (error) {
    return String(error)
  }
  throw new Violation('D2', 'a snapshot that had gone bad was taken for sound')
}
