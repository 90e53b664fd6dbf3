/**
 * How small things are packed: msgpackr over tuples of a fixed order, and nothing else. No maps, no
 * records, no shared structures, so that bytes mean the same wherever and whenever they are read.
 *
 * msgpackr decodes more than it is asked for: maps, inline records, sets, errors, 64-bit integers,
 * and whatever an extension of the host application makes of a token. So nothing that was unpacked
 * is believed before its place, type and range were checked: every reader of a tuple does that with
 * the functions below, and a `TupleError` is what it throws.
 */
import {
  allPermissions,
  copyOfData,
  isZxid,
  maxPeerId,
  maxTtlMs,
  maxWeight,
  neverReaped,
  reapedWhenEmptied,
  type Acl,
  type AclEntry,
  type Configuration,
  type Member,
  type MemberAddress,
  type Reap,
  type Zxid,
} from '@conclave/core/internal'
import type { Packr } from 'msgpackr'
import { Packr as PackrWithoutAddon } from 'msgpackr/pack'

/** Bytes that hold no tuple, or a tuple that holds something else than it should. */
export class TupleError extends Error {
  override readonly name = 'TupleError'
}

/**
 * The part of msgpackr that is JavaScript alone: its native addon, which the main entry loads where
 * it is installed, reads memory beyond our checks. The types of this entry do not resolve.
 */
const packr = new (PackrWithoutAddon as typeof Packr)({ useRecords: false, structuredClone: false })

/** msgpackr's RESET_BUFFER_MODE: its scratch space is used again, since what it gives is copied. */
const reuseScratch = 1024

/**
 * The packed tuple in memory of its own, with room before and behind it for what the caller adds.
 * The room is not cleared.
 */
export function packTuple(tuple: readonly unknown[], before = 0, behind = 0): Uint8Array {
  const packed = packr.pack(tuple, reuseScratch)
  const room = Buffer.allocUnsafeSlow(before + packed.length + behind)
  room.set(packed, before)
  // Not a Buffer: its `slice` would not copy, and whoever holds the bytes should not have to know.
  return new Uint8Array(room.buffer, room.byteOffset, room.length)
}

/**
 * The tuple packed between two offsets, as an array of unchecked things: bytes among them lie in
 * `bytes` until `readBytes` has copied them. Throws `TupleError`.
 */
export function unpackTuple(bytes: Uint8Array, start = 0, end = bytes.length): readonly unknown[] {
  let value: unknown
  try {
    // A view of its own, since msgpackr leaves a mark on what it reads.
    value = packr.unpack(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start))
  } catch (error) {
    throw new TupleError(`not packed as a tuple: ${String(error)}`, { cause: error })
  }
  return readTuple(value)
}

export function readTuple(value: unknown, length?: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new TupleError('no tuple where one belongs')
  if (length !== undefined && value.length !== length) {
    throw new TupleError(`a tuple of ${value.length} fields where ${length} belong`)
  }
  return value
}

/** An integer from 0 to `max`. */
export function readCount(value: unknown, max = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > max) {
    throw new TupleError(`no integer from 0 to ${max} where one belongs`)
  }
  return value as number
}

export function readInteger(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new TupleError('no integer where one belongs')
  return value as number
}

/** When a znode goes by itself: a TTL, or one of the words for never and for a container. */
export function readReap(value: unknown): Reap {
  if (value === neverReaped || value === reapedWhenEmptied) return value
  return readCount(value, maxTtlMs)
}

export function readZxid(value: unknown): Zxid {
  if (!isZxid(value)) throw new TupleError('no zxid where one belongs')
  return value
}

export function readString(value: unknown): string {
  if (typeof value !== 'string') throw new TupleError('no string where one belongs')
  return value
}

/** Bytes that share no memory with what they were unpacked from. */
export function readBytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TupleError('no bytes where some belong')
  return copyOfData(value)
}

/** A znode's data: `null` is absent, which is not the same as zero bytes. */
export function readData(value: unknown): Uint8Array | null {
  return value === null ? null : readBytes(value)
}

const maxPort = 65_535
/** The list that guards a znode; `null` is the open one. */
export function aclTuple(acl: Acl): readonly unknown[] | null {
  return acl === null ? null : acl.map(({ permissions, scheme, id }) => [permissions, scheme, id])
}

export function readAcl(value: unknown): Acl {
  return value === null ? null : readTuple(value).map(readAclEntry)
}

function readAclEntry(value: unknown): AclEntry {
  const [permissions, scheme, id] = readTuple(value, 3)
  return {
    permissions: readCount(permissions, allPermissions),
    scheme: readString(scheme),
    id: readString(id),
  }
}

/** The fields of a configuration, in the order in which every format of ours has them. */
export function configurationTuple(configuration: Configuration): readonly unknown[] {
  const { ensembleId, version, members } = configuration
  return [ensembleId, version, members.map(memberTuple)]
}

/** An address, and behind it weight and group, only where there are any; 0 for the one that is not there. */
function memberTuple({ id, role, address, weight, group }: Member): readonly unknown[] {
  const votes = role === 'voter' ? 1 : 0
  const place = [address?.host ?? null, address?.port ?? 0]
  if (weight !== undefined || group !== undefined) {
    return [id, votes, ...place, weight ?? 0, group ?? 0]
  }
  return address === undefined ? [id, votes] : [id, votes, ...place]
}

export function readConfiguration(value: unknown): Configuration {
  const [ensembleId, version, members] = readTuple(value, 3)
  return {
    ensembleId: readCount(ensembleId),
    version: readCount(version),
    members: readTuple(members).map(readMember),
  }
}

function readMember(value: unknown): Member {
  const tuple = readTuple(value)
  if (![2, 4, 6].includes(tuple.length)) throw new TupleError('a member of another length')
  const [id, votes, host, port, weight, group] = tuple
  const member: Member = {
    id: readCount(id),
    role: readCount(votes, 1) === 1 ? 'voter' : 'observer',
  }
  if (tuple.length === 2) return member
  const address = readAddress(host, port)
  const placed = address === null ? member : { ...member, address }
  if (tuple.length === 4 && address !== null) return placed
  return {
    ...placed,
    ...(readCount(weight, maxWeight) === 0 ? {} : { weight: readCount(weight) }),
    ...(readCount(group, maxPeerId) === 0 ? {} : { group: readCount(group) }),
  }
}

function readAddress(host: unknown, port: unknown): MemberAddress | null {
  if (host !== null) return { host: readString(host), port: readCount(port, maxPort) }
  readCount(port, 0)
  return null
}
