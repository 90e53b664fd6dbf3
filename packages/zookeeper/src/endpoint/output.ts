/**
 * Where all connections of an endpoint write their frames: one writer, so that what one connection
 * writes without another between lies in one piece. Each connection is flushed once a tick.
 */
import { JuteWriter } from '../jute/writer.ts'

/** Whoever has written takes the pieces that are its own. */
export interface OutputOwner {
  addPiece(piece: Buffer): void
}

export class Output {
  readonly #writer = new JuteWriter()
  #owner: OutputOwner | null = null

  /** Begins a frame of this owner, which ends it with `end`. */
  begin(owner: OutputOwner): JuteWriter {
    if (this.#owner !== owner) {
      this.hand()
      this.#owner = owner
    }
    this.#writer.begin()
    return this.#writer
  }

  /** Ends the frame; returns its length. */
  end(): number {
    return this.#writer.end()
  }

  /** Takes back what was written of a frame. */
  abandon(): void {
    this.#writer.abandon()
  }

  /** Bytes of the owner that are not handed to it. */
  pendingOf(owner: OutputOwner): number {
    return this.#owner === owner ? this.#writer.pendingBytes : 0
  }

  /** Hands what was written to whom it belongs. */
  hand(): void {
    const owner = this.#owner
    this.#owner = null
    if (owner !== null && this.#writer.pendingBytes > 0) owner.addPiece(this.#writer.take())
  }
}
