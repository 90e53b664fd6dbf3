/** About how many bytes messages are on the wire: what a narrow way and a full queue go by. */
import type { Message } from '@conclave/core/internal'

/** A frame with nothing in it but fields of its own. */
const plainBytes = 60
/** A chunk is a small handle here; this is about what it stands for. */
const chunkBytes = 1_000
const requestBytes = 150

export function bytesOf(messages: readonly Message[]): number {
  let bytes = 0
  for (const message of messages) bytes += plainBytes + contentBytes(message)
  return bytes
}

function contentBytes(message: Message): number {
  switch (message.type) {
    case 'proposal':
      return message.page.bytes.length
    case 'snap-chunk':
      return chunkBytes
    case 'requests':
    case 'session-requests':
    case 'session-moves':
      return message.requests.length * requestBytes
    default:
      return 0
  }
}
