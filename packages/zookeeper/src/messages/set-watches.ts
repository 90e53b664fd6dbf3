/**
 * Watches again what was watched on an earlier connection, and tells what was missed since
 * `relativeZxid`: events first, then the reply. `setWatches2` has two lists more.
 *
 *   request    long relativeZxid | vector<ustring> data | vector<ustring> exist | vector<ustring> child |
 *              setWatches2: vector<ustring> persistent | vector<ustring> persistentRecursive
 *   response   nothing
 */
import type { Long } from '../jute/long.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

type Paths = readonly (string | null)[] | null

export interface SetWatchesRequest {
  readonly relativeZxid: Long
  readonly data: Paths
  readonly exist: Paths
  readonly child: Paths
}

export function writeSetWatchesRequest(writer: JuteWriter, request: SetWatchesRequest): void {
  writer.long(request.relativeZxid)
  writer.strings(request.data)
  writer.strings(request.exist)
  writer.strings(request.child)
}

export function readSetWatchesRequest(reader: JuteReader): SetWatchesRequest {
  return {
    relativeZxid: reader.long(),
    data: reader.strings(),
    exist: reader.strings(),
    child: reader.strings(),
  }
}

export interface SetWatches2Request extends SetWatchesRequest {
  readonly persistent: Paths
  readonly persistentRecursive: Paths
}

export function writeSetWatches2Request(writer: JuteWriter, request: SetWatches2Request): void {
  writeSetWatchesRequest(writer, request)
  writer.strings(request.persistent)
  writer.strings(request.persistentRecursive)
}

export function readSetWatches2Request(reader: JuteReader): SetWatches2Request {
  return {
    relativeZxid: reader.long(),
    data: reader.strings(),
    exist: reader.strings(),
    child: reader.strings(),
    persistent: reader.strings(),
    persistentRecursive: reader.strings(),
  }
}
