/**
 * What stands before every request and every reply but the handshake's.
 *
 *   request   int xid | int opcode | the record of the opcode
 *   reply     int xid | long zxid | int error | the record of the opcode, if there is one and no error
 *
 * Replies come in the order of their requests. Only what bears a special xid comes between.
 * `closeSession` and `ping` are headers alone, both ways.
 */
import type { Long } from '../jute/long.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export const xids = {
  /** From the server, unasked: a watch event. */
  notification: -1,
  ping: -2,
  auth: -4,
  /** `setWatches` of the C client; Java's gives it a number like any other request. */
  setWatches: -8,
} as const

export interface RequestHeader {
  readonly xid: number
  readonly opcode: number
}

export function writeRequestHeader(writer: JuteWriter, xid: number, opcode: number): void {
  writer.int(xid)
  writer.int(opcode)
}

export function readRequestHeader(reader: JuteReader): RequestHeader {
  return { xid: reader.int(), opcode: reader.int() }
}

export interface ReplyHeader {
  readonly xid: number
  readonly zxid: Long
  /** One of `wireErrors`. */
  readonly error: number
}

export function writeReplyHeader(writer: JuteWriter, xid: number, zxid: Long, error: number): void {
  writer.int(xid)
  writer.long(zxid)
  writer.int(error)
}

export function readReplyHeader(reader: JuteReader): ReplyHeader {
  return { xid: reader.int(), zxid: reader.long(), error: reader.int() }
}
