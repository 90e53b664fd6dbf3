/**
 * The list that guards a znode.
 *
 *   request    ustring path
 *   response   vector<ACL> acl | Stat
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { readAcl, writeAcl, type WireAcl } from './acl.ts'
import { readStat, writeStat, type WireStat } from './stat.ts'

export interface GetAclRequest {
  readonly path: string | null
}

export function writeGetAclRequest(writer: JuteWriter, request: GetAclRequest): void {
  writer.string(request.path)
}

export function readGetAclRequest(reader: JuteReader): GetAclRequest {
  return { path: reader.string() }
}

export interface GetAclResponse {
  readonly acl: WireAcl
  readonly stat: WireStat
}

export function writeGetAclResponse(writer: JuteWriter, acl: WireAcl, stat: WireStat): void {
  writeAcl(writer, acl)
  writeStat(writer, stat)
}

export function readGetAclResponse(reader: JuteReader): GetAclResponse {
  return { acl: readAcl(reader), stat: readStat(reader) }
}
