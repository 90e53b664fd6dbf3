/**
 * The replicated state of a peer: tree, sessions and configuration, and the page end they stand at.
 * There is one way in which it changes: a committed page is applied, whole.
 *
 * Not here: watches, replies and deliveries, which an `ApplyObserver` (apply.ts) makes of what it
 * is told; whether a page is committed, which is agreement's to know.
 *
 * Invariants: D4 a page end is reached after its last txn, never within; S2 an ephemeral's owner is
 * a live session; S3 a session's end deletes exactly its ephemerals; R2 a session's requests stand
 * in the log once each, in order.
 */
import { assert } from '../assert.ts'
import type { Configuration } from '../ensemble/configuration.ts'
import { noSession, sessionIdAt, type SessionId } from '../ids.ts'
import { SessionTable } from '../session/session-table.ts'
import { FrozenCheckpoint } from '../tree/checkpoint.ts'
import type { Checkpoint } from '../tree/snapshot.ts'
import { Tree } from '../tree/tree.ts'
import { statOf, type Znode } from '../tree/znode.ts'
import { noPage, type Page, type PageEnd } from '../zab/page.ts'
import { advanceZxid, type Zxid } from '../zxid.ts'
import type { OperationResult, WriteResult } from './request.ts'
import type { TreeTxn, Txn } from './txn.ts'

/** Who is told what a page does while it is applied. Called synchronously, in the order of events. */
export interface ApplyObserver {
  /** True when the result of this session's write is of interest: it is only then made. */
  wantsResult(session: SessionId): boolean
  /** After each change of a znode; a deleted one is as it was. Not kept, not written to. */
  onChanged(type: 'created' | 'changed' | 'deleted', znode: Znode, zxid: Zxid): void
  /** After each txn, and after everything it changed; `null` when no result was wanted or none is. */
  onApplied(txn: Txn, zxid: Zxid, result: WriteResult | null): void
}

export class Replica {
  readonly tree: Tree
  readonly sessions: SessionTable
  #end: PageEnd
  #configuration: Configuration | null

  constructor(
    tree: Tree,
    sessions: SessionTable,
    end: PageEnd,
    configuration: Configuration | null,
  ) {
    this.tree = tree
    this.sessions = sessions
    this.#end = end
    this.#configuration = configuration
  }

  /** The state before the first page: the system znodes alone, which the first checkpoint will hold. */
  static empty(): Replica {
    return new Replica(Tree.empty(), new SessionTable(), noPage, null)
  }

  /** The end of the last page that was applied. */
  get end(): PageEnd {
    return this.#end
  }

  get lastApplied(): Zxid {
    return this.#end.last
  }

  /** The last configuration that was applied, or `null` before founding. */
  get configuration(): Configuration | null {
    return this.#configuration
  }

  /** Of all znodes and sessions at `end`: 16 hexadecimal digits, equal on every peer (D1). */
  get digest(): string {
    return this.tree.digest.hexWith(this.sessions.digest)
  }

  /** How many records the next checkpoint would hold. */
  get dirtyCount(): number {
    return this.tree.dirty.size + this.sessions.dirty.size
  }

  /**
   * Applies the next page. The data in `txns` belongs to the replica from here on. Whatever throws
   * leaves the replica half-way, at the end before: it must not be used again.
   */
  apply(page: Page, txns: readonly Txn[], observer: ApplyObserver): void {
    assert(
      page.previousLast === this.#end.last && page.previousCrc === this.#end.crc,
      'Z5: a page follows the one that was applied before it',
    )
    assert(
      txns.length > 0 && advanceZxid(page.first, txns.length - 1) === page.last,
      'Z5: a page holds a txn for each of its zxids',
    )
    for (let index = 0; index < txns.length; index += 1) {
      this.#applyTxn(txns[index] as Txn, advanceZxid(page.first, index), observer)
    }
    this.tree.endPage()
    this.sessions.settle()
    // Last, and for the whole page (D4, ZOOKEEPER-3127): no checkpoint may ever hold half of it.
    this.#end = { last: page.last, crc: page.crc }
  }

  /**
   * Freezes what changed since the last checkpoint, as it is now. Refuses while records of the one
   * before have not been taken.
   */
  freeze(): Checkpoint {
    const summary = {
      end: this.#end,
      digest: this.digest,
      znodeCount: this.tree.size,
      sessionCount: this.sessions.size,
      configuration: this.#configuration,
    }
    return new FrozenCheckpoint(summary, this.tree.dirty, this.sessions.dirty)
  }

  #applyTxn(txn: Txn, zxid: Zxid, observer: ApplyObserver): void {
    const { session } = txn
    let wanted = false
    if (session !== noSession && txn.requestId !== 0) {
      // A refusal can concern a session that is gone: it has no ids left to count.
      if (txn.type !== 'refuse' || this.sessions.has(session)) {
        this.sessions.noteRequest(session, txn.requestId)
      }
      wanted = observer.wantsResult(session)
    }
    observer.onApplied(txn, zxid, this.#change(txn, zxid, wanted, observer))
  }

  #change(txn: Txn, zxid: Zxid, wanted: boolean, observer: ApplyObserver): WriteResult | null {
    switch (txn.type) {
      case 'create':
      case 'set':
      case 'delete':
      case 'set-acl':
      case 'check': {
        const znode = this.#changeTree(txn, zxid, txn.timeMs, observer)
        return wanted ? resultOf(txn, znode) : null
      }
      case 'transaction': {
        const results: OperationResult[] = []
        for (const step of txn.txns) {
          const znode = this.#changeTree(step, zxid, txn.timeMs, observer)
          if (wanted) results.push(resultOf(step, znode))
        }
        return wanted ? { type: 'transaction', results } : null
      }
      case 'create-with-parents':
      case 'delete-subtree': {
        let result: WriteResult | null = null
        for (const step of txn.txns) {
          const znode = this.#changeTree(step, zxid, txn.timeMs, observer)
          if (wanted && step === txn.txns.at(-1)) result = resultOf(step, znode)
        }
        return result
      }
      case 'create-session':
        this.sessions.create({
          id: sessionIdAt(zxid),
          timeoutMs: txn.timeoutMs,
          password: txn.password,
          host: txn.host,
          hostedSince: zxid,
          lastRequestId: 0,
        })
        return null
      case 'move-session':
        this.sessions.move(txn.moved, txn.host, zxid)
        return null
      case 'close-session':
        this.#closeSession(txn.closed, txn.paths, zxid, observer)
        return wanted ? { type: 'close-session' } : null
      case 'configure':
        assert(
          txn.configuration.version > (this.#configuration?.version ?? 0),
          'Z18: the versions of configurations rise',
        )
        this.#configuration = txn.configuration
        observer.onChanged(
          'changed',
          this.tree.configure(txn.configuration, zxid, txn.timeMs),
          zxid,
        )
        return wanted ? { type: 'reconfigure', configuration: txn.configuration } : null
      case 'refuse':
        return null
    }
  }

  #changeTree(txn: TreeTxn, zxid: Zxid, timeMs: number, observer: ApplyObserver): Znode {
    const znode = this.tree.apply(txn, zxid, timeMs)
    const owner = znode.ephemeralOwner
    switch (txn.type) {
      case 'create':
        if (owner !== noSession) this.sessions.addEphemeral(owner, znode.path)
        observer.onChanged('created', znode, zxid)
        break
      case 'set':
        observer.onChanged('changed', znode, zxid)
        break
      case 'delete':
        if (owner !== noSession) this.sessions.removeEphemeral(owner, znode.path)
        observer.onChanged('deleted', znode, zxid)
        break
      case 'set-acl':
      case 'check':
        break
    }
    return znode
  }

  #closeSession(
    closed: SessionId,
    paths: readonly string[],
    zxid: Zxid,
    observer: ApplyObserver,
  ): void {
    for (const path of paths) {
      const znode = this.tree.delete(path, zxid)
      assert(znode.ephemeralOwner === closed, 'S3: the end of a session deletes only what it owned')
      this.sessions.removeEphemeral(closed, path)
      observer.onChanged('deleted', znode, zxid)
    }
    this.sessions.close(closed)
  }
}

/** What the operation came to, with the stat as of that operation. */
function resultOf(txn: TreeTxn, znode: Znode): OperationResult {
  switch (txn.type) {
    case 'create':
      return { type: 'create', path: znode.path, stat: statOf(znode) }
    case 'set':
    case 'set-acl':
      return { type: txn.type, stat: statOf(znode) }
    case 'delete':
      return { type: 'delete' }
    case 'check':
      return { type: 'check' }
  }
}
