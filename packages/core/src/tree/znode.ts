/**
 * The znode: as clients see it (`Stat`), as a snapshot keeps it (`ZnodeRecord`), and as the tree
 * holds it (`Znode`). When its fields change is in tree.ts.
 */
import type { Acl } from '../access/acl.ts'
import type { SessionId } from '../ids.ts'
import type { Zxid } from '../zxid.ts'
import { maxInObjectBytes } from './data-copy.ts'
import { nameOf } from './path.ts'
import type { Reap } from './reapables.ts'

/** ZooKeeper's stat, field by field: see "Stat" in docs/PROTOCOL.md. */
export interface Stat {
  /** The txn that created the znode; its fencing token, if it stands for a grant. */
  readonly czxid: Zxid
  /** The txn that last set its data. */
  readonly mzxid: Zxid
  /** The txn that last created or deleted a direct child; `czxid` before the first one. */
  readonly pzxid: Zxid
  /** The leader's wall clock at `czxid` and at `mzxid`, in ms since 1970. */
  readonly ctime: number
  readonly mtime: number
  /** Counts sets; 0 when created. */
  readonly version: number
  /** Counts creates and deletes of direct children. */
  readonly cversion: number
  /** Counts changes of the ACL. */
  readonly aversion: number
  /** The session whose end deletes it, or 0. */
  readonly ephemeralOwner: SessionId
  /** Bytes of data; 0 for absent data too. */
  readonly dataLength: number
  readonly numChildren: number
}

/** All that a znode is, but its children, which are znodes of their own. */
export interface ZnodeRecord {
  readonly path: string
  readonly data: Uint8Array | null
  readonly czxid: Zxid
  readonly mzxid: Zxid
  readonly pzxid: Zxid
  readonly ctime: number
  readonly mtime: number
  readonly version: number
  /** Creates of direct children since the znode exists: the next sequential suffix. An int32. */
  readonly createCount: number
  readonly aversion: number
  readonly ephemeralOwner: SessionId
  /** When it goes by itself. */
  readonly reap: Reap
  /** Who may do what; `null`: everybody everything. */
  readonly acl: Acl
}

/**
 * How far a znode's cached hash lies behind its fields: nothing, its stat, its data too. A deleted
 * one has no hash to bring up to date.
 */
export const staleness = { none: 0, stat: 1, data: 2, deleted: 3 } as const

const span = 2 ** 32

/** A safe integer in two halves of 32 bits, and put together again. */
const lowOf = (integer: number): number => integer | 0
const highOf = (integer: number): number => Math.floor(integer / span)
const joined = (low: number, high: number): number => high * span + (low >>> 0)

/**
 * A znode in the tree. Its fields are written by `Tree` alone; everyone else only reads them.
 *
 * Zxids and times are kept in halves. A number of more than 32 bits is an object of its own to V8: with
 * a million znodes six million more, which take up memory and which every collection has to visit.
 */
export class Znode implements ZnodeRecord {
  readonly path: string
  /** The data, or the memory that it lies in: a view of it is larger than most data. */
  #data: Uint8Array | ArrayBufferLike | null = null
  #dataAt = 0
  #dataLength = 0
  readonly #czxidLow: number
  readonly #czxidHigh: number
  #mzxidLow: number
  #mzxidHigh: number
  #pzxidLow: number
  #pzxidHigh: number
  readonly #ctimeLow: number
  readonly #ctimeHigh: number
  #mtimeLow: number
  #mtimeHigh: number
  readonly #ownerLow: number
  readonly #ownerHigh: number
  version: number
  createCount: number
  aversion: number
  readonly reap: Reap
  acl: Acl
  /** The direct children; `null` until the first one. Their names are the ends of their paths. */
  children: Set<Znode> | null = null

  /** The hash's state behind the path, and behind the data: prefixes of one stream (digest.ts). */
  pathLow = 0
  pathHigh = 0
  dataLow = 0
  dataHigh = 0
  /** What the digest now contains for this znode, unless it is stale. */
  hashLow = 0
  hashHigh = 0
  stale: number = staleness.data
  /** The generation of changes (dirty-set.ts) that this znode is already part of. */
  dirtyGeneration = 0

  constructor(record: ZnodeRecord) {
    this.path = record.path
    this.data = record.data
    this.#czxidLow = lowOf(record.czxid)
    this.#czxidHigh = highOf(record.czxid)
    this.#mzxidLow = lowOf(record.mzxid)
    this.#mzxidHigh = highOf(record.mzxid)
    this.#pzxidLow = lowOf(record.pzxid)
    this.#pzxidHigh = highOf(record.pzxid)
    this.#ctimeLow = lowOf(record.ctime)
    this.#ctimeHigh = highOf(record.ctime)
    this.#mtimeLow = lowOf(record.mtime)
    this.#mtimeHigh = highOf(record.mtime)
    this.#ownerLow = lowOf(record.ephemeralOwner)
    this.#ownerHigh = highOf(record.ephemeralOwner)
    this.version = record.version
    this.createCount = record.createCount
    this.aversion = record.aversion
    this.reap = record.reap
    this.acl = record.acl
  }

  get data(): Uint8Array | null {
    const data = this.#data
    if (data === null || data instanceof Uint8Array) return data
    return new Uint8Array(data, this.#dataAt, this.#dataLength)
  }

  set data(data: Uint8Array | null) {
    const isShort = data === null || data.length <= maxInObjectBytes
    this.#data = isShort ? data : data.buffer
    this.#dataAt = isShort ? 0 : data.byteOffset
    this.#dataLength = data?.length ?? 0
  }

  /** 0 for absent data too. */
  get dataLength(): number {
    return this.#dataLength
  }

  get czxid(): Zxid {
    return joined(this.#czxidLow, this.#czxidHigh) as Zxid
  }

  get mzxid(): Zxid {
    return joined(this.#mzxidLow, this.#mzxidHigh) as Zxid
  }

  set mzxid(zxid: Zxid) {
    this.#mzxidLow = lowOf(zxid)
    this.#mzxidHigh = highOf(zxid)
  }

  get pzxid(): Zxid {
    return joined(this.#pzxidLow, this.#pzxidHigh) as Zxid
  }

  set pzxid(zxid: Zxid) {
    this.#pzxidLow = lowOf(zxid)
    this.#pzxidHigh = highOf(zxid)
  }

  get ctime(): number {
    return joined(this.#ctimeLow, this.#ctimeHigh)
  }

  get mtime(): number {
    return joined(this.#mtimeLow, this.#mtimeHigh)
  }

  set mtime(timeMs: number) {
    this.#mtimeLow = lowOf(timeMs)
    this.#mtimeHigh = highOf(timeMs)
  }

  get ephemeralOwner(): SessionId {
    return joined(this.#ownerLow, this.#ownerHigh) as SessionId
  }

  /** The names of the direct children, in no order that means anything. */
  get childNames(): string[] {
    const names: string[] = []
    for (const child of this.children ?? []) names.push(nameOf(child.path))
    return names
  }

  get numChildren(): number {
    return this.children === null ? 0 : this.children.size
  }
}

/** The stat of a znode as it is now; it does not change when the znode does. */
export function statOf(znode: Znode): Stat {
  return {
    czxid: znode.czxid,
    mzxid: znode.mzxid,
    pzxid: znode.pzxid,
    ctime: znode.ctime,
    mtime: znode.mtime,
    version: znode.version,
    cversion: cversionOf(znode),
    aversion: znode.aversion,
    ephemeralOwner: znode.ephemeralOwner,
    dataLength: znode.dataLength,
    numChildren: znode.numChildren,
  }
}

/** Creates and deletes of children so far: every create counts once more unless its znode is there. */
export function cversionOf(znode: Znode): number {
  return (2 * znode.createCount - znode.numChildren) | 0
}

/** The znode as it is now, for a snapshot; it shares the data, which nobody writes to. */
export function recordOf(znode: Znode): ZnodeRecord {
  return {
    path: znode.path,
    data: znode.data,
    czxid: znode.czxid,
    mzxid: znode.mzxid,
    pzxid: znode.pzxid,
    ctime: znode.ctime,
    mtime: znode.mtime,
    version: znode.version,
    createCount: znode.createCount,
    aversion: znode.aversion,
    ephemeralOwner: znode.ephemeralOwner,
    reap: znode.reap,
    acl: znode.acl,
  }
}

/** The version after a set: an int32 that wraps and skips -1, which stands for "any". */
export function nextVersion(version: number): number {
  const next = (version + 1) | 0
  return next === -1 ? 0 : next
}

/** The parent's count of creates after one more: an int32 that wraps, as ZooKeeper's does. */
export function nextCreateCount(createCount: number): number {
  return (createCount + 1) | 0
}
