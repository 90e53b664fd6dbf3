/**
 * What stands before each part of a `multi` or `multiRead`, and behind the last one.
 *
 *   int opcode | bool done | int error (-1 in requests)
 *
 * The last one is `-1 | true | -1`, and nothing follows it.
 */
import { MalformedError } from '../jute/malformed-error.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

const none = -1

export function writeMultiHeader(writer: JuteWriter, opcode: number, error = none): void {
  writer.int(opcode)
  writer.bool(false)
  writer.int(error)
}

export function writeMultiEnd(writer: JuteWriter): void {
  writer.int(none)
  writer.bool(true)
  writer.int(none)
}

/** The opcode of the next part; `undefined` at the end. */
export function readMultiHeader(reader: JuteReader): number | undefined {
  const opcode = reader.int()
  const done = reader.bool()
  reader.int()
  return done ? undefined : opcode
}

/** Refuses a part that has no place there. */
export function strangePart(where: string, opcode: number): MalformedError {
  return new MalformedError('RECORD', `a ${where} has no part with the opcode ${String(opcode)}`)
}
