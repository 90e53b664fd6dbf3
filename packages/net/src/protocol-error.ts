/** What a peer's bytes can be refused for, once it is authenticated. Each breaks the link. */

export type ProtocolErrorCode =
  /** A frame longer than its type allows, refused before a byte of it is held. */
  | 'FRAME_TOO_LONG'
  /** A frame type that this lane does not carry, or that this version does not know. */
  | 'FRAME_UNKNOWN'
  /** A frame whose CRC or length cannot be right. */
  | 'FRAME_CORRUPT'
  /** The connection ended in the middle of a frame. */
  | 'FRAME_TRUNCATED'
  /** A frame was begun and not continued. */
  | 'FRAME_STALLED'
  /** A whole frame that is not a message of this version. */
  | 'MESSAGE_MALFORMED'
  /** One of our own messages exceeds what the other side would accept. */
  | 'MESSAGE_TOO_LONG'
  /** A page that its codec refuses. */
  | 'PAGE_INVALID'
  /** The send queue would exceed its bound. */
  | 'QUEUE_OVERFLOW'
  /** Bytes that were sent do not arrive. */
  | 'DATA_LOST'

/** Says what is wrong and what mends it; the link adds where. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code: ProtocolErrorCode

  constructor(code: ProtocolErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
