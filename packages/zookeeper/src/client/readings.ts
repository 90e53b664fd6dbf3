/** What a server tells of znodes, as applications have it. */
import type { ReadResult, SessionId, Stat } from '@conclave/core'
import { isZxid, type Zxid } from '@conclave/core/internal'
import type { Long } from '../jute/long.ts'
import { MalformedError } from '../jute/malformed-error.ts'
import type { JuteReader } from '../jute/reader.ts'
import { readGetDataResponse } from '../messages/get-data.ts'
import type { WireStat } from '../messages/stat.ts'

const noBytes = new Uint8Array(0)

/** A session's id as applications have it: 64 bits, in 16 hexadecimal digits. */
export function sessionIdText(id: Long): SessionId {
  return BigInt.asUintN(64, BigInt(id)).toString(16).padStart(16, '0') as SessionId
}

/** The stat of a znode. Throws `MalformedError` for one that cannot be. */
export function statOfWire(stat: WireStat): Stat {
  const { ephemeralOwner } = stat
  return {
    czxid: exactZxid(stat.czxid),
    mzxid: exactZxid(stat.mzxid),
    pzxid: exactZxid(stat.pzxid),
    ctime: Number(stat.ctime),
    mtime: Number(stat.mtime),
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    ephemeralOwner: ephemeralOwner === 0 ? undefined : sessionIdText(ephemeralOwner),
    dataLength: stat.dataLength,
    numChildren: stat.numChildren,
  }
}

/** Data and stat, with bytes of their own; absent data is no bytes. */
export function readReading(reader: JuteReader): ReadResult {
  return readingOf(readGetDataResponse(reader))
}

export function readingOf({
  data,
  stat,
}: {
  readonly data: Uint8Array | null
  readonly stat: WireStat
}): ReadResult {
  return { data: data ?? noBytes, stat: statOfWire(stat) }
}

/** What cannot be absent. */
export function present<T>(value: T | null, what: string): T {
  if (value !== null) return value
  throw new MalformedError('RECORD', `${what} of an answer is null`)
}

function exactZxid(zxid: Long): Zxid {
  if (isZxid(zxid)) return zxid
  throw new MalformedError('RECORD', `the zxid ${zxid.toString()} is none of ours`)
}
