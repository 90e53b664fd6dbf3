/**
 * When the snapshot is brought forward, and what of the log may go behind it.
 *
 * A checkpoint begins at so many dirty records, so many bytes of log or after so long, never two at
 * once. It takes only what is committed and durable in this peer's own log: while one is due, pages
 * are applied no further than the disk has confirmed.
 *
 * The log keeps what lies behind the snapshot, a stretch before it for learners and lost answers, and
 * whatever a learner that is being synchronized still needs.
 */
import type { Replica } from '../server/replica.ts'
import type { Zxid } from '../zxid.ts'
import type { PageEnd } from './page.ts'
import type { ZabState } from './state.ts'

export class Checkpoints {
  readonly #state: ZabState
  #replica: Replica
  #begunMs = 0
  #begunBytes = 0
  #writing: PageEnd | null = null
  /** Where the snapshot stands: nothing behind it may leave the log. */
  #written: PageEnd

  /** Begins with the replica as it was loaded from the snapshot. */
  constructor(state: ZabState, replica: Replica) {
    this.#state = state
    this.#replica = replica
    this.#written = replica.end
    // What was recovered and is in no snapshot yet counts towards the next one.
    this.#begunBytes = state.history.totalBytes - state.history.bytesBehind(replica.end.last)
  }

  /**
   * Begins a checkpoint if one is due and the disk has what is applied; none while a snapshot is
   * being received that will take the place of this one.
   */
  endStep(replica: Replica, receivesSnapshot: boolean): void {
    const state = this.#state
    if (replica !== this.#replica) this.#onInstalled(replica)
    if (this.#writing !== null || receivesSnapshot) return
    state.applyOnlyDurable = this.#isDue(replica)
    if (!state.applyOnlyDurable || state.machine.end.last > state.history.durable.last) return
    const checkpoint = replica.freeze()
    this.#writing = checkpoint.summary.end
    this.#begunMs = state.nowMs
    this.#begunBytes = state.history.totalBytes
    state.applyOnlyDurable = false
    state.outbox.add({ type: 'write-checkpoint', checkpoint })
  }

  onWritten(pinned: Zxid | null): void {
    if (this.#writing !== null) this.#written = this.#writing
    this.#writing = null
    this.#purge(pinned)
  }

  /** A received snapshot took the place of the one before, and of a checkpoint on its way there. */
  #onInstalled(replica: Replica): void {
    this.#replica = replica
    this.#written = replica.end
    if (this.#writing !== null) this.#writing = replica.end
    this.#begunMs = this.#state.nowMs
    this.#begunBytes = this.#state.history.totalBytes
  }

  #isDue(replica: Replica): boolean {
    const { options, nowMs, history } = this.#state
    const { checkpointZnodes, checkpointLogBytes, checkpointMs } = options.limits
    if (replica.end.last === this.#written.last) return false
    if (replica.dirtyCount >= checkpointZnodes) return true
    if (history.totalBytes - this.#begunBytes >= checkpointLogBytes) return true
    return nowMs - this.#begunMs >= checkpointMs
  }

  #purge(pinned: Zxid | null): void {
    const { history, options, outbox } = this.#state
    const limit = Math.min(this.#written.last, pinned ?? Infinity) as Zxid
    const { last } = history.purgeable(limit, options.limits.maxRetainedBytes)
    if (last <= history.start.last) return
    history.purge(last)
    outbox.add({ type: 'purge-log', upTo: last })
  }
}
