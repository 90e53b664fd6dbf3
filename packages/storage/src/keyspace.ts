/**
 * Every key of the snapshot, their order, and what stands behind them:
 *
 *   00                 the format of all the rest
 *   01                 the summary: where the snapshot stands, digest, counts, configuration
 *   02 session (u64)   a session
 *   03 path (UTF-8)    a znode; a parent comes before its children, a subtree lies together
 *
 * A value is a version byte, a tuple, and the CRC-32 of key and value: LevelDB gives back flipped
 * bytes as good, and one record's bytes as another's, without a word.
 *
 * The order of a tuple's fields is the format: a field is never moved or taken away.
 */
import { crc32 } from 'node:zlib'
import {
  assert,
  type SessionId,
  type SnapshotRecord,
  type SnapshotSummary,
} from '@conclave/core/internal'
import { shortCrc32 } from './crc.ts'
import {
  aclTuple,
  configurationTuple,
  packTuple,
  readAcl,
  readBytes,
  readConfiguration,
  readCount,
  readReap,
  readString,
  readTuple,
  readZxid,
  TupleError,
  unpackTuple,
} from './tuple.ts'
import { TupleReader } from './tuple-reader.ts'

/** The format of the snapshot's keys and values. */
export const snapshotFormatVersion = 1

const valueVersion = 1
const trailerBytes = 4
const prefix = { format: 0, summary: 1, session: 2, znode: 3 } as const
/** The first key that a transfer carries: everything but the format, which is each store's own. */
export const firstTransferredKey: Uint8Array = Uint8Array.of(prefix.summary)

/** False of the keys of format and summary, of which there is one each. */
export function isRecordKey(key: Uint8Array): boolean {
  return (key[0] ?? 0) >= prefix.session
}

/** A key and what is to stand behind it; `null`: nothing. */
export interface KeyspaceChange {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** What a key and its value say. */
export type KeyspaceEntry =
  | { readonly type: 'format'; readonly version: number }
  | { readonly type: 'summary'; readonly summary: SnapshotSummary }
  | { readonly type: 'record'; readonly record: SnapshotRecord }

/** The entry without which a database is not a snapshot of ours. */
export function formatChange(): KeyspaceChange {
  return changeOf(Uint8Array.of(prefix.format), [snapshotFormatVersion])
}

export function summaryChange(summary: SnapshotSummary): KeyspaceChange {
  const { end, digest, znodeCount, sessionCount, configuration } = summary
  const packed = configuration === null ? null : configurationTuple(configuration)
  const tuple = [end.last, end.crc, digest, znodeCount, sessionCount, packed]
  return changeOf(Uint8Array.of(prefix.summary), tuple)
}

export function recordChange(record: SnapshotRecord): KeyspaceChange {
  switch (record.type) {
    case 'znode': {
      const { znode } = record
      return changeOf(znodeKey(znode.path), [
        znode.data,
        znode.czxid,
        znode.mzxid,
        znode.pzxid,
        znode.ctime,
        znode.mtime,
        znode.version,
        znode.createCount,
        znode.aversion,
        znode.ephemeralOwner,
        znode.reap,
        aclTuple(znode.acl),
      ])
    }
    case 'znode-gone':
      return { key: znodeKey(record.path), value: null }
    case 'session': {
      const { session } = record
      return changeOf(sessionKey(session.id), [
        session.timeoutMs,
        session.password,
        session.host,
        session.hostedSince,
        session.lastRequestId,
      ])
    }
    case 'session-gone':
      return { key: sessionKey(record.id), value: null }
  }
}

/** Throws `TupleError` for anything but what was written under that key; what it says is not read. */
export function checkEntry(key: Uint8Array, value: Uint8Array): void {
  const end = value.length - trailerBytes
  if (end < 2) throw new TupleError(`${value.length} bytes are too few for a value`)
  if (readUint32(value, end) !== crcOf(key, value)) {
    throw new TupleError('the CRC of a value is not that of its key and bytes')
  }
}

/** Reads an entry back. Throws `TupleError` for anything but what was written under that key. */
export function readEntry(key: Uint8Array, value: Uint8Array): KeyspaceEntry {
  checkEntry(key, value)
  if (value[0] !== valueVersion) throw new TupleError(`a value of version ${value[0] ?? 0}`)
  if (key[0] === prefix.znode) return { type: 'record', record: readZnode(key, value) }
  const tuple = unpackTuple(value, 1, value.length - trailerBytes)
  switch (key[0]) {
    case prefix.format:
      return { type: 'format', version: readCount(readTuple(tuple, 1)[0]) }
    case prefix.summary:
      return { type: 'summary', summary: readSummary(tuple) }
    case prefix.session:
      return { type: 'record', record: readSession(key, tuple) }
    default:
      throw new TupleError(`a key that begins with ${key[0] ?? 'nothing'}`)
  }
}

function changeOf(key: Uint8Array, tuple: readonly unknown[]): KeyspaceChange {
  const value = packTuple(tuple, 1, trailerBytes)
  value[0] = valueVersion
  const end = value.length - trailerBytes
  new DataView(value.buffer, value.byteOffset).setUint32(end, crcOf(key, value))
  return { key, value }
}

/** The CRC of a key, and of what stands behind it but for its own place there. */
function crcOf(key: Uint8Array, value: Uint8Array): number {
  const end = value.length - trailerBytes
  const before = shortCrc32(key)
  return end < 4_096 ? shortCrc32(value, 0, end, before) : crc32(value.subarray(0, end), before)
}

function readUint32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  const low = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
  return ((high << 16) | low) >>> 0
}

const loneSurrogate = /\p{Surrogate}/u
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function znodeKey(path: string): Uint8Array {
  // Two such paths could have one key. No path has one: what is no UTF-8 was refused long before.
  assert(!loneSurrogate.test(path), 'a path is well-formed')
  const key = Buffer.allocUnsafe(1 + Buffer.byteLength(path))
  key[0] = prefix.znode
  key.write(path, 1)
  return key
}

function pathOf(key: Uint8Array): string {
  try {
    return utf8.decode(key.subarray(1))
  } catch (error) {
    throw new TupleError('a key that is not UTF-8', { cause: error })
  }
}

function sessionKey(id: SessionId): Uint8Array {
  const key = Buffer.allocUnsafe(9)
  key[0] = prefix.session
  key.writeBigUInt64BE(BigInt(id), 1)
  return key
}

function sessionOf(key: Uint8Array): SessionId {
  if (key.length !== 9) throw new TupleError('a key of a session that is too short or too long')
  const view = new DataView(key.buffer, key.byteOffset, key.length)
  return readCount(view.getUint32(1) * 2 ** 32 + view.getUint32(5)) as SessionId
}

function readSummary(tuple: readonly unknown[]): SnapshotSummary {
  const [last, crc, digest, znodeCount, sessionCount, packed] = readTuple(tuple, 6)
  return {
    end: { last: readZxid(last), crc: readCount(crc) },
    digest: readString(digest),
    znodeCount: readCount(znodeCount),
    sessionCount: readCount(sessionCount),
    configuration: packed === null ? null : readConfiguration(packed),
  }
}

function readSession(key: Uint8Array, tuple: readonly unknown[]): SnapshotRecord {
  const [timeoutMs, password, host, hostedSince, lastRequestId] = readTuple(tuple, 5)
  return {
    type: 'session',
    session: {
      id: sessionOf(key),
      timeoutMs: readCount(timeoutMs),
      password: readBytes(password),
      host: readCount(host),
      hostedSince: readZxid(hostedSince),
      lastRequestId: readCount(lastRequestId),
    },
  }
}

function readZnode(key: Uint8Array, value: Uint8Array): SnapshotRecord {
  const end = value.length - trailerBytes
  reader.begin(value, 1, end, 12)
  return {
    type: 'znode',
    znode: {
      path: pathOf(key),
      data: reader.data(),
      czxid: readZxid(reader.integer()),
      mzxid: readZxid(reader.integer()),
      pzxid: readZxid(reader.integer()),
      ctime: reader.integer(),
      mtime: reader.integer(),
      version: reader.integer(),
      createCount: reader.integer(),
      aversion: reader.integer(),
      ephemeralOwner: readCount(reader.integer()) as SessionId,
      reap: readReap(reader.integer()),
      acl: reader.endsWithNull ? null : readAcl(unpackTuple(value, reader.at, end)),
    },
  }
}

const reader = new TupleReader()
