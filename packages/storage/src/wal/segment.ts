/**
 * The segment: one append-only file of the log, with a running number. Its first record restates
 * what all segments before it came to, so that they can be deleted whole.
 */
import type { EnsembleId, PageEnd, PeerId } from '@conclave/core/internal'
import {
  configurationTuple,
  packTuple,
  readConfiguration,
  readCount,
  readString,
  readTuple,
  readZxid,
  unpackTuple,
} from '../tuple.ts'
import { emptyLogState, type LogState } from './log-state.ts'

/** The format of segments and of everything in them but pages, which have one of their own. */
export const logFormatVersion = 1

export interface SegmentHeader {
  readonly formatVersion: number
  readonly peerId: PeerId
  /** That of the configuration in force; 0 before founding. For who reads a directory by hand. */
  readonly ensembleId: EnsembleId
  readonly state: LogState
}

/** The first segment of a log; the next ones count up from it. */
export const firstSegment = 1

/** A name by which a directory listing shows segments in their order. */
export function segmentName(segment: number): string {
  return `${String(segment).padStart(10, '0')}.log`
}

/** The number in a segment's name, or `null` when it is the name of something else. */
export function segmentOf(name: string): number | null {
  return /^\d{10}\.log$/.test(name) ? Number(name.slice(0, 10)) : null
}

/** A header for the state, of the present format. */
export function headerOf(state: LogState, peerId: PeerId): SegmentHeader {
  const ensembleId = state.configurations.at(-1)?.configuration.ensembleId ?? 0
  return { formatVersion: logFormatVersion, peerId, ensembleId, state }
}

export function packHeader(header: SegmentHeader): Uint8Array {
  const { state } = header
  return packTuple([
    header.formatVersion,
    header.peerId,
    header.ensembleId,
    state.acceptedEpoch,
    state.acceptedLeader,
    state.currentEpoch,
    state.configurations.map(({ configuration, after }) => [
      configurationTuple(configuration),
      after,
    ]),
    state.tail.last,
    state.tail.crc,
    state.installed === null ? null : [state.installed.last, state.installed.crc],
    state.snapshotDirectory,
    state.damaged,
  ])
}

/** The header in a body. Of another format version, nothing but the version is read. */
export function readHeader(body: Uint8Array): SegmentHeader {
  const tuple = unpackTuple(body)
  const formatVersion = readCount(tuple[0])
  const peerId = readCount(tuple[1])
  const ensembleId = readCount(tuple[2])
  const isKnown = formatVersion === logFormatVersion
  return { formatVersion, peerId, ensembleId, state: isKnown ? readState(tuple) : emptyLogState }
}

function readState(tuple: readonly unknown[]): LogState {
  readTuple(tuple, 12)
  return {
    acceptedEpoch: readCount(tuple[3]),
    acceptedLeader: readCount(tuple[4]),
    currentEpoch: readCount(tuple[5]),
    configurations: readTuple(tuple[6]).map((value) => {
      const [configuration, after] = readTuple(value, 2)
      return { configuration: readConfiguration(configuration), after: readZxid(after) }
    }),
    tail: readEnd([tuple[7], tuple[8]]),
    installed: tuple[9] === null ? null : readEnd(tuple[9]),
    snapshotDirectory: tuple[10] === null ? null : readString(tuple[10]),
    damaged: tuple[11] === null ? null : readString(tuple[11]),
  }
}

function readEnd(value: unknown): PageEnd {
  const [last, crc] = readTuple(value, 2)
  return { last: readZxid(last), crc: readCount(crc) }
}
