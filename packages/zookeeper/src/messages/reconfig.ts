/**
 * Changes who belongs to the ensemble: by lists of who comes and who goes, or of all.
 *
 *   request    ustring joining | ustring leaving | ustring newMembers | long version (-1: any)
 *   response   that of `getData`: the configuration, as text, and the stat of /zookeeper/config
 */
import type { Long } from '../jute/long.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface ReconfigRequest {
  readonly joining: string | null
  readonly leaving: string | null
  readonly newMembers: string | null
  readonly version: Long
}

export function writeReconfigRequest(writer: JuteWriter, request: ReconfigRequest): void {
  writer.string(request.joining)
  writer.string(request.leaving)
  writer.string(request.newMembers)
  writer.long(request.version)
}

export function readReconfigRequest(reader: JuteReader): ReconfigRequest {
  return {
    joining: reader.string(),
    leaving: reader.string(),
    newMembers: reader.string(),
    version: reader.long(),
  }
}
