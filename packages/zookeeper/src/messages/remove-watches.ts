/**
 * Takes watches back, or asks whether there are any: `removeWatches`, `checkWatches`.
 *
 *   request    ustring path | int watcherType
 *   response   nothing; the error noWatcher when there are none of that type
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

/** Which watches of a path are meant. */
export const watcherTypes = {
  children: 1,
  data: 2,
  any: 3,
  persistent: 4,
  persistentRecursive: 5,
} as const

export interface RemoveWatchesRequest {
  readonly path: string | null
  /** One of `watcherTypes`. */
  readonly watcherType: number
}

export function writeRemoveWatchesRequest(writer: JuteWriter, request: RemoveWatchesRequest): void {
  writer.string(request.path)
  writer.int(request.watcherType)
}

export function readRemoveWatchesRequest(reader: JuteReader): RemoveWatchesRequest {
  return { path: reader.string(), watcherType: reader.int() }
}
