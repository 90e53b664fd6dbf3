/**
 * Proves an identity, for as long as the connection lives; it has the xid -4.
 *
 *   request    int type (0) | ustring scheme | buffer proof
 *   response   nothing; behind the error authFailed the connection is closed
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface AuthRequest {
  readonly type: number
  readonly scheme: string | null
  readonly proof: Uint8Array | null
}

export function writeAuthRequest(writer: JuteWriter, request: AuthRequest): void {
  writer.int(request.type)
  writer.string(request.scheme)
  writer.buffer(request.proof)
}

export function readAuthRequest(reader: JuteReader): AuthRequest {
  return { type: reader.int(), scheme: reader.string(), proof: reader.buffer() }
}
