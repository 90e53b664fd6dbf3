/**
 * Several reads of one state. Each comes to its own result; nothing is watched, whatever it asks.
 *
 *   request    { MultiHeader | record of its opcode }, MultiHeader with done
 *              opcodes: getData, getChildren
 *   response   { MultiHeader | result }, MultiHeader with done
 *
 *   result     getData: buffer data, Stat | getChildren: vector<ustring> names |
 *              error: int error, which its header has too
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import {
  readGetChildrenRequest,
  readGetChildrenResponse,
  writeGetChildrenRequest,
  writeGetChildrenResponse,
  type GetChildrenRequest,
} from './get-children.ts'
import {
  readGetDataRequest,
  readGetDataResponse,
  writeGetDataRequest,
  writeGetDataResponse,
  type GetDataRequest,
} from './get-data.ts'
import { readMultiHeader, strangePart, writeMultiEnd, writeMultiHeader } from './multi-header.ts'
import { opcodes } from './opcodes.ts'
import type { WireStat } from './stat.ts'

export type MultiReadPart =
  | { readonly opcode: typeof opcodes.getData; readonly request: GetDataRequest }
  | { readonly opcode: typeof opcodes.getChildren; readonly request: GetChildrenRequest }

export function writeMultiReadRequest(writer: JuteWriter, parts: readonly MultiReadPart[]): void {
  for (const part of parts) {
    writeMultiHeader(writer, part.opcode)
    if (part.opcode === opcodes.getData) writeGetDataRequest(writer, part.request)
    else writeGetChildrenRequest(writer, part.request)
  }
  writeMultiEnd(writer)
}

export function readMultiReadRequest(reader: JuteReader): readonly MultiReadPart[] {
  const parts: MultiReadPart[] = []
  for (
    let opcode = readMultiHeader(reader);
    opcode !== undefined;
    opcode = readMultiHeader(reader)
  ) {
    if (opcode === opcodes.getData) parts.push({ opcode, request: readGetDataRequest(reader) })
    else if (opcode === opcodes.getChildren) {
      parts.push({ opcode, request: readGetChildrenRequest(reader) })
    } else throw strangePart('multiRead', opcode)
  }
  return parts
}

export type MultiReadResult =
  | {
      readonly opcode: typeof opcodes.getData
      readonly data: Uint8Array | null
      readonly stat: WireStat
    }
  | { readonly opcode: typeof opcodes.getChildren; readonly names: readonly string[] }
  | { readonly opcode: typeof opcodes.error; readonly error: number }

export function writeMultiReadResponse(
  writer: JuteWriter,
  results: readonly MultiReadResult[],
): void {
  for (const result of results) {
    writeMultiHeader(writer, result.opcode, result.opcode === opcodes.error ? result.error : 0)
    if (result.opcode === opcodes.getData) writeGetDataResponse(writer, result.data, result.stat)
    else if (result.opcode === opcodes.getChildren) writeGetChildrenResponse(writer, result.names)
    else writer.int(result.error)
  }
  writeMultiEnd(writer)
}

export function readMultiReadResponse(reader: JuteReader): readonly MultiReadResult[] {
  const results: MultiReadResult[] = []
  for (
    let opcode = readMultiHeader(reader);
    opcode !== undefined;
    opcode = readMultiHeader(reader)
  ) {
    if (opcode === opcodes.getData) results.push({ opcode, ...readGetDataResponse(reader) })
    else if (opcode === opcodes.getChildren) {
      const names = readGetChildrenResponse(reader) ?? []
      results.push({ opcode, names: names.map((name) => name ?? '') })
    } else if (opcode === opcodes.error) results.push({ opcode, error: reader.int() })
    else throw strangePart('response to a multiRead', opcode)
  }
  return results
}
