/**
 * How many znodes there are below one.
 *
 *   request    ustring path
 *   response   int count
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface GetAllChildrenNumberRequest {
  readonly path: string | null
}

export function writeGetAllChildrenNumberRequest(
  writer: JuteWriter,
  request: GetAllChildrenNumberRequest,
): void {
  writer.string(request.path)
}

export function readGetAllChildrenNumberRequest(reader: JuteReader): GetAllChildrenNumberRequest {
  return { path: reader.string() }
}

export function writeGetAllChildrenNumberResponse(writer: JuteWriter, count: number): void {
  writer.int(count)
}

export function readGetAllChildrenNumberResponse(reader: JuteReader): number {
  return reader.int()
}
