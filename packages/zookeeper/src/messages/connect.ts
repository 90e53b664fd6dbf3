/**
 * The handshake: the first frame each way, without a header.
 *
 *   request   int protocolVersion (0) | long lastZxidSeen | int timeoutMs | long sessionId (0: a new
 *             one) | buffer password | bool readOnly, which old clients and go-zookeeper leave out
 *   response  int protocolVersion (0) | int timeoutMs | long sessionId | buffer password | bool readOnly,
 *             if and only if the request had it
 *
 * A session that is over is told by a response of zeros with a password of 16 zero bytes, and the end
 * of the connection. The C client reads 41 bytes, whatever comes: with readOnly, and with a password of
 * 16 bytes, the frame has that many.
 */
import type { Long } from '../jute/long.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

/** Of every password that a server gives, and of the zeros that stand for none. */
export const passwordBytes = 16

export interface ConnectRequest {
  readonly protocolVersion: number
  readonly lastZxidSeen: Long
  readonly timeoutMs: number
  readonly sessionId: Long
  readonly password: Uint8Array | null
  /** `undefined` where the byte is missing. */
  readonly readOnly: boolean | undefined
}

export function writeConnectRequest(writer: JuteWriter, request: ConnectRequest): void {
  writer.int(request.protocolVersion)
  writer.long(request.lastZxidSeen)
  writer.int(request.timeoutMs)
  writer.long(request.sessionId)
  writer.buffer(request.password)
  if (request.readOnly !== undefined) writer.bool(request.readOnly)
}

export function readConnectRequest(reader: JuteReader): ConnectRequest {
  return {
    protocolVersion: reader.int(),
    lastZxidSeen: reader.long(),
    timeoutMs: reader.int(),
    sessionId: reader.long(),
    password: reader.buffer(),
    readOnly: reader.remaining > 0 ? reader.bool() : undefined,
  }
}

export interface ConnectResponse {
  readonly protocolVersion: number
  readonly timeoutMs: number
  readonly sessionId: Long
  readonly password: Uint8Array | null
  /** `undefined` where the request had none. */
  readonly readOnly: boolean | undefined
}

export function writeConnectResponse(writer: JuteWriter, response: ConnectResponse): void {
  writer.int(response.protocolVersion)
  writer.int(response.timeoutMs)
  writer.long(response.sessionId)
  writer.buffer(response.password)
  if (response.readOnly !== undefined) writer.bool(response.readOnly)
}

export function readConnectResponse(reader: JuteReader): ConnectResponse {
  return {
    protocolVersion: reader.int(),
    timeoutMs: reader.int(),
    sessionId: reader.long(),
    password: reader.buffer(),
    readOnly: reader.remaining > 0 ? reader.bool() : undefined,
  }
}

/** What says that there is no such session, or no longer. */
export function expiredResponse(readOnly: boolean | undefined): ConnectResponse {
  return {
    protocolVersion: 0,
    timeoutMs: 0,
    sessionId: 0,
    password: new Uint8Array(passwordBytes),
    readOnly: readOnly === undefined ? undefined : false,
  }
}
