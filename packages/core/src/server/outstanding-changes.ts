/**
 * The tree as it will be: the replicated one, and over it what the txns change that this leadership
 * has made and not yet applied. Judging a request against it is what lets a leader answer for pages
 * that are still on their way to a quorum (ZooKeeper's outstanding changes).
 *
 * What is known of a znode is kept when the change is applied: it stays right, since while this
 * leadership lasts nothing else changes the tree, and a znode that is written again and again is
 * looked up once. Not here: which changes are allowed, which is prepare.ts.
 *
 * Invariants: D4 the changes of a txn that turns out to be refused are taken back, all of them; S3
 * what becomes of ephemerals is told to the sessions that own them.
 */
import type { Acl } from '../access/acl.ts'
import { assert } from '../assert.ts'
import { noSession, type SessionId } from '../ids.ts'
import { isAncestor, parentOf } from '../tree/path.ts'
import type { QuotaUsage } from '../tree/quota-text.ts'
import { Quotas } from '../tree/quotas.ts'
import type { Tree } from '../tree/tree.ts'
import { nextCreateCount, nextVersion, type Znode } from '../tree/znode.ts'
import { zeroZxid, type Zxid } from '../zxid.ts'
import type { SessionOutlook, SessionOutlooks } from './session-outlooks.ts'
import { stepBytes } from './txn-bytes.ts'

/** What a request can be judged by: one znode as it will be. */
export class ZnodeOutlook {
  readonly path: string
  exists: boolean
  version: number
  createCount: number
  childCount: number
  ephemeralOwner: SessionId
  acl: Acl
  aversion: number
  dataLength: number
  /** The last txn of this leadership that changes it. */
  changedAt: Zxid = zeroZxid

  constructor(path: string, znode: Znode | undefined) {
    this.path = path
    this.exists = znode !== undefined
    this.version = znode?.version ?? 0
    this.createCount = znode?.createCount ?? 0
    this.childCount = znode?.numChildren ?? 0
    this.ephemeralOwner = znode?.ephemeralOwner ?? noSession
    this.acl = znode?.acl ?? null
    this.aversion = znode?.aversion ?? 0
    this.dataLength = znode?.dataLength ?? 0
  }
}

/** What a znode is created with. */
export interface NewZnode {
  readonly data: Uint8Array | null
  readonly acl: Acl
  /** The session that owns it, of an ephemeral. */
  readonly owner: SessionOutlook | null
}

/** What a znode was before a change that may be taken back. */
interface Before {
  readonly znode: ZnodeOutlook
  readonly exists: boolean
  readonly version: number
  readonly createCount: number
  readonly childCount: number
  readonly ephemeralOwner: SessionId
  readonly acl: Acl
  readonly aversion: number
  readonly dataLength: number
  readonly changedAt: Zxid
}

/** Znodes that are kept; beyond that, those that the tree shows as they are known are let go of. */
const maxKept = 4_096

export class OutstandingChanges {
  readonly #tree: Tree
  readonly #sessions: SessionOutlooks
  /** What is known: all that differs from the tree, and some that does not. */
  #znodes = new Map<string, ZnodeOutlook>()
  /** How many are kept before it is worth another look at which differ. */
  #maxKept = maxKept
  #appliedUpTo: Zxid = zeroZxid
  /** How many znodes there will be, and what their paths and data will add up to (tree.ts). */
  #znodeCount: number
  #treeBytes: number
  /** The quotas as they will be. */
  readonly quotas: Quotas
  /** The txn under way. */
  #zxid: Zxid = zeroZxid
  /** What the txn under way has changed, or `null` when it will not be taken back. */
  #before: Before[] | null = null

  constructor(tree: Tree, sessions: SessionOutlooks) {
    this.#tree = tree
    this.#znodeCount = tree.size
    this.#treeBytes = tree.bytes
    this.#sessions = sessions
    const measure = (path: string): QuotaUsage => this.#measure(path)
    const writeStats = (path: string, data: Uint8Array): void => this.#writeStats(path, data)
    this.quotas = new Quotas({ measure, writeStats }, tree.quotas)
  }

  get znodeCount(): number {
    return this.#znodeCount
  }

  get treeBytes(): number {
    return this.#treeBytes
  }

  /** How many znodes are known, whether they differ from the tree or not. */
  get keptCount(): number {
    return this.#znodes.size
  }

  /** How many znodes may differ from the tree. */
  get outstandingCount(): number {
    return this.#outstanding().length
  }

  /**
   * The znode as it will be; `undefined` when there will be none. Until the next `forget`, another
   * look finds this very object.
   */
  look(path: string): ZnodeOutlook | undefined {
    const known = this.#znodes.get(path)
    if (known !== undefined) return known.exists ? known : undefined
    const znode = this.#tree.get(path)
    return znode === undefined ? undefined : this.#keep(new ZnodeOutlook(path, znode))
  }

  /** The znode in the tree, unless an outstanding txn changes it, its children or their count. */
  settled(path: string): Znode | undefined {
    const known = this.#znodes.get(path)
    return known !== undefined && known.changedAt > this.#appliedUpTo
      ? undefined
      : this.#tree.get(path)
  }

  /** The nearest znode above a path, and the paths in between, where nothing is, from above. */
  above(path: string): { readonly ancestor: ZnodeOutlook; readonly missing: readonly string[] } {
    const missing: string[] = []
    for (let at = parentOf(path); ; at = parentOf(at)) {
      const ancestor = this.look(at)
      if (ancestor !== undefined) return { ancestor, missing: missing.reverse() }
      missing.push(at)
    }
  }

  /** Sets a znode's data and returns its new version. */
  set(znode: ZnodeOutlook, data: Uint8Array | null, zxid: Zxid): number {
    const bytes = (data?.byteLength ?? 0) - znode.dataLength
    this.write(znode, data, zxid)
    this.quotas.onSet(znode.path, data, bytes)
    znode.version = nextVersion(znode.version)
    return znode.version
  }

  /** Gives a znode other data, which is no set: so configurations and stats come into the tree. */
  write(znode: ZnodeOutlook, data: Uint8Array | null, zxid: Zxid): void {
    this.#change(znode, zxid)
    const dataLength = data?.byteLength ?? 0
    this.#treeBytes += dataLength - znode.dataLength
    znode.dataLength = dataLength
  }

  /** Sets a znode's ACL and returns the ACL's new version. */
  setAcl(znode: ZnodeOutlook, acl: Acl, zxid: Zxid): number {
    this.#change(znode, zxid)
    znode.acl = acl
    znode.aversion = nextVersion(znode.aversion)
    return znode.aversion
  }

  /** Creates a znode and returns its parent's new count of creates. */
  create(path: string, parent: ZnodeOutlook, { data, acl, owner }: NewZnode, zxid: Zxid): number {
    const znode = this.#znodes.get(path) ?? this.#keep(new ZnodeOutlook(path, undefined))
    assert(!znode.exists, 'D5: a create finds no znode')
    this.#change(znode, zxid)
    znode.exists = true
    znode.version = 0
    znode.createCount = 0
    znode.childCount = 0
    znode.ephemeralOwner = noSession
    znode.acl = acl
    znode.aversion = 0
    znode.dataLength = data?.byteLength ?? 0
    this.#weigh(znode, 1)
    if (owner !== null) {
      znode.ephemeralOwner = owner.id
      owner.addEphemeral(path)
      this.#sessions.noteMade(owner, path, zxid, this.#appliedUpTo)
    }
    this.#change(parent, zxid)
    parent.createCount = nextCreateCount(parent.createCount)
    parent.childCount += 1
    this.quotas.onCreated(path, data)
    return parent.createCount
  }

  /** Deletes a leaf. */
  delete(znode: ZnodeOutlook, parent: ZnodeOutlook, zxid: Zxid): void {
    assert(znode.childCount === 0, 'D5: only a leaf is deleted')
    this.#change(znode, zxid)
    znode.exists = false
    this.#weigh(znode, -1)
    if (znode.ephemeralOwner !== noSession) {
      this.#sessions.get(znode.ephemeralOwner)?.removeEphemeral(znode.path)
    }
    this.#change(parent, zxid)
    parent.childCount -= 1
    this.quotas.onDeleted(znode.path, znode.dataLength)
  }

  /** The paths of a session's ephemerals as they will be. None of them has children. */
  ephemeralsOf(session: SessionOutlook): string[] {
    const paths: string[] = []
    for (const path of this.#sessions.mayOwn(session)) {
      if (this.look(path)?.ephemeralOwner === session.id) paths.push(path)
    }
    return paths
  }

  /**
   * A znode and everything below it as it will be, leaves first; `null` when a txn that deletes them
   * would weigh more than `maxBytes`.
   */
  subtreeOf(root: string, maxBytes: number): string[] | null {
    const paths: string[] = []
    let bytes = 0
    for (const path of this.#walk(root)) {
      paths.push(path)
      bytes += stepBytes(path, null)
      if (bytes > maxBytes) return null
    }
    return paths.reverse()
  }

  /** How many znodes there will be at and below a path, and what their data will add up to. */
  #measure(root: string): QuotaUsage {
    let count = 0
    let bytes = 0
    const isThere = this.look(root) !== undefined
    for (const path of isThere ? this.#walk(root) : []) {
      count += 1
      bytes += this.#znodes.get(path)?.dataLength ?? this.#tree.get(path)?.dataLength ?? 0
    }
    return { count, bytes }
  }

  /** A znode and everything below it as it will be, parents before their children. */
  *#walk(root: string): Generator<string, undefined, undefined> {
    const created = this.#createdBelow(root)
    const unvisited = [root]
    yield root
    for (let path = unvisited.pop(); path !== undefined; path = unvisited.pop()) {
      for (const { path: child } of this.#tree.get(path)?.children ?? []) {
        if (!(this.#znodes.get(child)?.exists ?? true)) continue
        unvisited.push(child)
        yield child
      }
      for (const child of created.get(path) ?? []) {
        unvisited.push(child)
        yield child
      }
    }
  }

  /** What a stats znode will say; nobody's set. */
  #writeStats(path: string, data: Uint8Array): void {
    const znode = this.look(path)
    assert(znode !== undefined, 'D5: a quota that counts has its stats znode')
    this.write(znode, data, this.#zxid)
  }

  /** The znodes below a path that the tree does not have yet, by parent. */
  #createdBelow(root: string): ReadonlyMap<string, readonly string[]> {
    const created = new Map<string, string[]>()
    for (const { path, exists } of this.#znodes.values()) {
      if (!exists || !isAncestor(root, path) || this.#tree.get(path) !== undefined) continue
      const parent = parentOf(path)
      const siblings = created.get(parent)
      if (siblings === undefined) created.set(parent, [path])
      else siblings.push(path)
    }
    return created
  }

  /** From here on changes can be taken back. */
  begin(): void {
    assert(this.#before === null, 'D4: one txn is made at a time')
    this.#before = []
    this.quotas.begin()
  }

  /** The changes since `begin` stand. */
  keep(): void {
    this.#before = null
    this.quotas.keep()
  }

  /** The changes since `begin` never were. */
  takeBack(): void {
    const before = this.#before ?? []
    this.#before = null
    for (const one of before.reverse()) this.#restore(one)
    this.quotas.takeBack()
  }

  /** Everything up to `upTo` is applied: the tree itself shows it. */
  forget(upTo: Zxid): void {
    this.#appliedUpTo = upTo
    if (this.#znodes.size <= this.#maxKept) return
    const outstanding = this.#outstanding()
    this.#znodes = new Map(outstanding.map((znode) => [znode.path, znode]))
    this.#maxKept = maxKept + outstanding.length
  }

  #outstanding(): ZnodeOutlook[] {
    return [...this.#znodes.values()].filter(({ changedAt }) => changedAt > this.#appliedUpTo)
  }

  #keep(znode: ZnodeOutlook): ZnodeOutlook {
    this.#znodes.set(znode.path, znode)
    return znode
  }

  /** Says that a znode is about to be changed. */
  #change(znode: ZnodeOutlook, zxid: Zxid): void {
    if (this.#before !== null) this.#before.push(beforeOf(znode))
    znode.changedAt = zxid
    this.#zxid = zxid
  }

  /** The znode comes into the tree, 1, or leaves it, -1. */
  #weigh({ path, dataLength }: ZnodeOutlook, sign: 1 | -1): void {
    this.#znodeCount += sign
    this.#treeBytes += sign * (path.length + dataLength)
  }

  #restore(before: Before): void {
    const { znode } = before
    if (znode.exists) this.#weigh(znode, -1)
    if (znode.exists && znode.ephemeralOwner !== noSession) {
      this.#sessions.get(znode.ephemeralOwner)?.removeEphemeral(znode.path)
    }
    if (before.exists && before.ephemeralOwner !== noSession) {
      this.#sessions.get(before.ephemeralOwner)?.addEphemeral(znode.path)
    }
    znode.exists = before.exists
    znode.version = before.version
    znode.createCount = before.createCount
    znode.childCount = before.childCount
    znode.ephemeralOwner = before.ephemeralOwner
    znode.acl = before.acl
    znode.aversion = before.aversion
    znode.dataLength = before.dataLength
    znode.changedAt = before.changedAt
    if (znode.exists) this.#weigh(znode, 1)
  }
}

function beforeOf(znode: ZnodeOutlook): Before {
  return {
    znode,
    exists: znode.exists,
    version: znode.version,
    createCount: znode.createCount,
    childCount: znode.childCount,
    ephemeralOwner: znode.ephemeralOwner,
    acl: znode.acl,
    aversion: znode.aversion,
    dataLength: znode.dataLength,
    changedAt: znode.changedAt,
  }
}
