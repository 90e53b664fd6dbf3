/**
 * S4: a leader expires a session only when no proof of its life reached it for the session's timeout,
 * by the leader's own clock, and not before it has led, or the session has been there, for that long.
 */
import {
  epochOf,
  formatZxid,
  type LogRecord,
  type PeerId,
  type SessionId,
} from '@conclave/core/internal'
import type { Invariant, Observed, ObservedPeer, Step } from '../observation.ts'
import { demand } from '../violation.ts'

/** What one incarnation of a peer knows of sessions' lives, by its own clock. */
interface Knowledge {
  nowMs: number
  epoch: number
  establishedMs: number
  readonly touchedMs: Map<SessionId, number>
  /** The timeouts of the sessions that it has created itself, committed or not. */
  readonly created: Map<SessionId, number>
}

export class Expiry implements Invariant {
  readonly id = 'S4'
  readonly #observed: Observed
  readonly #peers = new Map<PeerId, Knowledge>()

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onStart(peer: ObservedPeer): void {
    this.#peers.set(peer.id, {
      nowMs: 0,
      epoch: 0,
      establishedMs: 0,
      touchedMs: new Map(),
      created: new Map(),
    })
  }

  onStep({ peer, events, after }: Step): void {
    const knowledge = this.#peers.get(peer.id)
    if (knowledge === undefined) return
    for (const event of events) {
      if (event.type === 'tick') knowledge.nowMs = event.nowMs
      if (event.type !== 'message-received' || event.message.type !== 'pong') continue
      for (const [session, ageMs] of event.message.proofs?.sessions ?? []) {
        this.#touch(knowledge, session, knowledge.nowMs - ageMs)
      }
    }
    const { role, phase, epoch } = after.standing
    if (role === 'leader' && phase === 'broadcast' && knowledge.epoch !== epoch) {
      knowledge.epoch = epoch
      knowledge.establishedMs = knowledge.nowMs
    }
  }

  onAppend(peer: ObservedPeer, records: readonly LogRecord[]): void {
    const knowledge = this.#peers.get(peer.id)
    for (const record of records) {
      if (record.type !== 'page' || knowledge === undefined) continue
      const { first } = record.page
      if (epochOf(first) !== knowledge.epoch) continue
      for (const [index, txn] of this.#observed.txnsOf(record.page).entries()) {
        if (txn.type === 'create-session') {
          const session = (first + index) as SessionId
          knowledge.created.set(session, txn.timeoutMs)
          this.#touch(knowledge, session, knowledge.nowMs)
        }
        // Its client has come to its new host: that proves its life as well.
        if (txn.type === 'move-session') this.#touch(knowledge, txn.moved, knowledge.nowMs)
        if (txn.type !== 'close-session' || txn.reason !== 'expired') continue
        const timeoutMs =
          this.#observed.model.session(txn.closed)?.timeoutMs ??
          knowledge.created.get(txn.closed) ??
          0
        demand(timeoutMs > 0, this.id, () => `session ${txn.closed} expires, and never was`)
        const touchedMs = knowledge.touchedMs.get(txn.closed) ?? -Infinity
        const silentMs = peer.nowMs - Math.max(touchedMs, knowledge.establishedMs)
        demand(
          silentMs >= timeoutMs - 1,
          this.id,
          () =>
            `peer ${peer.id} expires session ${txn.closed} in ${formatZxid(first)} after ` +
            `${silentMs} ms of silence, its timeout is ${timeoutMs} ms`,
        )
      }
    }
  }

  #touch(knowledge: Knowledge, session: SessionId, atMs: number): void {
    const known = knowledge.touchedMs.get(session) ?? -Infinity
    if (atMs > known) knowledge.touchedMs.set(session, atMs)
  }
}
