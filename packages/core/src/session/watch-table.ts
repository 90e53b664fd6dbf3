/**
 * Watches of the sessions that a peer hosts: which of them see a change. Watches are persistent and
 * know a depth; they are the host's own, never replicated. What an event carries, and that it goes
 * out before any reply that follows it (W4), is server/apply.ts.
 *
 * Invariants: W1 only what is committed is looked for here; W7 a watch sees exactly the changes within
 * its depth; W8 nothing is left of a watch or of a session that was removed.
 */
import { assert } from '../assert.ts'
import type { SessionId } from '../ids.ts'
import { parentOf } from '../tree/path.ts'
import type { Stat } from '../tree/znode.ts'
import type { Zxid } from '../zxid.ts'

/** What a watch sees of its path: the znode; the znode and its children; the whole subtree. */
export type WatchDepth = 'node' | 'children' | 'subtree'

/** One change of one znode. `data` and `stat` are absent of a deleted one. */
export interface WatchEvent {
  readonly type: 'created' | 'changed' | 'deleted'
  readonly path: string
  readonly zxid: Zxid
  readonly data: Uint8Array | null
  readonly stat: Stat | null
}

/** One registration: `watch` is unique within its session. */
export interface Watch {
  readonly session: SessionId
  readonly watch: number
  readonly path: string
  readonly depth: WatchDepth
}

/** What bounds the watches of one session, and those of all sessions of a peer. */
export type WatchLimit = 'maxSessionWatches' | 'maxHostedWatches'

const noWatches: readonly Watch[] = []

export class WatchTable {
  /** The watches of each path, by depth and in the order in which they were added. */
  readonly #byPath = new Map<string, Record<WatchDepth, Set<Watch>>>()
  readonly #bySession = new Map<SessionId, Map<number, Watch>>()
  #size = 0
  /** How many look below the children: while there are none, nothing above the parent is asked. */
  #subtreeCount = 0

  get size(): number {
    return this.#size
  }

  /** How many paths are watched: 0 when no watch is left (W8). */
  get pathCount(): number {
    return this.#byPath.size
  }

  /** How many watches a session has. */
  countOf(session: SessionId): number {
    return this.#bySession.get(session)?.size ?? 0
  }

  /** Adds a watch; the path need not exist. */
  add(session: SessionId, watch: number, path: string, depth: WatchDepth): void {
    let ofSession = this.#bySession.get(session)
    if (ofSession === undefined) {
      ofSession = new Map<number, Watch>()
      this.#bySession.set(session, ofSession)
    }
    assert(!ofSession.has(watch), 'a watch number is used once in a session')
    let ofPath = this.#byPath.get(path)
    if (ofPath === undefined) {
      ofPath = { node: new Set(), children: new Set(), subtree: new Set() }
      this.#byPath.set(path, ofPath)
    }
    const added: Watch = { session, watch, path, depth }
    ofSession.set(watch, added)
    ofPath[depth].add(added)
    this.#size += 1
    if (depth === 'subtree') this.#subtreeCount += 1
  }

  /** Removes a watch; one that is not there is no matter. */
  remove(session: SessionId, watch: number): void {
    const ofSession = this.#bySession.get(session)
    const removed = ofSession?.get(watch)
    if (ofSession === undefined || removed === undefined) return
    ofSession.delete(watch)
    if (ofSession.size === 0) this.#bySession.delete(session)
    this.#forget(removed)
  }

  /** Removes every watch of a session. */
  removeSession(session: SessionId): void {
    const ofSession = this.#bySession.get(session)
    if (ofSession === undefined) return
    this.#bySession.delete(session)
    for (const watch of ofSession.values()) this.#forget(watch)
  }

  /**
   * The watches that see a change of the znode at `path`, created, changed or deleted: those of the
   * path first, then those of its ancestors, upwards. The cost grows with the path's depth, not
   * with the number of watches elsewhere.
   */
  fire(path: string): readonly Watch[] {
    if (this.#size === 0) return noWatches
    const seen: Watch[] = []
    const own = this.#byPath.get(path)
    if (own !== undefined) seen.push(...own.node, ...own.children, ...own.subtree)
    if (path.length === 1) return seen

    let above = parentOf(path)
    const parent = this.#byPath.get(above)
    if (parent !== undefined) seen.push(...parent.children, ...parent.subtree)
    if (this.#subtreeCount === 0) return seen
    while (above.length > 1) {
      above = parentOf(above)
      const ancestor = this.#byPath.get(above)
      if (ancestor !== undefined) seen.push(...ancestor.subtree)
    }
    return seen
  }

  #forget(watch: Watch): void {
    this.#size -= 1
    if (watch.depth === 'subtree') this.#subtreeCount -= 1
    const ofPath = this.#byPath.get(watch.path)
    assert(ofPath !== undefined, 'W8: a watch is listed under its path')
    ofPath[watch.depth].delete(watch)
    if (ofPath.node.size + ofPath.children.size + ofPath.subtree.size === 0) {
      this.#byPath.delete(watch.path)
    }
  }
}
