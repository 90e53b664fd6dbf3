/**
 * Writes records to the end of a log, segment after segment, each call as one durable write. Knows
 * where the log ends and what the next envelope has to say of what came before it.
 *
 * Not here: what belongs into the log and when it is written (write-ahead-log.ts).
 */
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { PeerId } from '@conclave/core/internal'
import type { Files, LogFile } from '../files.ts'
import type { LogState } from './log-state.ts'
import type { RecordPlace } from './page-index.ts'
import {
  chainBehind,
  chainStart,
  envelopeBytes,
  packBody,
  writeEnvelope,
  type SegmentRecord,
} from './record.ts'
import type { RecoveredSegments } from './recovery.ts'
import { firstSegment, headerOf, segmentName } from './segment.ts'

export interface SegmentWriterOptions {
  readonly directory: string
  readonly peerId: PeerId
  readonly files: Files
}

/** Up to here a write is cheaper as one copy than as a list of buffers. */
const gatherBytes = 64 * 1024

export class SegmentWriter {
  readonly #options: SegmentWriterOptions
  #file: LogFile
  #segment: number
  #end: number
  #chain: Buffer

  /** For `begin` and `resume`. */
  constructor(
    options: SegmentWriterOptions,
    file: LogFile,
    at: { readonly segment: number; readonly end: number; readonly chain: Buffer },
  ) {
    this.#options = options
    this.#file = file
    this.#segment = at.segment
    this.#end = at.end
    this.#chain = at.chain
  }

  /** Begins a new log, with a header that states `state` and whatever else it is to begin with. */
  static async begin(
    options: SegmentWriterOptions,
    state: LogState,
    records: readonly SegmentRecord[],
  ): Promise<SegmentWriter> {
    const file = await createSegment(options, firstSegment)
    const at = { segment: firstSegment, end: 0, chain: chainStart }
    const writer = new SegmentWriter(options, file, at)
    const header = headerOf(state, options.peerId)
    try {
      await writer.write([[{ type: 'segment', header }, ...records]])
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
    return writer
  }

  /** Goes on behind what was recovered. All of it is durable afterwards, and nothing is behind it. */
  static async resume(
    options: SegmentWriterOptions,
    { segments, end, undecided, chain }: RecoveredSegments,
  ): Promise<SegmentWriter> {
    const segment = segments.at(-1) as number
    const file = await options.files.openLogFile(join(options.directory, segmentName(segment)))
    try {
      await file.truncate(end)
      // Written again, because reading it proves nothing: where a sync has failed, the system keeps
      // the bytes in memory, takes them for clean, and the next sync succeeds without writing them.
      if (undecided.length > 0) await writeFully(file, [undecided], end - undecided.length)
      await file.sync()
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
    return new SegmentWriter(options, file, { segment, end, chain })
  }

  get segment(): number {
    return this.#segment
  }

  /** The bytes in the present segment. */
  get end(): number {
    return this.#end
  }

  /**
   * Writes appends, each of one or more records, as one durable write. Resolves with the place of
   * each record. After a rejection the writer must not be used again.
   */
  async write(appends: readonly (readonly SegmentRecord[])[]): Promise<readonly RecordPlace[]> {
    const segment = this.#segment
    const syncedTo = { segment, offset: this.#end }
    const buffers: Uint8Array[] = []
    const places: RecordPlace[] = []
    let offset = this.#end
    let chain = this.#chain
    for (const records of appends) {
      for (const [index, record] of records.entries()) {
        const body = packBody(record)
        const bytes = Buffer.allocUnsafe(envelopeBytes)
        const envelope = {
          type: record.type,
          endsAppend: index === records.length - 1,
          length: body.length,
          syncedTo,
          chain,
          bodyCrc: crc32(body),
        }
        writeEnvelope(bytes, envelope, { segment, offset })
        buffers.push(bytes, body)
        places.push({ segment, offset, length: body.length })
        chain = chainBehind(bytes)
        offset += envelopeBytes + body.length
      }
    }

    const isSmall = offset - this.#end <= gatherBytes
    await writeFully(this.#file, isSmall ? [Buffer.concat(buffers)] : buffers, this.#end)
    this.#end = offset
    this.#chain = chain
    return places
  }

  /** Goes on in a new segment, whose header restates the state. Everything before is durable. */
  async rotate(state: LogState): Promise<void> {
    const file = await createSegment(this.#options, this.#segment + 1)
    const full = this.#file
    this.#file = file
    this.#segment += 1
    this.#end = 0
    await full.close()
    await this.write([[{ type: 'segment', header: headerOf(state, this.#options.peerId) }]])
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/** The file of a new segment, written to only when a crash can no longer take its name away. */
async function createSegment(options: SegmentWriterOptions, segment: number): Promise<LogFile> {
  const file = await options.files.createLogFile(join(options.directory, segmentName(segment)))
  try {
    await options.files.syncDirectory(options.directory)
  } catch (error) {
    await file.close().catch(() => undefined)
    throw error
  }
  return file
}

/** Writes all of it, durably. A write that was cut short goes on where it stopped, or fails. */
async function writeFully(
  file: LogFile,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = buffers.filter((buffer) => buffer.length > 0)
  let at = position
  while (rest.length > 0) {
    const written = await file.write(rest, at)
    if (written === 0) throw new Error(`the file of the log takes no more at offset ${at}`)
    at += written
    rest = behind(rest, written)
  }
  if (!file.isDurable) await file.sync()
}

function behind(buffers: readonly Uint8Array[], written: number): Uint8Array[] {
  const rest = [...buffers]
  let left = written
  while (left > 0) {
    const first = rest.shift() as Uint8Array
    if (first.length > left) rest.unshift(first.subarray(left))
    left -= first.length
  }
  return rest
}
