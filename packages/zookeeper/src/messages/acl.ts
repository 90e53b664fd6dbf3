/**
 * A list of access: `vector<ACL>`, where an ACL is `int perms | ustring scheme | ustring id`. The bits
 * are core's `permissions`.
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface WireAclEntry {
  readonly permissions: number
  readonly scheme: string | null
  readonly id: string | null
}

export type WireAcl = readonly WireAclEntry[] | null

const leastEntryBytes = 12

export function writeAcl(writer: JuteWriter, acl: WireAcl): void {
  writer.int(acl === null ? -1 : acl.length)
  for (const { permissions, scheme, id } of acl ?? []) {
    writer.int(permissions)
    writer.string(scheme)
    writer.string(id)
  }
}

export function readAcl(reader: JuteReader): WireAcl {
  const count = reader.count(leastEntryBytes)
  if (count < 0) return null
  const acl: WireAclEntry[] = []
  for (let index = 0; index < count; index += 1) {
    acl.push({ permissions: reader.int(), scheme: reader.string(), id: reader.string() })
  }
  return acl
}
