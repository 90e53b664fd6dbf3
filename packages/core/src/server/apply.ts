/**
 * What the sessions of this peer are told while a committed page is applied: watch events, replies,
 * beginnings and ends, in the order of the txns and, within one, events before the reply.
 *
 * Invariants: W4 a session is told of a change before it can learn of it otherwise; W5 what it is
 * told has rising zxids; W9 nothing that it may not read; C5 replies come in the order of requests.
 */
import { assert } from '../assert.ts'
import { sessionIdAt, type SessionId } from '../ids.ts'
import type { RecentChanges } from '../session/recent-changes.ts'
import type { WatchEvent } from '../session/watch-table.ts'
import type { WireWatchEvent } from '../session/wire-watches.ts'
import type { SessionRecord } from '../tree/snapshot.ts'
import { statOf, type Znode } from '../tree/znode.ts'
import type { Zxid } from '../zxid.ts'
import type { Hosting } from './hosting.ts'
import { mayRead } from './read.ts'
import type { ApplyObserver, Replica } from './replica.ts'
import type { WriteResult } from './request.ts'
import type { Txn } from './txn.ts'

export class HostObserver implements ApplyObserver {
  readonly #hosting: Hosting
  readonly #recent: RecentChanges
  readonly #applied: () => Replica

  /** `applied` gives the state as it is now. */
  constructor(hosting: Hosting, recent: RecentChanges, applied: () => Replica) {
    this.#hosting = hosting
    this.#recent = recent
    this.#applied = applied
  }

  wantsResult(session: SessionId): boolean {
    return this.#hosting.sessions.get(session) !== undefined
  }

  onChanged(type: WatchEvent['type'], znode: Znode, zxid: Zxid): void {
    this.#recent.note(type, znode, zxid)
    this.#tellWatches(type, znode, zxid)
    for (const { session, type: event, path } of this.#wireEvents(type, znode.path)) {
      // What is told of a list of children is told of their parent, and guarded by its list.
      const told = event === 'children-changed' ? this.#applied().tree.get(path) : znode
      if (told === undefined || !this.#mayTell(session, told)) continue
      this.#hosting.outbox.deliver(session, { type: 'wire-event', event, path, zxid })
    }
  }

  #wireEvents(type: WatchEvent['type'], path: string): readonly WireWatchEvent[] {
    const { wireWatches } = this.#hosting
    switch (type) {
      case 'created':
        return wireWatches.onCreated(path)
      case 'changed':
        return wireWatches.onChanged(path)
      case 'deleted':
        return wireWatches.onDeleted(path)
    }
  }

  #tellWatches(type: WatchEvent['type'], znode: Znode, zxid: Zxid): void {
    const watches = this.#hosting.watches.fire(znode.path)
    if (watches.length === 0) return
    const isGone = type === 'deleted'
    const event: WatchEvent = {
      type,
      path: znode.path,
      zxid,
      data: isGone ? null : znode.data,
      stat: isGone ? null : statOf(znode),
    }
    for (const { session, watch } of watches) {
      if (!this.#mayTell(session, znode)) continue
      this.#hosting.outbox.deliver(session, { type: 'watch-event', watch, event })
    }
  }

  onApplied(txn: Txn, zxid: Zxid, result: WriteResult | null): void {
    if (txn.requestId !== 0) this.#answer(txn, zxid, result)
    switch (txn.type) {
      case 'create-session':
        this.#hosting.arriving.onCreated(this.#liveSession(sessionIdAt(zxid)))
        break
      case 'close-session':
        this.#end(txn.closed, txn.reason, 'the session ended before this was judged')
        this.#hosting.arriving.onEnded(txn.closed)
        break
      case 'move-session':
        this.#end(txn.moved, 'moved', 'the session moved before this was judged')
        this.#hosting.arriving.onMoved(this.#liveSession(txn.moved))
        break
      default:
        break
    }
  }

  /** What a session may not read, its watches do not tell it either. */
  #mayTell(session: SessionId, znode: Znode): boolean {
    return (
      znode.acl === null || mayRead(znode, this.#hosting.sessions.get(session)?.identities ?? [])
    )
  }

  #answer(txn: Txn, zxid: Zxid, result: WriteResult | null): void {
    const session = this.#hosting.sessions.get(txn.session)
    if (session === undefined) return
    const { sessions } = this.#hosting
    if (txn.type === 'refuse') {
      // What stands before it in the log is applied, and nothing behind: it was judged against this.
      const version = this.#applied().tree.get(txn.path)?.version ?? null
      sessions.refuse(session, txn.requestId, zxid, txn, version)
    } else if (result !== null) {
      sessions.answer(session, txn.requestId, zxid, result)
    }
  }

  #liveSession(id: SessionId): SessionRecord {
    const record = this.#applied().sessions.get(id)
    assert(record !== undefined, 'S3: a session that a txn begins or moves is live')
    return record
  }

  #end(id: SessionId, reason: 'closed' | 'expired' | 'moved', detail: string): void {
    const session = this.#hosting.sessions.get(id)
    if (session !== undefined) this.#hosting.end(session, reason, 'not-applied', detail)
  }
}
