/**
 * One turn of an exchange by SASL.
 *
 *   request    buffer token
 *   response   buffer token, which may be null
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface SaslToken {
  readonly token: Uint8Array | null
}

export function writeSaslToken(writer: JuteWriter, { token }: SaslToken): void {
  writer.buffer(token)
}

export function readSaslToken(reader: JuteReader): SaslToken {
  return { token: reader.buffer() }
}
