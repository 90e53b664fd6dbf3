/** Data and stats as entries of a history hold them. */
import type { Bytes, Mode, Stat } from '@conclave/core'
import { textOfData, type EntryStat, type Value } from '@conclave/sim'

const encoder = new TextEncoder()

/** Data as it was given or read. No data and no bytes are the same to whoever reads it. */
export function entryValue(data: Bytes | undefined): Value {
  const bytes = typeof data === 'string' ? encoder.encode(data) : data
  return bytes instanceof Uint8Array && bytes.length > 0 ? textOfData(bytes) : null
}

export function entryStat(stat: Stat): EntryStat {
  const { czxid, mzxid, pzxid, version, cversion, numChildren } = stat
  return { czxid, mzxid, pzxid, version, cversion, numChildren }
}

/** True of a znode that may go by itself while it has no children. */
export function isReapable(mode: Mode | undefined): boolean {
  return mode === 'container' || typeof mode === 'object'
}
