/**
 * One socket: frames in, frames out. What is written within one tick goes to the kernel in one
 * call, small frames joined and bulk as it is. Counts the bytes of both directions from its first.
 *
 * Faults never leave it but through its owner, once, and not from within a call to it. It knows
 * neither handshake nor messages; `greeting.ts` owns it first, `link.ts` afterwards.
 */
import type { Socket } from 'node:net'
import type { Clock } from './clock.ts'
import { FrameSplitter, type Frame, type FrameLimits } from './frame.ts'
import { ProtocolError } from './protocol-error.ts'

/** Whoever a connection's frames are for at present. */
export interface ConnectionOwner {
  /** Frames may be taken with `next`, which can throw; what this throws comes back as `onFault`. */
  onReadable(): void
  /** What came is not what it should be. Nothing more comes; the owner closes the connection. */
  onFault(error: ProtocolError): void
  /** The other side or the network ended it. Nothing more comes. */
  onEnded(reason: string): void
}

/** Pieces shorter than this are joined: a copy costs less than a piece of its own. */
const joinBytes = 4 * 1024

export class Connection {
  /** The other end, for messages. */
  readonly address: string
  readonly #socket: Socket
  readonly #splitter: FrameSplitter
  /** `null` once nothing that arrives matters any more. */
  #owner: ConnectionOwner | null
  #held = false
  #closing = false
  #sentBytes = 0
  #receivedBytes = 0
  /** What is written at the end of this tick. */
  #unwritten: Uint8Array[] = []
  #unwrittenBytes = 0
  #failure: string | null = null
  readonly #gone: Promise<void>

  constructor(socket: Socket, address: string, limits: FrameLimits, owner: ConnectionOwner) {
    this.#socket = socket
    this.address = address
    this.#splitter = new FrameSplitter(limits)
    this.#owner = owner
    this.#gone = new Promise((resolve) => {
      socket.once('close', () => {
        this.#onEnded(this.#failure ?? 'the connection was closed')
        resolve()
      })
    })
    // Without this the host process would die of a connection that was reset.
    socket.on('error', (error) => {
      this.#failure = error.message
    })
    socket.on('data', (chunk) => {
      this.#onRead(chunk)
    })
    socket.on('end', () => {
      this.#onEnded('the other side closed the connection')
    })
  }

  /** True once it was given up: it only delivers what was written, or nothing any more. */
  get closing(): boolean {
    return this.#closing
  }

  /** Resolves when the socket is closed for good. */
  get gone(): Promise<void> {
    return this.#gone
  }

  /** Bytes given to it for sending, from the first of the handshake. */
  get sentBytes(): number {
    return this.#sentBytes
  }

  get receivedBytes(): number {
    return this.#receivedBytes
  }

  /** Bytes given to it that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#socket.writableLength + this.#unwrittenBytes
  }

  /** True when a frame was begun that has not arrived whole. */
  get partial(): boolean {
    return this.#splitter.partial
  }

  /** The next frame. Throws `ProtocolError`. */
  next(): Frame | null {
    return this.#splitter.next()
  }

  /** Reads no more until `assign`: what comes now is for an owner that does not exist yet. */
  hold(): void {
    this.#held = true
    this.#socket.pause()
  }

  /** Hands what arrives from now on to another owner, with the frames that may come. */
  assign(owner: ConnectionOwner, limits: FrameLimits): void {
    this.#owner = owner
    this.#splitter.limitTo(limits)
  }

  /** Hands over what arrived while it was held, then reads on. */
  release(): void {
    this.#held = false
    this.#deliver()
    this.#socket.resume()
  }

  /** Writes the pieces at the end of this tick, behind those before them. */
  write(pieces: readonly Uint8Array[]): void {
    if (this.#unwritten.length === 0) {
      process.nextTick(() => {
        this.#flush()
      })
    }
    for (const piece of pieces) {
      this.#unwritten.push(piece)
      this.#unwrittenBytes += piece.length
      this.#sentBytes += piece.length
    }
  }

  /**
   * Ends it once what was written has been delivered, and destroys it after `patienceMs` at the
   * latest. The owner hears no more of it.
   */
  end(clock: Clock, patienceMs: number): void {
    this.#closing = true
    this.#owner = null
    this.#flush()
    const cancel = clock.after(patienceMs, () => {
      this.#socket.destroy()
    })
    void this.#gone.then(cancel)
    // Unread bytes would make the kernel reset the connection, and what was written be lost.
    this.#socket.resume()
    this.#socket.end()
  }

  /** Reads on, only to forget what comes. The owner hears no more of it. */
  ignore(): void {
    this.#closing = true
    this.#owner = null
    this.#socket.resume()
  }

  /** Frees the socket at once. The owner hears no more of it. */
  destroy(): void {
    this.#closing = true
    this.#owner = null
    this.#unwritten = []
    this.#unwrittenBytes = 0
    this.#socket.destroy()
  }

  #onRead(chunk: Uint8Array): void {
    this.#receivedBytes += chunk.length
    if (this.#owner === null) return
    this.#guard(() => {
      this.#splitter.push(chunk)
    })
    if (!this.#held) this.#deliver()
  }

  #deliver(): void {
    this.#guard((owner) => {
      owner.onReadable()
    })
  }

  /** Turns whatever is thrown into the one way in which a connection fails. */
  #guard(work: (owner: ConnectionOwner) => void): void {
    const owner = this.#owner
    if (owner === null) return
    try {
      work(owner)
    } catch (error) {
      this.#owner = null
      owner.onFault(
        error instanceof ProtocolError
          ? error
          : new ProtocolError(
              'MESSAGE_MALFORMED',
              `a frame cannot be read: ${String(error)}`,
              error,
            ),
      )
    }
  }

  #onEnded(reason: string): void {
    const owner = this.#owner
    if (owner === null) return
    this.#owner = null
    if (!this.#splitter.partial || this.#held) {
      owner.onEnded(reason)
    } else {
      const message = `the connection ended in the middle of a frame: ${reason}`
      owner.onFault(new ProtocolError('FRAME_TRUNCATED', message))
    }
  }

  #flush(): void {
    if (this.#unwritten.length === 0) return
    const pieces = join(this.#unwritten)
    this.#unwritten = []
    this.#unwrittenBytes = 0
    if (!this.#socket.writable) return
    this.#socket.cork()
    for (const piece of pieces) this.#socket.write(piece)
    this.#socket.uncork()
  }
}

/** The same bytes in fewer pieces. */
function join(pieces: readonly Uint8Array[]): Uint8Array[] {
  const joined: Uint8Array[] = []
  let small: Uint8Array[] = []
  const flush = (): void => {
    if (small.length > 0)
      joined.push(small.length === 1 ? (small[0] as Uint8Array) : Buffer.concat(small))
    small = []
  }
  for (const piece of pieces) {
    if (piece.length < joinBytes) small.push(piece)
    else {
      flush()
      joined.push(piece)
    }
  }
  flush()
  return joined
}

/** `host:port`, with brackets around an address that has colons of its own. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
