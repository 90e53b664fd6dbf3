/**
 * The namespace: every znode by its path, and what a txn does to them. Knows nothing of agreement,
 * of sessions or of watches; server/replica.ts composes them.
 *
 * A txn that comes here was judged by the leader and committed. One that does not fit is therefore
 * never refused: the replicas have parted, and an `InvariantError` stops the peer.
 *
 * Invariants: D3 a set adds one to the version, a create or delete of a child moves the parent's
 * counts and pzxid; D5 the outcome of every txn is the one that was promised; Q1 the count of
 * creates never falls.
 */
import { AclPool } from '../access/acl-pool.ts'
import { assert, InvariantError } from '../assert.ts'
import type { Configuration } from '../ensemble/configuration.ts'
import { noSession } from '../ids.ts'
import type { TreeTxn } from '../server/txn.ts'
import { formatZxid, type Zxid } from '../zxid.ts'
import { Digest, Hasher, hashPath, hashStat } from './digest.ts'
import { DirtySet } from './dirty-set.ts'
import { parentOf } from './path.ts'
import type { QuotaUsage } from './quota-text.ts'
import { Quotas } from './quotas.ts'
import { neverReaped, Reapables } from './reapables.ts'
import { TreeScans } from './scan.ts'
import { configPath, configurationText, isSystemPath, systemRecords } from './system-znodes.ts'
import {
  nextCreateCount,
  nextVersion,
  recordOf,
  staleness,
  Znode,
  type ZnodeRecord,
} from './znode.ts'

/** What may wait to be hashed at the end of a page: about a millisecond's work. */
const maxStale = 4_096
const maxStaleBytes = 256 * 1_024

export class Tree {
  readonly #znodes = new Map<string, Znode>()
  readonly #hasher = new Hasher()
  readonly #digest = new Digest()
  readonly #acls = new AclPool()
  /** Znodes whose hash is not in the digest; `settle` brings it up to date. */
  #stale: Znode[] = []
  #bytes = 0
  /** Bytes of data among them that are to be hashed: no fewer than there are. */
  #staleBytes = 0

  #lastLoadedParent: Znode | undefined

  /** The scans that are underway: each is told of a znode before it changes. */
  readonly scans = new TreeScans()

  /** The znodes that go by themselves, and when. */
  readonly reapables = new Reapables()

  /** Which subtrees have quotas, and what these hold. */
  readonly quotas = new Quotas({
    measure: (path) => this.#measure(path),
    writeStats: (path, data) => this.#writeStats(path, data),
  })

  /** Which znodes changed since the last checkpoint. Those of a new tree have. */
  readonly dirty = new DirtySet<string, ZnodeRecord>((path) => {
    const znode = this.#znodes.get(path)
    return znode === undefined ? null : recordOf(znode)
  })

  /** A tree that holds the system znodes alone. */
  static empty(): Tree {
    const tree = new Tree()
    for (const record of systemRecords()) {
      tree.#insert(new Znode(record))
      if (record.path.length > 1) tree.link(record.path)
    }
    tree.settle()
    return tree
  }

  /** The sum of all znodes' hashes, as of now. */
  get digest(): Digest {
    this.settle()
    return this.#digest
  }

  /** How many znodes there are, the root among them. */
  get size(): number {
    return this.#znodes.size
  }

  /** What all paths and data add up to: a path by its UTF-16 units. */
  get bytes(): number {
    return this.#bytes
  }

  get(path: string): Znode | undefined {
    return this.#znodes.get(path)
  }

  /** Every znode, in no order that means anything. */
  znodes(): IterableIterator<Znode> {
    return this.#znodes.values()
  }

  /** The names of a znode's direct children, sorted by UTF-16 units; none of an absent znode. */
  childrenOf(path: string): string[] {
    return this.#znodes.get(path)?.childNames.sort() ?? []
  }

  /**
   * Applies one change and returns the znode it was about: as it now is, or as it was when deleted.
   * The data handed in belongs to the tree from here on.
   */
  apply(txn: TreeTxn, zxid: Zxid, timeMs: number): Znode {
    switch (txn.type) {
      case 'create':
        return this.#create(txn, zxid, timeMs)
      case 'set': {
        const znode = this.#existing(txn.path, zxid)
        if (txn.version !== nextVersion(znode.version)) {
          throw misfit('D3: a set adds one to the version', txn.path, zxid)
        }
        const bytes = lengthOf(txn.data) - znode.dataLength
        this.#write(znode, txn.data, zxid, timeMs)
        znode.version = txn.version
        this.quotas.onSet(znode.path, txn.data, bytes)
        if (znode.reap !== neverReaped) this.reapables.note(znode)
        return znode
      }
      case 'delete':
        return this.delete(txn.path, zxid)
      case 'set-acl':
        return this.#setAcl(txn, zxid)
      case 'check':
        return this.#existing(txn.path, zxid)
    }
  }

  /** The configuration is in force: the znode that says so, as it now is. Its version stays. */
  configure(configuration: Configuration, zxid: Zxid, timeMs: number): Znode {
    const znode = this.#existing(configPath, zxid)
    this.#write(znode, configurationText(configuration, zxid), zxid, timeMs)
    return znode
  }

  #write(znode: Znode, data: Uint8Array | null, zxid: Zxid, timeMs: number): void {
    this.#replaceData(znode, data)
    znode.mzxid = zxid
    znode.mtime = timeMs
  }

  /** What a stats znode says, which is nobody's set. */
  #writeStats(path: string, data: Uint8Array): void {
    const znode = this.#znodes.get(path)
    assert(znode !== undefined, 'D5: a quota that counts has its stats znode')
    this.#replaceData(znode, data)
  }

  #replaceData(znode: Znode, data: Uint8Array | null): void {
    const counted = znode.stale === staleness.data ? znode.dataLength : 0
    this.#touch(znode, staleness.data)
    this.#staleBytes += lengthOf(data) - counted
    this.#bytes += lengthOf(data) - znode.dataLength
    znode.data = data
  }

  /** How many znodes there are at and below a path, and what their data adds up to: a look at each. */
  #measure(root: string): QuotaUsage {
    let count = 0
    let bytes = 0
    const unvisited = [this.#znodes.get(root)]
    for (let znode = unvisited.pop(); znode !== undefined; znode = unvisited.pop()) {
      count += 1
      bytes += znode.dataLength
      for (const child of znode.children ?? []) unvisited.push(child)
    }
    return { count, bytes }
  }

  /** Deletes a leaf and returns it as it was. */
  delete(path: string, zxid: Zxid): Znode {
    const znode = this.#existing(path, zxid)
    if (znode.numChildren > 0) throw misfit('D5: only a leaf is deleted', path, zxid)
    if (isSystemPath(path)) throw misfit('D5: a system znode is never deleted', path, zxid)
    const parent = this.#existing(parentOf(path), zxid)
    this.#touch(parent, staleness.stat)
    this.#touch(znode, staleness.deleted)
    this.#acls.release(znode.acl)
    this.#znodes.delete(path)
    this.#bytes -= path.length + znode.dataLength
    parent.children?.delete(znode)
    parent.pzxid = zxid
    if (znode.reap !== neverReaped) this.reapables.forget(znode)
    if (parent.reap !== neverReaped) this.reapables.note(parent)
    this.quotas.onDeleted(path, znode.dataLength)
    return znode
  }

  #create(txn: TreeTxn & { readonly type: 'create' }, zxid: Zxid, timeMs: number): Znode {
    const { path, parentCreateCount } = txn
    if (this.#znodes.has(path)) throw misfit('D5: a create finds no znode', path, zxid)
    const parent = this.#existing(parentOf(path), zxid)
    if (parent.ephemeralOwner !== noSession) {
      throw misfit('D5: an ephemeral znode has no children', path, zxid)
    }
    if (parentCreateCount !== nextCreateCount(parent.createCount)) {
      throw misfit('Q1: a create adds one to the count of creates', path, zxid)
    }
    const znode = new Znode(newRecord(txn, zxid, timeMs))
    this.#touch(parent, staleness.stat)
    this.#insert(znode)
    parent.createCount = parentCreateCount
    parent.pzxid = zxid
    this.#adopt(parent, znode)
    this.quotas.onCreated(path, znode.data)
    return znode
  }

  #setAcl(txn: TreeTxn & { readonly type: 'set-acl' }, zxid: Zxid): Znode {
    const znode = this.#existing(txn.path, zxid)
    if (txn.aversion !== nextVersion(znode.aversion)) {
      throw misfit('D3: a change of the ACL adds one to its version', txn.path, zxid)
    }
    this.#touch(znode, staleness.stat)
    this.#acls.release(znode.acl)
    znode.acl = this.#acls.take(txn.acl)
    znode.aversion = txn.aversion
    return znode
  }

  /** Puts a new znode into map, digest and dirty set; its parent is the caller's business. */
  #insert(znode: Znode): void {
    const { path } = znode
    // A checkpoint frozen while the path was absent must still hand it over as gone.
    if (this.dirty.mark(path)) this.dirty.save(path, null)
    znode.dirtyGeneration = this.dirty.generation
    this.#enter(znode)
  }

  /** Puts a znode into map and digest. */
  #enter(znode: Znode): void {
    this.#znodes.set(znode.path, znode)
    znode.acl = this.#acls.take(znode.acl)
    if (znode.reap !== neverReaped) this.reapables.note(znode)
    hashPath(this.#hasher, znode.path)
    znode.pathLow = this.#hasher.low
    znode.pathHigh = this.#hasher.high
    this.#stale.push(znode)
    this.#staleBytes += znode.dataLength
    this.#bytes += znode.path.length + znode.dataLength
  }

  /**
   * Takes a znode that a snapshot holds, with its data, into a tree that is being built; nothing
   * becomes dirty. False when its parent is not there yet: then `link` must follow once it is.
   */
  load(record: ZnodeRecord): boolean {
    const { path } = record
    const znode = new Znode(record)
    this.#enter(znode)
    this.quotas.load(path, record.data)
    if (path.length === 1) return true
    const parent = this.#loadedParentOf(path)
    if (parent === undefined) return false
    this.#adopt(parent, znode)
    return true
  }

  /** Most often that of the znode before: so a million of them need not be looked for. */
  #loadedParentOf(path: string): Znode | undefined {
    const last = this.#lastLoadedParent
    const length = Math.max(path.lastIndexOf('/'), 1)
    if (last?.path.length === length && path.startsWith(last.path)) return last
    this.#lastLoadedParent = this.#znodes.get(parentOf(path))
    return this.#lastLoadedParent
  }

  /** Lists a loaded znode with its parent; false when there is no such parent. */
  link(path: string): boolean {
    const znode = this.#znodes.get(path)
    const parent = this.#znodes.get(parentOf(path))
    if (znode === undefined || parent === undefined) return false
    this.#adopt(parent, znode)
    return true
  }

  #adopt(parent: Znode, znode: Znode): void {
    parent.children ??= new Set()
    parent.children.add(znode)
    if (parent.reap !== neverReaped && parent.children.size === 1) this.reapables.note(parent)
  }

  /** Says that a znode is about to change: its hash leaves the digest, its record the snapshot. */
  #touch(znode: Znode, stale: number): void {
    if (this.scans.size > 0) this.scans.keep(znode)
    if (znode.stale === staleness.none) {
      this.#digest.subtract(znode.hashLow, znode.hashHigh)
      this.#stale.push(znode)
    }
    if (znode.stale < stale) znode.stale = stale
    if (znode.dirtyGeneration !== this.dirty.generation) {
      znode.dirtyGeneration = this.dirty.generation
      if (this.dirty.mark(znode.path)) this.dirty.save(znode.path, recordOf(znode))
    }
  }

  /** How many znodes wait to be hashed. */
  get staleCount(): number {
    return this.#stale.length
  }

  /** A page ends: brings the digest up to date if there is enough work for it already. */
  endPage(): void {
    if (this.#stale.length > maxStale || this.#staleBytes > maxStaleBytes) this.settle()
  }

  /**
   * Brings the digest up to date: when somebody asks for it, not with each txn or page. A parent of
   * many new children, or a znode set many times, is hashed once.
   */
  settle(): void {
    if (this.#stale.length === 0) return
    const hasher = this.#hasher
    for (const znode of this.#stale) {
      if (znode.stale === staleness.deleted) continue
      if (znode.stale === staleness.data) {
        hasher.begin(znode.pathLow, znode.pathHigh)
        hasher.bytes(znode.data)
        znode.dataLow = hasher.low
        znode.dataHigh = hasher.high
      } else {
        hasher.begin(znode.dataLow, znode.dataHigh)
      }
      hashStat(hasher, znode)
      znode.hashLow = hasher.low
      znode.hashHigh = hasher.high
      znode.stale = staleness.none
      this.#digest.add(znode.hashLow, znode.hashHigh)
    }
    this.#stale = []
    this.#staleBytes = 0
  }

  #existing(path: string, zxid: Zxid): Znode {
    const znode = this.#znodes.get(path)
    if (znode === undefined) throw misfit('D5: the znode exists', path, zxid)
    return znode
  }
}

function lengthOf(data: Uint8Array | null): number {
  return data === null ? 0 : data.length
}

function newRecord(
  txn: TreeTxn & { readonly type: 'create' },
  zxid: Zxid,
  timeMs: number,
): ZnodeRecord {
  return {
    path: txn.path,
    data: txn.data,
    czxid: zxid,
    mzxid: zxid,
    pzxid: zxid,
    ctime: timeMs,
    mtime: timeMs,
    version: 0,
    createCount: 0,
    aversion: 0,
    ephemeralOwner: txn.ephemeralOwner,
    reap: txn.reap,
    acl: txn.acl,
  }
}

function misfit(rule: string, path: string, zxid: Zxid): InvariantError {
  return new InvariantError(`${rule}: broken by txn ${formatZxid(zxid)} at ${JSON.stringify(path)}`)
}
