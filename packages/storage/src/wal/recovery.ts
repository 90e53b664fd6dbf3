/**
 * What a restart trusts of a log: reads all segments, replays their records, and tells a torn tail,
 * which is what a crash in the middle of an append leaves, from damage, which is a disk that does
 * not give back what it was given.
 *
 * An invalid record is damage if anything behind it was written when it was already known to be
 * durable: an envelope whose `syncedTo` lies beyond it, or a later segment, which is only born when
 * everything before it is durable. Otherwise it is the tail, which nobody was told of yet, and is
 * cut: an append counts whole or not at all. Records that are valid but do not belong together (a
 * broken chain, a gap between pages, a header that restates something else, a segment that is
 * missing) are damage always, since no crash leaves them.
 *
 * Not here: cutting and removing, which write-ahead-log.ts does with what this decides.
 *
 * Invariants: Z2, Z5 as in log-state.ts; Z12 what was acked is found again or is damage, except when
 * the last append alone is hit before its mark.
 */
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { CoordinationError, type PageCodec, type PeerId } from '@conclave/core/internal'
import type { Files } from '../files.ts'
import { DamageError } from '../snapshot.ts'
import { emptyLogState, formatPageEnd, refusalOf, replay, type LogState } from './log-state.ts'
import { PageIndex } from './page-index.ts'
import {
  chainBehind,
  chainStart,
  envelopeBytes,
  isBefore,
  magicBytes,
  readBody,
  readEnvelope,
  type Envelope,
  type LogPosition,
  type SegmentRecord,
} from './record.ts'
import {
  firstSegment,
  logFormatVersion,
  segmentName,
  segmentOf,
  type SegmentHeader,
} from './segment.ts'

/** What was found in a log's directory, and what is to be done before it is appended to. */
export interface RecoveredSegments {
  readonly state: LogState
  readonly index: PageIndex
  /** The segments to go on with, oldest first; none in a new log. */
  readonly segments: readonly number[]
  /** Born, but nothing in it counts: to be removed. */
  readonly stillborn: number | null
  /** Where the last segment ends; what lies behind is to be cut. */
  readonly end: number
  /** The bytes before `end` that may have been read from memory, not from the disk. */
  readonly undecided: Buffer
  /** The chain value for the next record. */
  readonly chain: Buffer
  readonly endsWithMark: boolean
}

export interface RecoveryOptions {
  readonly directory: string
  readonly peerId: PeerId
  readonly codec: PageCodec
  readonly files: Files
}

/**
 * Reads the log. Throws `DamageError` for damage, `DIR_FOREIGN` for the log of another peer,
 * `DIR_FORMAT` for one of another version; changes nothing.
 */
export async function recoverSegments(options: RecoveryOptions): Promise<RecoveredSegments> {
  const names = await options.files.list(options.directory)
  const segments = names.map(segmentOf).filter((segment) => segment !== null)
  segments.sort((a, b) => a - b)
  const recovery = new Recovery(options, segments)
  return recovery.run()
}

/** How many bytes are replayed before the event loop gets its turn. */
const sliceBytes = 1024 * 1024

/** A record that was found valid, and the place of it. */
interface FoundRecord {
  readonly record: SegmentRecord
  readonly offset: number
  readonly envelope: Envelope
}

class Recovery {
  readonly #options: RecoveryOptions
  readonly #segments: readonly number[]
  #state: LogState = emptyLogState
  #index = new PageIndex()
  #chain = chainStart
  #endsWithMark = false
  #end = 0
  #undecided: Buffer = Buffer.alloc(0)

  constructor(options: RecoveryOptions, segments: readonly number[]) {
    this.#options = options
    this.#segments = segments
  }

  async run(): Promise<RecoveredSegments> {
    const segments = [...this.#segments]
    let stillborn: number | null = null
    for (const [place, segment] of segments.entries()) {
      if (place > 0 && segment !== (segments[place - 1] as number) + 1) {
        throw new DamageError(`segments between ${segments[place - 1]} and ${segment} are missing`)
      }
      if (!(await this.#replaySegment(segment))) stillborn = segment
    }
    if (stillborn !== null) segments.pop()
    return {
      state: this.#state,
      index: this.#index,
      segments,
      stillborn,
      end: this.#end,
      undecided: this.#undecided,
      chain: this.#chain,
      endsWithMark: this.#endsWithMark,
    }
  }

  /** Replays one segment; false when it is the last one and does not even have its header. */
  async #replaySegment(segment: number): Promise<boolean> {
    const bytes = await this.#options.files.read(
      join(this.#options.directory, segmentName(segment)),
    )
    let append: FoundRecord[] = []
    let end = 0
    let chain = this.#chain
    let offset = 0
    let syncedTo: LogPosition = { segment, offset: 0 }
    let nextPause = sliceBytes
    while (offset < bytes.length) {
      const envelope = this.#validEnvelope(bytes, { segment, offset })
      if (envelope === null) break
      chain = this.#checkChain(envelope, chain, bytes.subarray(offset), { segment, offset })
      const body = bytes.subarray(offset + envelopeBytes, offset + envelopeBytes + envelope.length)
      append.push({ record: this.#readBody(envelope, body, { segment, offset }), offset, envelope })
      offset += envelopeBytes + envelope.length
      if (!envelope.endsAppend) continue
      for (const found of append) this.#take(found, segment)
      append = []
      end = offset
      syncedTo = envelope.syncedTo
      this.#chain = chain
      if (offset < nextPause) continue
      nextPause = offset + sliceBytes
      await setImmediate()
    }

    if (end < bytes.length || end === 0) this.#assertTorn(bytes, { segment, offset })
    if (end === 0) return false
    this.#end = end
    this.#undecided = bytes.subarray(syncedTo.segment === segment ? syncedTo.offset : 0, end)
    return true
  }

  /** The envelope of the record at a place, if envelope and body are as they were written. */
  #validEnvelope(bytes: Buffer, at: LogPosition): Envelope | null {
    const envelope = readEnvelope(bytes.subarray(at.offset), at)
    if (envelope === null) return null
    const start = at.offset + envelopeBytes
    if (start + envelope.length > bytes.length) return null
    const crc = crc32(bytes.subarray(start, start + envelope.length))
    return crc === envelope.bodyCrc ? envelope : null
  }

  /** The chain value behind the record, which must carry the one before it. */
  #checkChain(envelope: Envelope, chain: Buffer, bytes: Buffer, at: LogPosition): Buffer {
    // The chain of the oldest segment begins where older segments ended, which are deleted.
    const isFirst = at.offset === 0 && at.segment === this.#segments[0]
    if (
      isFirst
        ? at.segment === firstSegment && !envelope.chain.equals(chainStart)
        : !envelope.chain.equals(chain)
    ) {
      throw damageAt(at, 'a record does not belong to the one before it')
    }
    return chainBehind(bytes)
  }

  #readBody(envelope: Envelope, body: Buffer, at: LogPosition): SegmentRecord {
    if ((envelope.type === 'segment') !== (at.offset === 0)) {
      throw damageAt(at, `a "${envelope.type}" record in the wrong place`)
    }
    try {
      return readBody(envelope.type, body, this.#options.codec)
    } catch (error) {
      throw damageAt(at, `a "${envelope.type}" record: ${String(error)}`)
    }
  }

  #take({ record, offset, envelope }: FoundRecord, segment: number): void {
    this.#endsWithMark = record.type === 'mark'
    const at = { segment, offset }
    if (record.type === 'mark') return
    if (record.type === 'segment') {
      this.#takeHeader(record.header, at)
      return
    }
    const refusal = refusalOf(this.#state, record)
    if (refusal !== null) throw damageAt(at, refusal)
    if (record.type === 'truncate' && !this.#canTruncate(record.to)) {
      throw damageAt(at, `truncated to ${formatPageEnd(record.to)}, where no page ends`)
    }
    this.#state = replay(this.#state, record)
    this.#index.note(record, { segment, offset, length: envelope.length })
  }

  #canTruncate(to: LogState['tail']): boolean {
    return to.last < this.#index.start.last || this.#index.holds(to)
  }

  #takeHeader(header: SegmentHeader, at: LogPosition): void {
    const { directory, peerId } = this.#options
    if (header.formatVersion !== logFormatVersion) {
      throw new CoordinationError(
        'DIR_FORMAT',
        `the log in ${directory} has format ${header.formatVersion}, this version of Conclave reads ${logFormatVersion}: run the version that wrote it`,
      )
    }
    if (header.peerId !== peerId) {
      throw new CoordinationError(
        'DIR_FOREIGN',
        `the log in ${directory} belongs to peer ${header.peerId}, not to peer ${peerId}: give each peer its own directory`,
      )
    }
    if (at.segment === this.#segments[0]) {
      this.#state = header.state
      this.#index = new PageIndex(header.state.tail)
      return
    }
    // What is replayed and what is restated were derived apart: they vouch for each other.
    if (JSON.stringify(header.state) !== JSON.stringify(this.#state)) {
      throw damageAt(at, 'a segment restates something else than the segments before it say')
    }
  }

  /** Throws unless what begins at `invalid` can be what a crash left of the last append. */
  #assertTorn(bytes: Buffer, invalid: LogPosition): void {
    if (invalid.segment !== this.#segments.at(-1)) {
      throw damageAt(invalid, 'an invalid record in a segment that has a successor')
    }
    if (invalid.offset === 0 && invalid.segment !== firstSegment && this.#segments.length === 1) {
      throw damageAt(invalid, 'the only segment left has no header')
    }
    let offset = bytes.indexOf(magicBytes, invalid.offset + 1)
    for (; offset >= 0; offset = bytes.indexOf(magicBytes, offset + 1)) {
      const at = { segment: invalid.segment, offset }
      const envelope = readEnvelope(bytes.subarray(offset), at)
      if (envelope !== null && isBefore(invalid, envelope.syncedTo)) {
        throw damageAt(invalid, `an invalid record, which was durable when ${offset} was written`)
      }
    }
  }
}

function damageAt(at: LogPosition, what: string): DamageError {
  return new DamageError(`segment ${at.segment}, offset ${at.offset} of the log: ${what}`)
}
