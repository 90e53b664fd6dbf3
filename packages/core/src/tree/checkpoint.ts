/**
 * The frozen checkpoint: what changed in tree and session table since the last one, handed over as
 * it was at one page end while both go on changing.
 *
 * Invariant D2. A checkpoint that came to nothing is never tried again: the peer stops.
 */
import type { SessionId } from '../ids.ts'
import type { DirtySet } from './dirty-set.ts'
import type { Checkpoint, SessionRecord, SnapshotRecord, SnapshotSummary } from './snapshot.ts'
import type { ZnodeRecord } from './znode.ts'

export class FrozenCheckpoint implements Checkpoint {
  readonly summary: SnapshotSummary
  readonly #znodes: DirtySet<string, ZnodeRecord>
  readonly #sessions: DirtySet<SessionId, SessionRecord>

  /** Freezes both sets; refuses while either still has records of the checkpoint before. */
  constructor(
    summary: SnapshotSummary,
    znodes: DirtySet<string, ZnodeRecord>,
    sessions: DirtySet<SessionId, SessionRecord>,
  ) {
    znodes.freeze()
    sessions.freeze()
    this.summary = summary
    this.#znodes = znodes
    this.#sessions = sessions
  }

  take(max: number): readonly SnapshotRecord[] {
    const records: SnapshotRecord[] = []
    for (const [path, znode] of this.#znodes.take(max)) {
      records.push(znode === null ? { type: 'znode-gone', path } : { type: 'znode', znode })
    }
    for (const [id, session] of this.#sessions.take(max - records.length)) {
      records.push(session === null ? { type: 'session-gone', id } : { type: 'session', session })
    }
    return records
  }
}
