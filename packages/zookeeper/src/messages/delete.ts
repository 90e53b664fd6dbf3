/**
 * Deletes a znode that has no children.
 *
 *   request    ustring path | int version (-1: any)
 *   response   nothing
 *
 * `deleteContainer`, by which ZooKeeper's leader deletes emptied containers, is no request of clients.
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface DeleteRequest {
  readonly path: string | null
  readonly version: number
}

export function writeDeleteRequest(writer: JuteWriter, request: DeleteRequest): void {
  writer.string(request.path)
  writer.int(request.version)
}

export function readDeleteRequest(reader: JuteReader): DeleteRequest {
  return { path: reader.string(), version: reader.int() }
}
