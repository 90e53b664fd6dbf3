/**
 * The paths of the session's ephemeral znodes that begin with some text.
 *
 *   request    ustring prefixPath (null, empty and "/" are any)
 *   response   vector<ustring> paths
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface GetEphemeralsRequest {
  readonly prefixPath: string | null
}

export function writeGetEphemeralsRequest(writer: JuteWriter, request: GetEphemeralsRequest): void {
  writer.string(request.prefixPath)
}

export function readGetEphemeralsRequest(reader: JuteReader): GetEphemeralsRequest {
  return { prefixPath: reader.string() }
}

export function writeGetEphemeralsResponse(writer: JuteWriter, paths: readonly string[]): void {
  writer.strings(paths)
}

export function readGetEphemeralsResponse(reader: JuteReader): readonly (string | null)[] | null {
  return reader.strings()
}
