/**
 * What the connection has proved to be.
 *
 *   request    nothing
 *   response   vector<ClientInfo>, where that is `ustring authScheme | ustring user`
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface ClientInfo {
  readonly scheme: string | null
  readonly user: string | null
}

const leastInfoBytes = 8

export function writeWhoAmIResponse(writer: JuteWriter, infos: readonly ClientInfo[] | null): void {
  writer.int(infos === null ? -1 : infos.length)
  for (const { scheme, user } of infos ?? []) {
    writer.string(scheme)
    writer.string(user)
  }
}

export function readWhoAmIResponse(reader: JuteReader): readonly ClientInfo[] | null {
  const count = reader.count(leastInfoBytes)
  if (count < 0) return null
  const infos: ClientInfo[] = []
  for (let index = 0; index < count; index += 1) {
    infos.push({ scheme: reader.string(), user: reader.string() })
  }
  return infos
}
