/**
 * Replaces the list that guards a znode.
 *
 *   request    ustring path | vector<ACL> acl | int version (the stat's aversion; -1: any)
 *   response   Stat
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { readAcl, writeAcl, type WireAcl } from './acl.ts'

export interface SetAclRequest {
  readonly path: string | null
  readonly acl: WireAcl
  readonly version: number
}

export function writeSetAclRequest(writer: JuteWriter, request: SetAclRequest): void {
  writer.string(request.path)
  writeAcl(writer, request.acl)
  writer.int(request.version)
}

export function readSetAclRequest(reader: JuteReader): SetAclRequest {
  return { path: reader.string(), acl: readAcl(reader), version: reader.int() }
}
