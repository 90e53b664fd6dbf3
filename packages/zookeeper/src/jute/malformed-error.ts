/** What another side's bytes can be refused for. Only bytes are ever refused with it: never our state. */

export type MalformedReason =
  /** A frame whose length is negative, or beyond the limit: refused before a byte of it is held. */
  | 'FRAME_LENGTH'
  /** A field that reaches past the end of its frame. */
  | 'TRUNCATED'
  /** A length that no field can have. */
  | 'FIELD_LENGTH'
  /** A record that no request or response can hold here. */
  | 'RECORD'

export class MalformedError extends Error {
  override readonly name = 'MalformedError'
  readonly reason: MalformedReason
  /** Of `FRAME_LENGTH`: the four bytes that were to be a length. They may be a four-letter word. */
  readonly prefix: number

  constructor(reason: MalformedReason, message: string, prefix = 0) {
    super(message)
    this.reason = reason
    this.prefix = prefix
  }
}
