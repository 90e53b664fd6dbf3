/**
 * Replaces the data of a znode.
 *
 *   request    ustring path | buffer data | int version (-1: any)
 *   response   Stat
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface SetDataRequest {
  readonly path: string | null
  readonly data: Uint8Array | null
  readonly version: number
}

export function writeSetDataRequest(writer: JuteWriter, request: SetDataRequest): void {
  writer.string(request.path)
  writer.buffer(request.data)
  writer.int(request.version)
}

export function readSetDataRequest(reader: JuteReader): SetDataRequest {
  return { path: reader.string(), data: reader.buffer(), version: reader.int() }
}
