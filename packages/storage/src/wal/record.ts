/**
 * A record as bytes: an envelope of 36, then the body.
 *
 *   u32  magic              u8   type            u8  flags, bit 0: ends its append    u16  zero
 *   u32  length of the body
 *   u64  syncedTo: the position, segment and offset, up to which everything was durable when this
 *        was written
 *   u64  chain: the hash of the envelope of the record before, and so of everything before
 *   u32  CRC-32 of the body
 *   u32  CRC-32 of the segment's number, the offset within it, and the envelope up to here
 *
 * The envelope's CRC is its own, and covers its place. So an envelope can be believed without its
 * body, which is what tells damage from a torn tail (recovery.ts); and what was copied from
 * elsewhere, by a disk or by somebody who stores such bytes in a znode, passes for no record.
 */
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { PageCodec } from '@conclave/core/internal'
import {
  configurationTuple,
  packTuple,
  readConfiguration,
  readCount,
  readString,
  readTuple,
  readZxid,
  TupleError,
  unpackTuple,
} from '../tuple.ts'
import type { AppendedRecord } from './log-state.ts'
import { packHeader, readHeader, type SegmentHeader } from './segment.ts'

/** A place in the log: everything before it was written before. */
export interface LogPosition {
  readonly segment: number
  readonly offset: number
}

/** True when `a` lies before `b`. */
export function isBefore(a: LogPosition, b: LogPosition): boolean {
  return a.segment === b.segment ? a.offset < b.offset : a.segment < b.segment
}

/** All that a segment can contain. */
export type SegmentRecord =
  | AppendedRecord
  /** Opens a segment and restates what the ones before it came to. */
  | { readonly type: 'segment'; readonly header: SegmentHeader }
  /** The log was idle or closed here: all before it is known to be durable. */
  | { readonly type: 'mark' }

/** A number is never given to another type. */
const typeCodes = {
  segment: 1,
  page: 2,
  'accepted-epoch': 3,
  'current-epoch': 4,
  configuration: 5,
  truncate: 6,
  'snapshot-installed': 7,
  'damage-found': 8,
  'damage-healed': 9,
  mark: 10,
} as const satisfies Record<SegmentRecord['type'], number>

const typesByCode = new Map<number, SegmentRecord['type']>(
  Object.entries(typeCodes).map(([type, code]) => [code, type as SegmentRecord['type']]),
)

export const envelopeBytes = 36
/** As a number, and as the bytes to look for behind an invalid record. */
const magic = 0xc74c52b1
export const magicBytes = Buffer.from([0xc7, 0x4c, 0x52, 0xb1])

const endsAppendFlag = 1
/** The chain value of the first record of all. */
export const chainStart: Buffer = Buffer.alloc(8)

export interface Envelope {
  readonly type: SegmentRecord['type']
  /** True of the last record of an append: an append counts whole or not at all. */
  readonly endsAppend: boolean
  readonly length: number
  readonly syncedTo: LogPosition
  readonly chain: Buffer
  readonly bodyCrc: number
}

/** Writes the envelope for a body at the start of `target`, for the place where it will stand. */
export function writeEnvelope(target: Buffer, envelope: Envelope, at: LogPosition): void {
  target.writeUInt32BE(magic, 0)
  target.writeUInt8(typeCodes[envelope.type], 4)
  target.writeUInt8(envelope.endsAppend ? endsAppendFlag : 0, 5)
  target.writeUInt16BE(0, 6)
  target.writeUInt32BE(envelope.length, 8)
  target.writeUInt32BE(envelope.syncedTo.segment, 12)
  target.writeUInt32BE(envelope.syncedTo.offset, 16)
  envelope.chain.copy(target, 20)
  target.writeUInt32BE(envelope.bodyCrc, 28)
  target.writeUInt32BE(envelopeCrc(target, at), 32)
}

/** The envelope at the start of `bytes`, or `null` when none was written there, at that place. */
export function readEnvelope(bytes: Buffer, at: LogPosition): Envelope | null {
  if (bytes.length < envelopeBytes || bytes.readUInt32BE(0) !== magic) return null
  if (bytes.readUInt32BE(32) !== envelopeCrc(bytes, at)) return null
  const type = typesByCode.get(bytes.readUInt8(4))
  const flags = bytes.readUInt8(5)
  if (type === undefined || flags > endsAppendFlag || bytes.readUInt16BE(6) !== 0) return null
  return {
    type,
    endsAppend: flags === endsAppendFlag,
    length: bytes.readUInt32BE(8),
    syncedTo: { segment: bytes.readUInt32BE(12), offset: bytes.readUInt32BE(16) },
    chain: Buffer.from(bytes.subarray(20, 28)),
    bodyCrc: bytes.readUInt32BE(28),
  }
}

const place = Buffer.alloc(8)

function envelopeCrc(bytes: Buffer, at: LogPosition): number {
  place.writeUInt32BE(at.segment, 0)
  place.writeUInt32BE(at.offset, 4)
  return crc32(bytes.subarray(0, 32), crc32(place))
}

/** The chain value that the next record carries: it speaks for this record and all before it. */
export function chainBehind(envelope: Buffer): Buffer {
  return hash('sha256', envelope.subarray(0, envelopeBytes), 'buffer').subarray(0, 8)
}

const noBody = new Uint8Array(0)

/** The body of a record; a page's is the page, uncopied. */
export function packBody(record: SegmentRecord): Uint8Array {
  switch (record.type) {
    case 'segment':
      return packHeader(record.header)
    case 'page':
      return record.page.bytes
    case 'accepted-epoch':
      return packTuple([record.epoch, record.leader])
    case 'current-epoch':
      return packTuple([record.epoch])
    case 'configuration':
      return packTuple([configurationTuple(record.configuration)])
    case 'truncate':
      return packTuple([record.to.last, record.to.crc])
    case 'snapshot-installed': {
      const { at, directory = null, configuration = null } = record
      const packed = configuration === null ? null : configurationTuple(configuration)
      return packTuple([at.last, at.crc, directory, packed])
    }
    case 'damage-found':
      return packTuple([record.reason])
    case 'damage-healed':
    case 'mark':
      return noBody
  }
}

/** The record in a body whose CRC was right. Throws `TupleError` or `PageError`. */
export function readBody(
  type: SegmentRecord['type'],
  body: Uint8Array,
  codec: PageCodec,
): SegmentRecord {
  switch (type) {
    case 'segment':
      return { type, header: readHeader(body) }
    case 'page':
      return { type, page: codec.parse(body) }
    case 'accepted-epoch': {
      const [epoch, leader] = readTuple(unpackTuple(body), 2)
      return { type, epoch: readCount(epoch), leader: readCount(leader) }
    }
    case 'current-epoch':
      return { type, epoch: readCount(readTuple(unpackTuple(body), 1)[0]) }
    case 'configuration':
      return { type, configuration: readConfiguration(readTuple(unpackTuple(body), 1)[0]) }
    case 'truncate': {
      const [last, crc] = readTuple(unpackTuple(body), 2)
      return { type, to: { last: readZxid(last), crc: readCount(crc) } }
    }
    case 'snapshot-installed': {
      const [last, crc, directory, packed] = readTuple(unpackTuple(body), 4)
      return {
        type,
        at: { last: readZxid(last), crc: readCount(crc) },
        directory: directory === null ? null : readString(directory),
        configuration: packed === null ? null : readConfiguration(packed),
      }
    }
    case 'damage-found':
      return { type, reason: readString(readTuple(unpackTuple(body), 1)[0]) }
    case 'damage-healed':
    case 'mark':
      if (body.length > 0) throw new TupleError(`a "${type}" with a body`)
      return { type }
  }
}
