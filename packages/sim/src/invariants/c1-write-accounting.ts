/**
 * C1: an answered write has exactly one txn, at the zxid it was told, and of the kind it was told;
 * a write that definitely failed has none; one whose outcome is unknown has at most one. The same
 * holds of sessions that were asked for.
 */
import { formatZxid, type Txn, type Zxid } from '@conclave/core/internal'
import { isDefiniteFailure, type Call, type SessionCall, type SessionHistory } from '../history.ts'
import type { Invariant, Observed, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

export class WriteAccounting implements Invariant {
  readonly id = 'C1'
  readonly #observed: Observed
  readonly #refusals = new Map<Zxid, Txn & { readonly type: 'refuse' }>()
  readonly #answered = new Set<Call>()

  constructor(observed: Observed) {
    this.#observed = observed
  }

  beforeTxn(txn: Txn, zxid: Zxid, call: Call | undefined): void {
    if (txn.type === 'refuse') this.#refusals.set(zxid, txn)
    const { history, model } = this.#observed
    const session = history.sessionOf(txn, model)
    demand(
      session === undefined || txn.requestId === 0 || call !== undefined,
      this.id,
      () => `${formatZxid(zxid)} is a write of session ${txn.session} that nobody asked for`,
    )
  }

  onAnswer(_peer: ObservedPeer, _session: SessionHistory, call: Call): void {
    demand(!this.#answered.has(call), this.id, () => `call ${call.id} is answered twice`)
    this.#answered.add(call)
    const { answer } = call
    if (answer?.type === 'reply' || answer?.type === 'refused') {
      const refusal = this.#refusals.get(answer.zxid)
      const isAsTold =
        answer.type === 'reply'
          ? refusal === undefined && answer.result.type === call.request?.type
          : refusal?.code === answer.refusal.code && refusal.operation === answer.refusal.operation
      const holds = call.zxid === answer.zxid && isAsTold
      demand(holds, this.id, () => {
        const found = call.zxid === null ? 'no txn' : formatZxid(call.zxid)
        return `call ${call.id} is told ${answer.type} at ${formatZxid(answer.zxid)}, it has ${found}`
      })
    }
    if (isDefiniteFailure(answer)) this.#demandNone(call)
  }

  onSessionAnswer(peer: ObservedPeer, { answer, password }: SessionCall): void {
    if (answer === null || !('session' in answer)) return
    const known = this.#observed.model.session(answer.session)
    demand(
      known?.password === password &&
        known.hosts.some(([host, since]) => host === peer.id && since === answer.hostedSince),
      this.id,
      () => `peer ${peer.id} opens session ${answer.session}, which it did not ask for`,
    )
  }

  atEnd(): void {
    const { history, model } = this.#observed
    for (const session of history.sessions.values()) {
      for (const call of session.calls) if (isDefiniteFailure(call.answer)) this.#demandNone(call)
    }
    // A request that is sent again can meet its first session already ended, unknown to whoever asked;
    // two that live at once were never asked for.
    const created = new Map<string, Zxid | null>()
    for (const { id, password, endedAt } of model.sessions()) {
      const before = created.get(password)
      const overlaps = before === null || (before !== undefined && before > id)
      demand(!overlaps, this.id, () => `one request made session ${id} and another before it`)
      created.set(password, endedAt)
    }
    for (const { answer, id, password, moves } of history.sessionCalls) {
      if (moves !== null) continue
      if (answer === null || !('outcome' in answer) || answer.outcome === 'unknown') continue
      demand(!created.has(password), this.id, () => `call ${id} for a session failed, and made one`)
    }
  }

  #demandNone(call: Call): void {
    const { zxid } = call
    demand(
      zxid === null,
      this.id,
      () => `call ${call.id} was told "not applied", and is ${formatZxid(zxid as Zxid)}`,
    )
  }
}
