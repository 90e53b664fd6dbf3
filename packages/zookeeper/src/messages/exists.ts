/**
 * Whether there is a znode. With `watch`, the next change of it is told, also its creation.
 *
 *   request    ustring path | bool watch
 *   response   Stat
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface ExistsRequest {
  readonly path: string | null
  readonly watch: boolean
}

export function writeExistsRequest(writer: JuteWriter, request: ExistsRequest): void {
  writer.string(request.path)
  writer.bool(request.watch)
}

export function readExistsRequest(reader: JuteReader): ExistsRequest {
  return { path: reader.string(), watch: reader.bool() }
}
