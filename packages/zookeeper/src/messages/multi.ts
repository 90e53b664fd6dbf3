/**
 * Several writes, all or none, each seeing the effect of those before it.
 *
 *   request    { MultiHeader | record of its opcode }, MultiHeader with done
 *              opcodes: create, create2, createContainer, createTtl, delete, setData, check
 *   response   { MultiHeader | result }, MultiHeader with done
 *
 *   result     create: ustring path | create2, and for containers and TTLs too: ustring path, Stat |
 *              setData: Stat | delete, check: nothing | error: int error, which its header has too
 *
 * If a part fails, the reply has no error, and every result is one: 0 before the failing part, its
 * code there, runtimeInconsistency behind it.
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { readCheckRequest, writeCheckRequest, type CheckRequest } from './check.ts'
import {
  readCreate2Response,
  readCreateRequest,
  readCreateResponse,
  readCreateTtlRequest,
  writeCreate2Response,
  writeCreateRequest,
  writeCreateResponse,
  writeCreateTtlRequest,
  type CreateRequest,
  type CreateTtlRequest,
} from './create.ts'
import { readDeleteRequest, writeDeleteRequest, type DeleteRequest } from './delete.ts'
import { readMultiHeader, strangePart, writeMultiEnd, writeMultiHeader } from './multi-header.ts'
import { opcodes } from './opcodes.ts'
import { readSetDataRequest, writeSetDataRequest, type SetDataRequest } from './set-data.ts'
import { readStat, writeStat, type WireStat } from './stat.ts'

export type MultiPart =
  | {
      readonly opcode:
        typeof opcodes.create | typeof opcodes.create2 | typeof opcodes.createContainer
      readonly request: CreateRequest
    }
  | { readonly opcode: typeof opcodes.createTtl; readonly request: CreateTtlRequest }
  | { readonly opcode: typeof opcodes.delete; readonly request: DeleteRequest }
  | { readonly opcode: typeof opcodes.setData; readonly request: SetDataRequest }
  | { readonly opcode: typeof opcodes.check; readonly request: CheckRequest }

export function writeMultiRequest(writer: JuteWriter, parts: readonly MultiPart[]): void {
  for (const part of parts) {
    writeMultiHeader(writer, part.opcode)
    switch (part.opcode) {
      case opcodes.create:
      case opcodes.create2:
      case opcodes.createContainer:
        writeCreateRequest(writer, part.request)
        break
      case opcodes.createTtl:
        writeCreateTtlRequest(writer, part.request)
        break
      case opcodes.delete:
        writeDeleteRequest(writer, part.request)
        break
      case opcodes.setData:
        writeSetDataRequest(writer, part.request)
        break
      case opcodes.check:
        writeCheckRequest(writer, part.request)
    }
  }
  writeMultiEnd(writer)
}

export function readMultiRequest(reader: JuteReader): readonly MultiPart[] {
  const parts: MultiPart[] = []
  for (
    let opcode = readMultiHeader(reader);
    opcode !== undefined;
    opcode = readMultiHeader(reader)
  ) {
    parts.push(readPart(reader, opcode))
  }
  return parts
}

function readPart(reader: JuteReader, opcode: number): MultiPart {
  switch (opcode) {
    case opcodes.create:
    case opcodes.create2:
    case opcodes.createContainer:
      return { opcode, request: readCreateRequest(reader) }
    case opcodes.createTtl:
      return { opcode, request: readCreateTtlRequest(reader) }
    case opcodes.delete:
      return { opcode, request: readDeleteRequest(reader) }
    case opcodes.setData:
      return { opcode, request: readSetDataRequest(reader) }
    case opcodes.check:
      return { opcode, request: readCheckRequest(reader) }
    default:
      throw strangePart('multi', opcode)
  }
}

export type MultiResult =
  | { readonly opcode: typeof opcodes.create; readonly path: string | null }
  | {
      readonly opcode: typeof opcodes.create2
      readonly path: string | null
      readonly stat: WireStat
    }
  | { readonly opcode: typeof opcodes.setData; readonly stat: WireStat }
  | { readonly opcode: typeof opcodes.delete | typeof opcodes.check }
  | { readonly opcode: typeof opcodes.error; readonly error: number }

export function writeMultiResponse(writer: JuteWriter, results: readonly MultiResult[]): void {
  for (const result of results) {
    writeMultiHeader(writer, result.opcode, result.opcode === opcodes.error ? result.error : 0)
    switch (result.opcode) {
      case opcodes.create:
        writeCreateResponse(writer, result.path ?? '')
        break
      case opcodes.create2:
        writeCreate2Response(writer, result.path ?? '', result.stat)
        break
      case opcodes.setData:
        writeStat(writer, result.stat)
        break
      case opcodes.error:
        writer.int(result.error)
        break
      case opcodes.delete:
      case opcodes.check:
    }
  }
  writeMultiEnd(writer)
}

export function readMultiResponse(reader: JuteReader): readonly MultiResult[] {
  const results: MultiResult[] = []
  for (
    let opcode = readMultiHeader(reader);
    opcode !== undefined;
    opcode = readMultiHeader(reader)
  ) {
    results.push(readResult(reader, opcode))
  }
  return results
}

function readResult(reader: JuteReader, opcode: number): MultiResult {
  switch (opcode) {
    case opcodes.create:
      return { opcode, path: readCreateResponse(reader) }
    case opcodes.create2:
      return { opcode, ...readCreate2Response(reader) }
    case opcodes.setData:
      return { opcode, stat: readStat(reader) }
    case opcodes.delete:
    case opcodes.check:
      return { opcode }
    case opcodes.error:
      return { opcode, error: reader.int() }
    default:
      throw strangePart('response to a multi', opcode)
  }
}
