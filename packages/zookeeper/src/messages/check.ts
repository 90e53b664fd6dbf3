/**
 * Whether a znode has a version: a step of a multi, and nothing else.
 *
 *   request    ustring path | int version (-1: any)
 *   response   nothing
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface CheckRequest {
  readonly path: string | null
  readonly version: number
}

export function writeCheckRequest(writer: JuteWriter, request: CheckRequest): void {
  writer.string(request.path)
  writer.int(request.version)
}

export function readCheckRequest(reader: JuteReader): CheckRequest {
  return { path: reader.string(), version: reader.int() }
}
