/**
 * What a sequence of log records comes to: the promises, the configurations, where the history
 * begins and ends. A pure fold, used three times: to refuse what does not belong behind what is
 * there, to restate everything in the header of a segment, and to recover.
 *
 * Not here: the pages themselves and where they lie (page-index.ts).
 *
 * Invariants: Z2 the epochs never decrease, and none is joined that was not promised; Z5 a page
 * follows the one it names; Z18 a truncate takes back a configuration that came behind it.
 */
import {
  formatZxid,
  noPage,
  sameMembers,
  samePageEnd,
  type Configuration,
  type LogRecord,
  type PageEnd,
  type PeerId,
  type Zxid,
} from '@conclave/core/internal'

/** A configuration, and the last page before it: a truncate below that page takes it back. */
export interface PlacedConfiguration {
  readonly configuration: Configuration
  readonly after: Zxid
}

export interface LogState {
  readonly acceptedEpoch: number
  readonly acceptedLeader: PeerId
  readonly currentEpoch: number
  /** Those that were said to be committed, oldest first. At most `maxConfigurations`. */
  readonly configurations: readonly PlacedConfiguration[]
  /** The end of the last page. */
  readonly tail: PageEnd
  readonly installed: PageEnd | null
  /** The name of the snapshot's directory; `null` where nobody told the log. */
  readonly snapshotDirectory: string | null
  readonly damaged: string | null
}

/** The received snapshot, with what a restart must know of it and a `LogRecord` does not say. */
export interface InstalledRecord {
  readonly type: 'snapshot-installed'
  readonly at: PageEnd
  /** The directory that holds it; absent where the snapshot is not kept in one. */
  readonly directory?: string | null
  /** In force at `at`; absent or `null` when the snapshot is from before founding. */
  readonly configuration?: Configuration | null
}

/** A record as it is appended: a `LogRecord`, or the richer form of `snapshot-installed`. */
export type AppendedRecord = Exclude<LogRecord, { type: 'snapshot-installed' }> | InstalledRecord

/** The last one, and some that a truncate can fall back to. */
const maxConfigurations = 4

export const emptyLogState: LogState = {
  acceptedEpoch: 0,
  acceptedLeader: 0,
  currentEpoch: 0,
  configurations: [],
  tail: noPage,
  installed: null,
  snapshotDirectory: null,
  damaged: null,
}

/** Why the record does not belong behind what the state was made from, or `null` when it does. */
export function refusalOf(state: LogState, record: AppendedRecord): string | null {
  switch (record.type) {
    case 'page': {
      const { page } = record
      const before = { last: page.previousLast, crc: page.previousCrc }
      if (samePageEnd(before, state.tail)) return null
      const named = `page ${formatZxid(page.first)} follows ${formatPageEnd(before)}`
      return `Z5: ${named}, but the log ends at ${formatPageEnd(state.tail)}`
    }
    case 'accepted-epoch':
      if (record.epoch >= state.acceptedEpoch) return null
      return `Z2: acceptedEpoch falls from ${state.acceptedEpoch} to ${record.epoch}`
    case 'current-epoch':
      if (record.epoch < state.currentEpoch) {
        return `Z2: currentEpoch falls from ${state.currentEpoch} to ${record.epoch}`
      }
      if (record.epoch <= state.acceptedEpoch) return null
      return `Z2: epoch ${record.epoch} is joined, but only ${state.acceptedEpoch} is accepted`
    case 'truncate':
      if (record.to.last <= state.tail.last) return null
      return `the log is truncated to ${formatPageEnd(record.to)}, but it ends before that`
    case 'configuration':
    case 'snapshot-installed':
    case 'damage-found':
    case 'damage-healed':
      return null
  }
}

/** The state behind the record, which `refusalOf` has let pass. */
export function replay(state: LogState, record: AppendedRecord): LogState {
  switch (record.type) {
    case 'page': {
      const { last, crc } = record.page
      return { ...state, tail: { last, crc } }
    }
    case 'accepted-epoch':
      return { ...state, acceptedEpoch: record.epoch, acceptedLeader: record.leader }
    case 'current-epoch':
      return { ...state, currentEpoch: record.epoch }
    case 'configuration':
      return withConfiguration(state, record.configuration)
    case 'truncate': {
      const to = endOf(record.to)
      const configurations = state.configurations.filter(({ after }) => after <= to.last)
      return { ...state, tail: to, configurations }
    }
    case 'snapshot-installed': {
      const { directory, configuration } = record
      const at = endOf(record.at)
      const installed = { ...state, tail: at, installed: at }
      const moved = { ...installed, snapshotDirectory: directory ?? state.snapshotDirectory }
      // What a voided page configured is voided with it: the snapshot knows better.
      if (configuration === undefined || configuration === null) return moved
      return withConfiguration({ ...moved, configurations: [] }, configuration)
    }
    case 'damage-found':
      return { ...state, damaged: record.reason }
    case 'damage-healed':
      return { ...state, damaged: null }
  }
}

function withConfiguration(state: LogState, configuration: Configuration): LogState {
  const last = state.configurations.at(-1)
  if (last !== undefined && isSame(last.configuration, configuration)) return state
  const added = [...state.configurations, { configuration, after: state.tail.last }]
  return { ...state, configurations: added.slice(-maxConfigurations) }
}

/** The end alone: whoever hands over a whole page as its end does not want it kept for ever. */
function endOf({ last, crc }: PageEnd): PageEnd {
  return { last, crc }
}

function isSame(a: Configuration, b: Configuration): boolean {
  return (
    a.ensembleId === b.ensembleId && a.version === b.version && sameMembers(a.members, b.members)
  )
}

/** For messages: `3:17 (crc 00c0ffee)`. */
export function formatPageEnd(end: PageEnd): string {
  return `${formatZxid(end.last)} (crc ${end.crc.toString(16).padStart(8, '0')})`
}
