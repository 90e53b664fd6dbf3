/** The seam between a client and whatever carries its bytes: sockets, or a test. */
import type { ServerAddress } from './server-list.ts'

/** One connection to a server. */
export interface Wire {
  write(frame: Buffer): void
  /** Ends it. Nothing is told afterwards. */
  close(): void
}

/** Who is told of a connection. All of it in a later turn than `dial`, and nothing of it throws. */
export interface WireListener {
  onOpen(): void
  /** Valid until it returns. */
  onData(chunk: Buffer): void
  /** At most once, and the last word. */
  onClosed(why: string): void
}

export type Dial = (server: ServerAddress, listener: WireListener) => Wire

/** Time, as a client takes it. */
export interface ClientClock {
  nowMs(): number
  /** Calls back once; what it returns takes that back. */
  after(ms: number, callback: () => void): () => void
  /** Calls back in the next turn of the loop, behind what has arrived by then. */
  soon(callback: () => void): void
}
