/**
 * Creates a znode: `create`, `create2`, `createContainer`, and `createTtl`, which has one field more.
 *
 *   request          ustring path | buffer data | vector<ACL> acl | int flags | createTtl: long ttlMs
 *   response         create: ustring path
 *                    create2, createContainer, createTtl: ustring path | Stat
 *
 * The path that is answered has the ten digits of a sequential znode.
 */
import type { Long } from '../jute/long.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { readAcl, writeAcl, type WireAcl } from './acl.ts'
import { readStat, writeStat, type WireStat } from './stat.ts'

/** What the znode is to be. */
export const createFlags = {
  persistent: 0,
  ephemeral: 1,
  persistentSequential: 2,
  ephemeralSequential: 3,
  container: 4,
  persistentWithTtl: 5,
  persistentSequentialWithTtl: 6,
} as const

export interface CreateRequest {
  readonly path: string | null
  readonly data: Uint8Array | null
  readonly acl: WireAcl
  /** One of `createFlags`. */
  readonly flags: number
}

export function writeCreateRequest(writer: JuteWriter, request: CreateRequest): void {
  writer.string(request.path)
  writer.buffer(request.data)
  writeAcl(writer, request.acl)
  writer.int(request.flags)
}

export function readCreateRequest(reader: JuteReader): CreateRequest {
  return {
    path: reader.string(),
    data: reader.buffer(),
    acl: readAcl(reader),
    flags: reader.int(),
  }
}

export interface CreateTtlRequest extends CreateRequest {
  readonly ttlMs: Long
}

export function writeCreateTtlRequest(writer: JuteWriter, request: CreateTtlRequest): void {
  writeCreateRequest(writer, request)
  writer.long(request.ttlMs)
}

export function readCreateTtlRequest(reader: JuteReader): CreateTtlRequest {
  return {
    path: reader.string(),
    data: reader.buffer(),
    acl: readAcl(reader),
    flags: reader.int(),
    ttlMs: reader.long(),
  }
}

export function writeCreateResponse(writer: JuteWriter, path: string): void {
  writer.string(path)
}

export function readCreateResponse(reader: JuteReader): string | null {
  return reader.string()
}

export interface Create2Response {
  readonly path: string | null
  readonly stat: WireStat
}

export function writeCreate2Response(writer: JuteWriter, path: string, stat: WireStat): void {
  writer.string(path)
  writeStat(writer, stat)
}

export function readCreate2Response(reader: JuteReader): Create2Response {
  return { path: reader.string(), stat: readStat(reader) }
}
