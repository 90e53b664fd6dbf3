/**
 * C10: whatever is read, some application wrote: every value bears the name of the write that made it,
 * and a write that definitely failed made none.
 */
import { formatZxid, type WriteRequest } from '@conclave/core/internal'
import { isDefiniteFailure, type Call, type SessionHistory } from '../history.ts'
import type { Invariant, Observed, ObservedPeer, Reading } from '../observation.ts'
import { demand } from '../violation.ts'

export class NoPhantom implements Invariant {
  readonly id = 'C10'
  readonly #observed: Observed
  readonly #writes = new Map<string, Call>()
  /** How many calls of each session are known already. */
  readonly #known = new Map<SessionHistory, number>()

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onRead(peer: ObservedPeer, _session: SessionHistory, { path, zxid, found }: Reading): void {
    const data = found?.data ?? null
    if (data === null || data.length === 0) return
    const value = data.join()
    if (!this.#writes.has(value)) this.#learn()
    const write = this.#writes.get(value)
    demand(
      write !== undefined && !isDefiniteFailure(write.answer),
      this.id,
      () => `peer ${peer.id} shows ${path} at ${formatZxid(zxid)} with what nobody wrote`,
    )
  }

  #learn(): void {
    for (const session of this.#observed.history.sessions.values()) {
      const from = this.#known.get(session) ?? 0
      this.#known.set(session, session.calls.length)
      for (const call of session.calls.slice(from)) {
        for (const data of call.request === null ? [] : valuesOf(call.request)) {
          this.#writes.set(data.join(), call)
        }
      }
    }
  }
}

function valuesOf(request: WriteRequest): readonly Uint8Array[] {
  switch (request.type) {
    case 'create':
    case 'set':
      return request.data === null ? [] : [request.data]
    case 'transaction':
      return request.operations.flatMap((operation) =>
        operation.type === 'create' || operation.type === 'set' ? (operation.data ?? []) : [],
      )
    default:
      return []
  }
}
