/**
 * A connection before it belongs to a link: runs one handshake over it, within a deadline. Frames
 * longer than the handshake's own, or of any other kind, are refused unread; nothing that arrives
 * here reaches the codec.
 */
import type { Socket } from 'node:net'
import type { CancelTimer, Clock } from './clock.ts'
import { Connection, type ConnectionOwner } from './connection.ts'
import { encodeFrame, type FrameLimits } from './frame.ts'
import type {
  AcceptorHandshake,
  Acquaintance,
  DiallerHandshake,
  HandshakeStep,
} from './handshake.ts'
import { maxHandshakeBytes } from './limits.ts'
import type { ProtocolError } from './protocol-error.ts'
import type { RefusalCode, RefusalFacts } from './refusal.ts'

/** How a greeting ends; exactly one of these, once. */
export type GreetingEnd =
  /** The other side has proved itself; the connection is held, and the acceptor has yet to `welcome`. */
  | { readonly type: 'proved'; readonly remote: Acquaintance }
  /** One side refused the other; the connection is being closed. */
  | { readonly type: 'refused'; readonly facts: RefusalFacts }
  /** The network ended it; nobody is to blame. */
  | { readonly type: 'ended'; readonly reason: string }

export interface GreetingOptions {
  readonly socket: Socket
  readonly address: string
  readonly handshake: DiallerHandshake | AcceptorHandshake
  readonly clock: Clock
  readonly deadlineMs: number
  /** For a refusal to reach the other side. */
  readonly farewellMs: number
  /** Words a refusal of ours for what the handshake itself does not judge. */
  readonly factsOf: (code: RefusalCode) => RefusalFacts
  readonly onEnd: (greeting: Greeting, end: GreetingEnd) => void
}

/** What each side may send before the other has proved itself. */
const handshakeFrames: FrameLimits = {
  hello: maxHandshakeBytes,
  challenge: maxHandshakeBytes,
  proof: maxHandshakeBytes,
  welcome: maxHandshakeBytes,
  refusal: maxHandshakeBytes,
}

export class Greeting implements ConnectionOwner {
  readonly connection: Connection
  readonly #options: GreetingOptions
  readonly #cancelDeadline: CancelTimer
  /** The acceptor's last word, until it is said. */
  #welcome: Uint8Array | null = null
  #over = false

  constructor(options: GreetingOptions) {
    this.#options = options
    const { socket, address, clock, handshake } = options
    this.connection = new Connection(socket, address, handshakeFrames, this)
    this.#cancelDeadline = clock.after(options.deadlineMs, () => {
      this.#refuse('HANDSHAKE_TIMEOUT')
    })
    if ('open' in handshake) {
      const { name, body } = handshake.open()
      this.connection.write([encodeFrame(name, body)])
    }
  }

  /** Says the acceptor's last word: from here on the other side takes the connection for made. */
  welcome(): void {
    if (this.#welcome !== null) this.connection.write([this.#welcome])
    this.#welcome = null
  }

  /** Closes the connection and tells the other side why. Ends the greeting, if it has not ended. */
  refuse(step: HandshakeStep): void {
    this.#over = true
    this.#cancelDeadline()
    if (step.type === 'refused' && step.frame !== null) {
      this.connection.write([encodeFrame(step.frame.name, step.frame.body)])
    }
    this.connection.end(this.#options.clock, this.#options.farewellMs)
  }

  /** Closes the connection without a word. Nothing is told any more. */
  abandon(): void {
    this.#over = true
    this.#cancelDeadline()
    this.connection.destroy()
  }

  onReadable(): void {
    while (!this.#over) {
      const frame = this.connection.next()
      if (frame === null) return
      this.#onStep(this.#options.handshake.onFrame(frame))
    }
  }

  onFault(error: ProtocolError): void {
    if (error.code === 'FRAME_TRUNCATED') this.onEnded(error.message)
    else this.#refuse('NOT_A_PEER')
  }

  onEnded(reason: string): void {
    this.#finish({ type: 'ended', reason })
    this.connection.destroy()
  }

  #onStep(step: HandshakeStep): void {
    switch (step.type) {
      case 'continue':
        this.connection.write([encodeFrame(step.frame.name, step.frame.body)])
        return
      case 'done':
        if (step.frame !== null) this.#welcome = encodeFrame(step.frame.name, step.frame.body)
        this.connection.hold()
        this.#finish({ type: 'proved', remote: step.remote })
        return
      case 'refused':
        this.refuse(step)
        this.#options.onEnd(this, { type: 'refused', facts: step.facts })
    }
  }

  #refuse(code: RefusalCode): void {
    if (this.#over) return
    this.#finish({ type: 'refused', facts: this.#options.factsOf(code) })
    this.connection.destroy()
  }

  #finish(end: GreetingEnd): void {
    if (this.#over) return
    this.#over = true
    this.#cancelDeadline()
    this.#options.onEnd(this, end)
  }
}
