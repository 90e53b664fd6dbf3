/**
 * S7: only the present host of a session speaks for it: by what stands before it in the log, each of its
 * writes was called where it is then. And it moves only to a peer that was asked for it, away from whom
 * that peer took it to be with.
 */
import { formatZxid, type Txn, type Zxid } from '@conclave/core/internal'
import type { Call } from '../history.ts'
import type { Invariant, Observed } from '../observation.ts'
import { demand } from '../violation.ts'

export class OneHost implements Invariant {
  readonly id = 'S7'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  beforeTxn(txn: Txn, zxid: Zxid, call: Call | undefined): void {
    const { history, model } = this.#observed
    if (txn.requestId !== 0) {
      const host = model.session(txn.session)?.host
      // A write that nobody asked for is a matter of C1.
      const isOfHost = call === undefined || call.peer === host
      const speaks = history.sessionOf(txn, model)?.peer === host && isOfHost
      demand(
        speaks,
        this.id,
        () =>
          `${formatZxid(zxid)} is a write of session ${txn.session} from peer ${call?.peer ?? 0}, ` +
          `it is with peer ${host ?? 0}`,
      )
    }
    if (txn.type !== 'move-session') return
    const replaced = model.session(txn.moved)?.hostedSince
    const isAskedFor = history.sessionCalls.some(
      ({ peer, moves }) =>
        peer === txn.host && moves?.session === txn.moved && moves.replaces === replaced,
    )
    demand(
      isAskedFor,
      this.id,
      () =>
        `${formatZxid(zxid)} moves session ${txn.moved} to peer ${txn.host}, which had not asked`,
    )
  }

  atEnd(): void {
    const { history, model } = this.#observed
    for (const { id, peer, isOpen, isReadOnly, hostedSince } of history.sessions) {
      demand(
        !isOpen || isReadOnly || model.session(id)?.hostedSince === hostedSince,
        this.id,
        () => `peer ${peer} has session ${id}, which is elsewhere`,
      )
    }
  }
}
