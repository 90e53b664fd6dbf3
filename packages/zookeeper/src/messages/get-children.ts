/**
 * The names of a znode's children, in no order. With `watch`, the next change of the list is told.
 *
 *   request    ustring path | bool watch
 *   response   getChildren: vector<ustring> names
 *              getChildren2: vector<ustring> names | Stat
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { readStat, writeStat, type WireStat } from './stat.ts'

export interface GetChildrenRequest {
  readonly path: string | null
  readonly watch: boolean
}

export function writeGetChildrenRequest(writer: JuteWriter, request: GetChildrenRequest): void {
  writer.string(request.path)
  writer.bool(request.watch)
}

export function readGetChildrenRequest(reader: JuteReader): GetChildrenRequest {
  return { path: reader.string(), watch: reader.bool() }
}

export function writeGetChildrenResponse(writer: JuteWriter, names: readonly string[]): void {
  writer.strings(names)
}

export function readGetChildrenResponse(reader: JuteReader): readonly (string | null)[] | null {
  return reader.strings()
}

export interface GetChildren2Response {
  readonly names: readonly (string | null)[] | null
  readonly stat: WireStat
}

export function writeGetChildren2Response(
  writer: JuteWriter,
  names: readonly string[],
  stat: WireStat,
): void {
  writer.strings(names)
  writeStat(writer, stat)
}

export function readGetChildren2Response(reader: JuteReader): GetChildren2Response {
  return { names: reader.strings(), stat: readStat(reader) }
}
