/**
 * D2: a snapshot is the state at its page end, field by field: what a restart loads is what was.
 * Snapshots are compared with the model as it was there: data, times, counts, owners, sessions.
 */
import { formatZxid, type SnapshotRecord, type Zxid } from '@conclave/core/internal'
import type { ModelZnode } from '../model/tree-model.ts'
import type { Invariant, Observed, ObservedPeer, Step } from '../observation.ts'
import { demand } from '../violation.ts'

/** One checkpoint in so many is compared; every start is, and every peer in the end. */
const checkedOneIn = 8

export class RestartEquivalence implements Invariant {
  readonly id = 'D2'
  readonly #observed: Observed
  #written = 0

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onStart(peer: ObservedPeer): void {
    this.#check(peer)
  }

  onStep({ peer, events }: Step): void {
    if (!events.some((event) => event.type === 'checkpoint-written')) return
    // What one checkpoint gets wrong stays wrong: some of them are enough.
    this.#written += 1
    if (this.#written % checkedOneIn === 0) this.#check(peer)
  }

  atEnd(): void {
    for (const peer of this.#observed.peers.values()) this.#check(peer)
  }

  #check(peer: ObservedPeer): void {
    const { snapshot } = peer
    const summary = snapshot?.summary ?? null
    if (snapshot === null || summary === null) return
    const { model } = this.#observed
    const at = summary.end.last
    const records = snapshot.records()
    for (const record of records) this.#checkRecord(peer, record, at)
    const znodes = records.filter((record) => record.type === 'znode').length
    const sessions = records.length - znodes
    const paths = model.tree.pathsAt(at)
    const live = [...model.sessions()].filter((session) => model.wasLiveAt(session.id, at))
    demand(
      znodes === paths.length && sessions === live.length,
      this.id,
      () =>
        `the snapshot of peer ${peer.id} at ${formatZxid(at)} has ${znodes} znodes and ` +
        `${sessions} sessions of ${paths.length} and ${live.length}`,
    )
  }

  #checkRecord(peer: ObservedPeer, record: SnapshotRecord, at: Zxid): void {
    const { model } = this.#observed
    if (record.type === 'znode') {
      const { path } = record.znode
      const known = model.tree.at(path, at)
      demand(
        known !== null && sameZnode(known, record.znode),
        this.id,
        () =>
          `the snapshot of peer ${peer.id} at ${formatZxid(at)} has ${path} as ` +
          `${JSON.stringify(record.znode)}, it was ${JSON.stringify(known)}`,
      )
    } else if (record.type === 'session') {
      const { id, timeoutMs, password, host, hostedSince } = record.session
      const known = model.session(id)
      const same =
        known?.timeoutMs === timeoutMs &&
        known.password === password.join() &&
        model.hostedSince(id, host, at) === hostedSince &&
        (model.hostedUntil(id, hostedSince) ?? Infinity) > at
      demand(
        same && model.wasLiveAt(id, at),
        this.id,
        () => `the snapshot of peer ${peer.id} at ${formatZxid(at)} has the session ${id}`,
      )
    }
  }
}

type ZnodeRecord = (SnapshotRecord & { readonly type: 'znode' })['znode']

function sameZnode(known: ModelZnode, record: ZnodeRecord): boolean {
  return (
    known.czxid === record.czxid &&
    known.mzxid === record.mzxid &&
    known.pzxid === record.pzxid &&
    known.ctime === record.ctime &&
    known.mtime === record.mtime &&
    known.version === record.version &&
    known.creates === record.createCount &&
    known.owner === record.ephemeralOwner &&
    known.reap === record.reap &&
    sameBytes(known.data, record.data)
  )
}

/** True of equal bytes, and of two absences. */
export function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
