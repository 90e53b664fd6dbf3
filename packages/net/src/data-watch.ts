/**
 * Notices that bytes are lost between two peers on a data connection that looks alive: a one-way
 * blackhole, a middlebox that forgot the connection. Each heartbeat names the bytes that its sender
 * has sent and received there; bytes that do not arrive within the silent-peer deadline, with
 * nothing else arriving either, are lost.
 *
 * Pure, and told of time in ticks, not in moments: after our own loop was blocked there is one tick
 * and not many, so that a stall of ours is not taken for a fault of the network.
 */
import type { DataCount } from './codec.ts'
import { ProtocolError } from './protocol-error.ts'

/** Ticks in a silent-peer deadline. */
export const ticksPerDeadline = 8

export class DataWatch {
  /** What the other side says it sent; what we had received of it at the last tick. */
  #claimed = 0
  #received = 0
  /** Consecutive ticks at which bytes were missing and none arrived. */
  #missingTicks = 0
  /** What the other side says it received, and whether it said so since the last tick. */
  #reported = 0
  #fresh = false
  /** What it had received, and what we had sent, at the last tick that brought a report. */
  #lastReported = 0
  #sent = 0
  #undeliveredTicks = 0

  /** Takes the count of a heartbeat. Refuses one that cannot be. */
  onCount(theirs: DataCount, sentByUs: number): void {
    if (theirs.received > sentByUs) {
      throw new ProtocolError(
        'MESSAGE_MALFORMED',
        `${theirs.received} bytes are said to have arrived, but only ${sentByUs} were sent`,
      )
    }
    this.#claimed = Math.max(this.#claimed, theirs.sent)
    this.#reported = Math.max(this.#reported, theirs.received)
    this.#fresh = true
  }

  /** To be called `ticksPerDeadline` times within the deadline. True when bytes were lost. */
  tick(ours: DataCount): boolean {
    const missing = this.#claimed > ours.received && ours.received === this.#received
    this.#missingTicks = missing ? this.#missingTicks + 1 : 0
    this.#received = ours.received

    // Without a new report there is nothing to judge by: then the peer itself is silent, which is
    // for agreement to notice.
    if (this.#fresh) {
      const undelivered = this.#reported < this.#sent && this.#reported === this.#lastReported
      this.#undeliveredTicks = undelivered ? this.#undeliveredTicks + 1 : 0
      this.#lastReported = this.#reported
      this.#sent = ours.sent
      this.#fresh = false
    }
    return this.#missingTicks > ticksPerDeadline || this.#undeliveredTicks > ticksPerDeadline
  }
}
