/**
 * R3: what tells a repeated request from a new one is replicated state: a restart knows the last request
 * number of each live session, exactly as the log had it where the snapshot stands.
 */
import { formatZxid, type SessionId, type Txn, type Zxid } from '@conclave/core/internal'
import type { Invariant, Observed, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

interface Numbered {
  readonly zxid: Zxid
  readonly requestId: number
}

export class ReplicatedNumbers implements Invariant {
  readonly id = 'R3'
  readonly #observed: Observed
  readonly #requests = new Map<SessionId, Numbered[]>()

  constructor(observed: Observed) {
    this.#observed = observed
  }

  afterTxn({ session, requestId }: Txn, zxid: Zxid): void {
    if (session === 0 || requestId === 0) return
    const requests = this.#requests.get(session) ?? []
    this.#requests.set(session, requests)
    requests.push({ zxid, requestId })
  }

  onStart(peer: ObservedPeer): void {
    this.#check(peer)
  }

  atEnd(): void {
    for (const peer of this.#observed.peers.values()) this.#check(peer)
  }

  #check(peer: ObservedPeer): void {
    const { snapshot } = peer
    if (snapshot === null) return
    const at = snapshot.end.last
    for (const record of snapshot.records()) {
      if (record.type !== 'session') continue
      const { id, lastRequestId } = record.session
      const last = this.#requests.get(id)?.findLast((request) => request.zxid <= at)
      demand(
        lastRequestId === (last?.requestId ?? 0),
        this.id,
        () =>
          `the snapshot of peer ${peer.id} at ${formatZxid(at)} has request ${lastRequestId} of ` +
          `session ${id} as its last, the log ${last?.requestId ?? 0}`,
      )
    }
  }
}
