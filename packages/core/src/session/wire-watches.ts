/**
 * Watches as ZooKeeper's clients know them: two tables, data and child, of paths and who watches
 * them in which modes. They are the host's own, never replicated, and go with their session.
 *
 * A change triggers a table once or twice; each trigger tells a session at most one event, however
 * many modes or ancestors it watches. Standard watches are gone once they have fired. What a session
 * is told of one change comes in the order in which it is returned here (W4, W5); who watches again is told
 * of what changed since (W6).
 *
 * Source: ZooKeeper 3.9, DataTree and WatchManager; zookeeper.md, "Watches".
 */
import type { SessionId } from '../ids.ts'
import { parentOf } from '../tree/path.ts'
import type { Zxid } from '../zxid.ts'

/**
 * `data` and `child` fire once; `data` is what `exists` and `getData` leave. `persistent` watches the
 * znode and the list of its children, `recursive` every znode at or below it, but for lists.
 */
export type WireWatchMode = 'data' | 'child' | 'persistent' | 'recursive'

/** What is asked for or taken back: `any` stands for every mode. */
export type WireWatchType = WireWatchMode | 'any'

/** What a session is told. `children-changed` names the parent. */
export interface WireWatchEvent {
  readonly session: SessionId
  readonly type: 'created' | 'deleted' | 'changed' | 'children-changed'
  readonly path: string
}

/** What a client says after a reconnection that it watched, and up to where it has seen (`setWatches2`). */
export interface WireWatchRestoration {
  readonly after: Zxid
  readonly data: readonly string[]
  /** Watched by `exists` while there was no such znode. */
  readonly exist: readonly string[]
  readonly child: readonly string[]
  readonly persistent: readonly string[]
  readonly recursive: readonly string[]
}

/** What a restoration asks of the tree. */
export interface WatchedZnode {
  readonly mzxid: Zxid
  readonly pzxid: Zxid
}

const standard = 1
const persistent = 2
const recursive = 4
const everyMode = standard | persistent | recursive

/** Which bits of which table a type stands for. */
const bitsOf: Readonly<Record<WireWatchType, { readonly data: number; readonly child: number }>> = {
  data: { data: standard, child: 0 },
  child: { data: 0, child: standard },
  persistent: { data: persistent, child: persistent },
  recursive: { data: recursive, child: 0 },
  any: { data: everyMode, child: everyMode },
}

const noEvents: readonly WireWatchEvent[] = []

export class WireWatches {
  readonly #data = new ModeTable()
  readonly #child = new ModeTable()

  /** How many pairs of a session and a path there are, in both tables. */
  get size(): number {
    return this.#data.size + this.#child.size
  }

  /** How many paths a session watches, counted in each table. */
  countOf(session: SessionId): number {
    return this.#data.countOf(session) + this.#child.countOf(session)
  }

  /** Who watches which path, in the table of data: what ZooKeeper's `wchp` shows. */
  watchers(): Iterable<readonly [path: string, watchers: Iterable<SessionId>]> {
    return this.#data.watchers()
  }

  /** Adds a watch; the path need not exist. The same one twice is one. */
  add(session: SessionId, path: string, mode: WireWatchMode): void {
    const { data, child } = bitsOf[mode]
    this.#data.add(session, path, data)
    this.#child.add(session, path, child)
  }

  /** True when the session watches the path in a mode of this type. */
  has(session: SessionId, path: string, type: WireWatchType): boolean {
    const { data, child } = bitsOf[type]
    return this.#data.has(session, path, data) || this.#child.has(session, path, child)
  }

  /** Takes watches back; false when there were none of this type. */
  remove(session: SessionId, path: string, type: WireWatchType): boolean {
    const { data, child } = bitsOf[type]
    const ofData = this.#data.remove(session, path, data)
    return this.#child.remove(session, path, child) || ofData
  }

  /** Takes back all watches of a session. */
  removeSession(session: SessionId): void {
    this.#data.removeSession(session)
    this.#child.removeSession(session)
  }

  onCreated(path: string): readonly WireWatchEvent[] {
    if (this.size === 0) return noEvents
    const created = this.#data.trigger(path, (session) => ({ session, type: 'created', path }))
    return [...created, ...this.#onChildrenChanged(path)]
  }

  onChanged(path: string): readonly WireWatchEvent[] {
    if (this.size === 0) return noEvents
    return this.#data.trigger(path, (session) => ({ session, type: 'changed', path }))
  }

  /** Who watches both tables hears of the deletion once. */
  onDeleted(path: string): readonly WireWatchEvent[] {
    if (this.size === 0) return noEvents
    const tell = (session: SessionId): WireWatchEvent => ({ session, type: 'deleted', path })
    const told = this.#data.trigger(path, tell)
    const has = new Set(told.map(({ session }) => session))
    const more = this.#child.trigger(path, tell).filter(({ session }) => !has.has(session))
    return [...told, ...more, ...this.#onChildrenChanged(path)]
  }

  /**
   * A session is back: tells it what it has missed of what it watched, and watches what it has missed
   * nothing of. Persistent watches are only watched again: what they missed is not told. `find` gives
   * a znode as it is now.
   */
  restore(
    session: SessionId,
    restoration: WireWatchRestoration,
    find: (path: string) => WatchedZnode | undefined,
  ): readonly WireWatchEvent[] {
    const missed: WireWatchEvent[] = []
    const settle = (
      path: string,
      mode: WireWatchMode,
      type: WireWatchEvent['type'] | null,
    ): void => {
      if (type === null) this.add(session, path, mode)
      else missed.push({ session, type, path })
    }
    for (const path of restoration.data) {
      const znode = find(path)
      const changed = znode !== undefined && znode.mzxid > restoration.after ? 'changed' : null
      settle(path, 'data', znode === undefined ? 'deleted' : changed)
    }
    for (const path of restoration.exist) {
      settle(path, 'data', find(path) === undefined ? null : 'created')
    }
    for (const path of restoration.child) {
      const znode = find(path)
      const changed = znode !== undefined && znode.pzxid > restoration.after
      settle(path, 'child', znode === undefined ? 'deleted' : changed ? 'children-changed' : null)
    }
    for (const path of restoration.persistent) this.add(session, path, 'persistent')
    for (const path of restoration.recursive) this.add(session, path, 'recursive')
    return missed
  }

  #onChildrenChanged(path: string): readonly WireWatchEvent[] {
    if (path.length === 1) return noEvents
    const parent = parentOf(path)
    return this.#child.trigger(parent, (session) => {
      return { session, type: 'children-changed', path: parent }
    })
  }
}

/** Who watches which path, and in which modes: bits. */
class ModeTable {
  readonly #byPath = new Map<string, Map<SessionId, number>>()
  readonly #bySession = new Map<SessionId, Set<string>>()
  /** How many look below their path: while there are none, no ancestor is asked. */
  #recursiveCount = 0
  size = 0

  countOf(session: SessionId): number {
    return this.#bySession.get(session)?.size ?? 0
  }

  *watchers(): Iterable<readonly [path: string, watchers: Iterable<SessionId>]> {
    for (const [path, ofPath] of this.#byPath) yield [path, ofPath.keys()]
  }

  add(session: SessionId, path: string, modes: number): void {
    if (modes === 0) return
    let ofPath = this.#byPath.get(path)
    if (ofPath === undefined) {
      ofPath = new Map<SessionId, number>()
      this.#byPath.set(path, ofPath)
    }
    this.#write(session, path, ofPath, (ofPath.get(session) ?? 0) | modes)
  }

  has(session: SessionId, path: string, modes: number): boolean {
    return ((this.#byPath.get(path)?.get(session) ?? 0) & modes) !== 0
  }

  remove(session: SessionId, path: string, modes: number): boolean {
    const ofPath = this.#byPath.get(path)
    const before = ofPath?.get(session) ?? 0
    if (ofPath === undefined || (before & modes) === 0) return false
    this.#write(session, path, ofPath, before & ~modes)
    return true
  }

  removeSession(session: SessionId): void {
    for (const path of this.#bySession.get(session) ?? []) this.remove(session, path, everyMode)
  }

  /** One event for everybody who watches the path, or all below a path above it. */
  trigger(path: string, tell: (session: SessionId) => WireWatchEvent): readonly WireWatchEvent[] {
    const told = new Map<SessionId, WireWatchEvent>()
    const own = this.#byPath.get(path)
    for (const [session, modes] of own ?? []) {
      told.set(session, tell(session))
      if ((modes & standard) !== 0) this.remove(session, path, standard)
    }
    for (let above = path; this.#recursiveCount > 0 && above.length > 1;) {
      above = parentOf(above)
      for (const [session, modes] of this.#byPath.get(above) ?? []) {
        if ((modes & recursive) !== 0 && !told.has(session)) told.set(session, tell(session))
      }
    }
    return told.size === 0 ? noEvents : [...told.values()]
  }

  #write(session: SessionId, path: string, ofPath: Map<SessionId, number>, modes: number): void {
    const before = ofPath.get(session) ?? 0
    this.#recursiveCount += (modes & recursive) === 0 ? 0 : 1
    this.#recursiveCount -= (before & recursive) === 0 ? 0 : 1
    if (modes !== 0) {
      ofPath.set(session, modes)
      if (before === 0) this.#list(session, path)
      return
    }
    this.size -= 1
    ofPath.delete(session)
    if (ofPath.size === 0) this.#byPath.delete(path)
    const paths = this.#bySession.get(session)
    paths?.delete(path)
    if (paths?.size === 0) this.#bySession.delete(session)
  }

  #list(session: SessionId, path: string): void {
    this.size += 1
    let paths = this.#bySession.get(session)
    if (paths === undefined) {
      paths = new Set<string>()
      this.#bySession.set(session, paths)
    }
    paths.add(path)
  }
}
