/**
 * A change that was watched for: from the server, unasked, behind a reply header with the xid -1.
 *
 *   int type | int state (3, connected) | ustring path
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

/** What a server tells. */
export const eventTypes = { created: 1, deleted: 2, changed: 3, childrenChanged: 4 } as const

/** The state that a server's events bear. */
export const connectedState = 3

export interface WatcherEvent {
  /** One of `eventTypes`. */
  readonly type: number
  readonly state: number
  readonly path: string | null
}

export function writeWatcherEvent(writer: JuteWriter, type: number, path: string): void {
  writer.int(type)
  writer.int(connectedState)
  writer.string(path)
}

export function readWatcherEvent(reader: JuteReader): WatcherEvent {
  return { type: reader.int(), state: reader.int(), path: reader.string() }
}
