/**
 * Data and stat of a znode. With `watch`, the next change of it is told.
 *
 *   request    ustring path | bool watch
 *   response   buffer data | Stat
 *
 * The response of `reconfig` is one too: the new configuration, as text.
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { readStat, writeStat, type WireStat } from './stat.ts'

export interface GetDataRequest {
  readonly path: string | null
  readonly watch: boolean
}

export function writeGetDataRequest(writer: JuteWriter, request: GetDataRequest): void {
  writer.string(request.path)
  writer.bool(request.watch)
}

export function readGetDataRequest(reader: JuteReader): GetDataRequest {
  return { path: reader.string(), watch: reader.bool() }
}

export interface GetDataResponse {
  readonly data: Uint8Array | null
  readonly stat: WireStat
}

export function writeGetDataResponse(
  writer: JuteWriter,
  data: Uint8Array | null,
  stat: WireStat,
): void {
  writer.buffer(data)
  writeStat(writer, stat)
}

export function readGetDataResponse(reader: JuteReader): GetDataResponse {
  return { data: reader.buffer(), stat: readStat(reader) }
}
