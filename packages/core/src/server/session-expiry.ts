/**
 * When sessions expire, as the leader alone decides, on its own monotonic clock; and which proofs of
 * life it may acknowledge. Expiry itself is a txn like any other.
 *
 * The clock that deadlines are judged by never advances more than a second at a time: a leader that
 * stood still finds the proofs that came meanwhile still unread, and must not hold its own pause
 * against the sessions.
 *
 * A proof counts whoever sends it. A host that does not know yet that its session has moved still tells
 * the truth, and what it is acknowledged it relies on.
 *
 * Invariants: S4 a session is expired only when no proof of its life arrived for its whole timeout,
 * nor since this leadership began; S8 a proof is acknowledged only by a quorum round that began after
 * it was received, so that no later leader can know less.
 */
import type { PeerId, SessionId } from '../ids.ts'
import type { SessionRecord } from '../tree/snapshot.ts'
import type { ProofsOfLife } from '../zab/messages.ts'

/** The most that one tick counts. A leader ticks many times a second. */
const maxTickMs = 1_000

interface Deadline {
  readonly timeoutMs: number
  atMs: number
  /** True while its expiry waits to become a txn. */
  isDue: boolean
}

/** What one peer's proofs have come to. */
interface Acknowledgement {
  lastNumber: number
  acknowledged: number
  /** Lists received, and the round that must be confirmed for each, oldest first. */
  waiting: { number: number; readonly round: number }[]
}

export class SessionExpiry {
  readonly #deadlines = new Map<SessionId, Deadline>()
  readonly #byPeer = new Map<PeerId, Acknowledgement>()
  #clockMs = 0
  #lastTickMs: number
  /** No deadline is before this. */
  #earliestMs = Infinity

  constructor(nowMs: number) {
    this.#lastTickMs = nowMs
  }

  /** Gives a session its full timeout from now on. */
  add(session: SessionRecord): void {
    const { id, timeoutMs } = session
    const atMs = this.#clockMs + timeoutMs
    this.#deadlines.set(id, { timeoutMs, atMs, isDue: false })
    this.#earliestMs = Math.min(this.#earliestMs, atMs)
  }

  remove(id: SessionId): void {
    this.#deadlines.delete(id)
  }

  /** The session's client has come to a peer to have it there: that, too, proves its life. */
  onMoved(id: SessionId): void {
    const deadline = this.#deadlines.get(id)
    if (deadline !== undefined) deadline.atMs = this.#clockMs + deadline.timeoutMs
  }

  /** Sessions whose deadline has passed since the last tick. */
  tick(nowMs: number): readonly SessionId[] {
    this.#clockMs += Math.min(nowMs - this.#lastTickMs, maxTickMs)
    this.#lastTickMs = nowMs
    if (this.#clockMs < this.#earliestMs) return []
    const due: SessionId[] = []
    this.#earliestMs = Infinity
    for (const [id, deadline] of this.#deadlines) {
      if (deadline.isDue) continue
      if (deadline.atMs <= this.#clockMs) {
        deadline.isDue = true
        due.push(id)
      } else if (deadline.atMs < this.#earliestMs) {
        this.#earliestMs = deadline.atMs
      }
    }
    return due
  }

  /**
   * True when a session that was due is so still, now that its end can become a txn. A proof that
   * came while it waited saves it (S4).
   */
  isOver(id: SessionId): boolean {
    const deadline = this.#deadlines.get(id)
    if (deadline === undefined) return false
    if (deadline.atMs <= this.#clockMs) return true
    deadline.isDue = false
    this.#earliestMs = Math.min(this.#earliestMs, deadline.atMs)
    return false
  }

  /** Takes a list of proofs; `round` begins after now. */
  onProofs(from: PeerId, proofs: ProofsOfLife, round: number): void {
    for (const [id, ageMs] of proofs.sessions) {
      const deadline = this.#deadlines.get(id)
      if (deadline === undefined || !(ageMs >= 0)) continue
      deadline.atMs = Math.max(deadline.atMs, this.#clockMs - ageMs + deadline.timeoutMs)
    }
    const known = this.#byPeer.get(from)
    if (known === undefined || proofs.number <= known.lastNumber) {
      // The first list of this leadership, or of a peer that was started anew.
      const waiting = [{ number: proofs.number, round }]
      this.#byPeer.set(from, { lastNumber: proofs.number, acknowledged: 0, waiting })
      return
    }
    known.lastNumber = proofs.number
    const newest = known.waiting.at(-1)
    if (newest?.round === round) newest.number = proofs.number
    else known.waiting.push({ number: proofs.number, round })
  }

  /** A quorum has confirmed this round, and with it every one before. */
  onRoundConfirmed(round: number): void {
    for (const known of this.#byPeer.values()) {
      while ((known.waiting[0]?.round ?? Infinity) <= round) {
        known.acknowledged = known.waiting.shift()?.number ?? known.acknowledged
      }
    }
  }

  /** The last list of this peer that a quorum round has since confirmed; 0: none. */
  acknowledged(peer: PeerId): number {
    return this.#byPeer.get(peer)?.acknowledged ?? 0
  }

  /** The link to this peer is gone: its numbers may begin anew. */
  forget(peer: PeerId): void {
    this.#byPeer.delete(peer)
  }
}
