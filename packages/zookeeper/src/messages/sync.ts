/**
 * Answers once everything is applied that was committed before. The path says nothing, and comes back.
 *
 *   request    ustring path
 *   response   ustring path
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface SyncRequest {
  readonly path: string | null
}

export function writeSyncRequest(writer: JuteWriter, request: SyncRequest): void {
  writer.string(request.path)
}

export function readSyncRequest(reader: JuteReader): SyncRequest {
  return { path: reader.string() }
}

export function writeSyncResponse(writer: JuteWriter, path: string | null): void {
  writer.string(path)
}

export function readSyncResponse(reader: JuteReader): string | null {
  return reader.string()
}
