/**
 * Watches a path for good, whether there is a znode or not.
 *
 *   request    ustring path | int mode
 *   response   int error (0), a record of its own: without it Java's client disconnects
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export const addWatchModes = { persistent: 0, persistentRecursive: 1 } as const

export interface AddWatchRequest {
  readonly path: string | null
  /** One of `addWatchModes`. */
  readonly mode: number
}

export function writeAddWatchRequest(writer: JuteWriter, request: AddWatchRequest): void {
  writer.string(request.path)
  writer.int(request.mode)
}

export function readAddWatchRequest(reader: JuteReader): AddWatchRequest {
  return { path: reader.string(), mode: reader.int() }
}

export function writeAddWatchResponse(writer: JuteWriter, error: number): void {
  writer.int(error)
}

export function readAddWatchResponse(reader: JuteReader): number {
  return reader.int()
}
