/**
 * What a session hands to the application, made of what the core knows: ids as opaque text, absent
 * data as no bytes, and bytes that are the caller's own.
 */
import {
  formatSessionId,
  InvariantError,
  noSession,
  unreachable,
  type OperationResult,
  type SessionId as NumericSessionId,
  type Stat as ZnodeStat,
  type WatchEvent,
  type WriteRequest,
  type WriteResult,
  type Zxid,
  type ZnodeReading,
} from '@conclave/core/internal'
import type { Change, ReadResult, SessionId, Stat, TransactionResult } from '@conclave/core'

const noBytes = new Uint8Array(0)

/** The id as applications see it. */
export function publicSessionId(id: NumericSessionId): SessionId {
  return formatSessionId(id) as SessionId
}

export function publicStat(stat: ZnodeStat): Stat {
  const { ephemeralOwner } = stat
  return {
    czxid: stat.czxid,
    mzxid: stat.mzxid,
    pzxid: stat.pzxid,
    ctime: stat.ctime,
    mtime: stat.mtime,
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    ephemeralOwner: ephemeralOwner === noSession ? undefined : publicSessionId(ephemeralOwner),
    dataLength: stat.dataLength,
    numChildren: stat.numChildren,
  }
}

/** A reading with bytes of its own. */
export function copiedReading(reading: ZnodeReading): ReadResult {
  return { data: new Uint8Array(reading.data ?? noBytes), stat: publicStat(reading.stat) }
}

/** A reading that shares its bytes with the tree. */
export function sharedReading(reading: ZnodeReading): ReadResult {
  return { data: reading.data ?? noBytes, stat: publicStat(reading.stat) }
}

/** A change as a watch tells it, with bytes of its own. */
export function publicChange(event: WatchEvent): Change {
  const { type, path, zxid } = event
  if (type === 'deleted' || event.stat === null) return { type: 'deleted', path, zxid }
  const data = new Uint8Array(event.data ?? noBytes)
  return { type, path, zxid, data, stat: publicStat(event.stat) }
}

/** What the caller of a write is promised, made of its result. */
export function answerTo(asked: WriteRequest | string, result: WriteResult, zxid: Zxid): unknown {
  if (typeof asked === 'string' || asked.type !== result.type) {
    throw new InvariantError(`C1: the answer to a write is its own; this is one to ${result.type}`)
  }
  switch (result.type) {
    case 'set':
    case 'set-acl':
      return publicStat(result.stat)
    case 'create':
      return { path: result.path, stat: publicStat(result.stat) }
    case 'transaction':
      return { zxid, results: result.results.map(publicResult) }
    case 'delete':
    case 'close-session':
      return undefined
    case 'reconfigure':
      return result.configuration
  }
}

function publicResult(result: OperationResult): TransactionResult {
  switch (result.type) {
    case 'create':
      return { type: 'create', path: result.path, stat: publicStat(result.stat) }
    case 'set':
      return { type: 'set', stat: publicStat(result.stat) }
    case 'set-acl':
      throw new InvariantError('a transaction changes no ACL')
    case 'delete':
    case 'check':
      return { type: result.type }
    default:
      return unreachable(result)
  }
}
