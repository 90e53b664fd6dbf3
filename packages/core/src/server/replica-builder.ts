/**
 * Builds a replica from the records of a snapshot: the sink that a store loads into. Whatever does
 * not come to what the snapshot promised is damage, and the store's to deal with: nothing here is
 * an `InvariantError`.
 *
 * Invariants: D2 what is loaded is what was written; S2 an ephemeral's owner is a live session, or
 * the snapshot is not one (ZOOKEEPER-3144).
 */
import { noSession, type SessionId } from '../ids.ts'
import { SessionTable } from '../session/session-table.ts'
import type { SessionRecord, SnapshotRecord, SnapshotSummary } from '../tree/snapshot.ts'
import { Tree } from '../tree/tree.ts'
import type { ZnodeRecord } from '../tree/znode.ts'
import { Replica } from './replica.ts'

/** Takes every record of a snapshot, in whatever order; parents first is cheapest. */
export class ReplicaBuilder {
  readonly #tree = new Tree()
  readonly #sessions = new SessionTable()
  /** Znodes that came before their parent. */
  readonly #orphans: string[] = []
  readonly #ephemerals: [owner: SessionId, path: string][] = []

  /** Takes the records, and with them their data. Throws for what no whole snapshot contains. */
  add(records: readonly SnapshotRecord[]): void {
    for (const record of records) {
      switch (record.type) {
        case 'znode':
          this.#addZnode(record.znode)
          break
        case 'session':
          this.#addSession(record.session)
          break
        case 'znode-gone':
        case 'session-gone':
          throw new Error(`the snapshot holds a "${record.type}": that is a change, not a record`)
      }
    }
    // With every call, so that the end does not have to hash everything at once.
    this.#tree.settle()
    this.#sessions.settle()
  }

  #addZnode(znode: ZnodeRecord): void {
    const { path, ephemeralOwner } = znode
    if (!path.startsWith('/')) {
      throw new Error(`the snapshot holds a znode at ${JSON.stringify(path)}: that is no path`)
    }
    const { size } = this.#tree
    if (!this.#tree.load(znode)) this.#orphans.push(path)
    if (this.#tree.size === size) {
      throw new Error(`the snapshot holds the znode ${JSON.stringify(path)} twice`)
    }
    if (ephemeralOwner !== noSession) this.#ephemerals.push([ephemeralOwner, path])
  }

  #addSession(session: SessionRecord): void {
    if (this.#sessions.has(session.id)) {
      throw new Error(`the snapshot holds the session ${String(session.id)} twice`)
    }
    this.#sessions.load(session)
  }

  /**
   * The replica at the snapshot's end. Throws when counts or digest are not those of the summary, a
   * znode has no parent or an ephemeral no live owner; the message says which.
   */
  finish(summary: SnapshotSummary): Replica {
    expectCount('znodes', this.#tree.size, summary.znodeCount)
    expectCount('sessions', this.#sessions.size, summary.sessionCount)
    for (const path of this.#orphans) {
      if (this.#tree.link(path)) continue
      throw new Error(`the znode ${JSON.stringify(path)} of the snapshot has no parent in it`)
    }
    for (const [owner, path] of this.#ephemerals) {
      if (this.#sessions.has(owner)) {
        this.#sessions.addEphemeral(owner, path)
        continue
      }
      const shown = JSON.stringify(path)
      throw new Error(`the ephemeral ${shown} of the snapshot belongs to no session in it (S2)`)
    }
    const replica = new Replica(this.#tree, this.#sessions, summary.end, summary.configuration)
    if (replica.digest !== summary.digest) {
      throw new Error(
        `the snapshot's records have the digest ${replica.digest}, its summary says ${summary.digest}`,
      )
    }
    return replica
  }
}

function expectCount(what: string, found: number, promised: number): void {
  if (found === promised) return
  throw new Error(
    `the snapshot holds ${String(found)} ${what}, its summary says ${String(promised)}`,
  )
}
