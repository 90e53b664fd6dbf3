/**
 * The changes that a peer has applied last, so that a watch can go on where another one ended: in
 * another session, of another peer, after a restart. Bounded in changes and in bytes of data; what has
 * been forgotten is told as such, never passed over.
 *
 * Every change of every txn comes through here, so that nothing is made for it: its numbers and its
 * data are copied into rings that are there already.
 *
 * Invariants: W6 a watch that goes on behind a zxid is told exactly the changes behind it; W9 none that its
 * session may not read.
 */
import { isAllowed, permissions, type Acl, type Identity } from '../access/acl.ts'
import type { SessionId } from '../ids.ts'
import type { Limits } from '../limits.ts'
import { parentOf } from '../tree/path.ts'
import { cversionOf, type Stat, type Znode } from '../tree/znode.ts'
import type { Zxid } from '../zxid.ts'
import type { WatchDepth, WatchEvent } from './watch-table.ts'

/** The numbers of a change, in their order. */
const fields = {
  zxid: 0,
  dataAt: 1,
  /** -1 of absent data. */
  dataLength: 2,
  czxid: 3,
  mzxid: 4,
  pzxid: 5,
  ctime: 6,
  mtime: 7,
  version: 8,
  cversion: 9,
  aversion: 10,
  owner: 11,
  numChildren: 12,
} as const
const fieldCount = 13

const firstCapacity = 256
const firstArenaBytes = 16 * 1024

export class RecentChanges {
  readonly #maxChanges: number
  readonly #maxBytes: number
  /** The last change that is forgotten, or what stands in a snapshot. */
  #horizon: Zxid
  /** Of the oldest change; its place in the rings is its number modulo their capacity. */
  #first = 0
  #count = 0
  #capacity = 0
  #numbers = new Float64Array(0)
  #types: WatchEvent['type'][] = []
  #paths: string[] = []
  #acls: Acl[] = []
  #arena = new Uint8Array(0)
  /** Where the oldest data begins and the newest ends; their places are these modulo the arena. */
  #dataFirst = 0
  #dataEnd = 0

  constructor(limits: Pick<Limits, 'maxRecentChanges' | 'maxRecentBytes'>, horizon: Zxid) {
    this.#maxChanges = limits.maxRecentChanges
    this.#maxBytes = limits.maxRecentBytes
    this.#horizon = horizon
  }

  /** What came up to this zxid is not known here. */
  get horizon(): Zxid {
    return this.#horizon
  }

  get size(): number {
    return this.#count
  }

  /** A snapshot, which ends at `horizon`, has taken the place of what led to it. */
  forgetAll(horizon: Zxid): void {
    this.#horizon = horizon
    this.#count = 0
    this.#dataFirst = this.#dataEnd
    this.#paths = []
    this.#acls = []
    this.#types = []
    this.#capacity = 0
  }

  /** Takes a change that was applied just now: rising zxids, in the order of the changes. */
  note(type: WatchEvent['type'], znode: Znode, zxid: Zxid): void {
    const data = type === 'deleted' ? null : znode.data
    const bytes = data?.length ?? 0
    if (bytes > this.#maxBytes) {
      this.forgetAll(zxid)
      return
    }
    while (this.#count === this.#maxChanges || this.#dataBytes + bytes > this.#maxBytes) {
      this.#forgetFirst()
    }
    if (this.#count === this.#capacity) this.#growChanges()
    if (this.#dataBytes + bytes > this.#arena.length) this.#growArena(bytes)
    const place = (this.#first + this.#count) % this.#capacity
    this.#count += 1
    this.#types[place] = type
    this.#paths[place] = znode.path
    this.#acls[place] = znode.acl
    const at = place * fieldCount
    this.#numbers[at + fields.zxid] = zxid
    this.#numbers[at + fields.dataAt] = this.#dataEnd
    this.#numbers[at + fields.dataLength] = data === null ? -1 : bytes
    if (type !== 'deleted') this.#noteStat(at, znode)
    if (data !== null) this.#putData(data)
  }

  /**
   * The changes behind `since` that a watch of this path sees, oldest first; `null` when some of those
   * behind it are forgotten. Their data is the caller's own.
   */
  behind(
    since: Zxid,
    path: string,
    depth: WatchDepth,
    identities: readonly Identity[],
  ): readonly WatchEvent[] | null {
    if (since < this.#horizon) return null
    const events: WatchEvent[] = []
    for (let index = this.#firstBehind(since); index < this.#count; index += 1) {
      const place = (this.#first + index) % this.#capacity
      if (!isWithin(this.#paths[place] as string, path, depth)) continue
      const acl = this.#acls[place] as Acl
      if (acl !== null && !isAllowed(acl, permissions.read, identities)) continue
      events.push(this.#eventAt(place))
    }
    return events
  }

  get #dataBytes(): number {
    return this.#dataEnd - this.#dataFirst
  }

  /** The index of the first change behind a zxid. */
  #firstBehind(since: Zxid): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#number((this.#first + middle) % this.#capacity, fields.zxid) > since) high = middle
      else low = middle + 1
    }
    return low
  }

  #eventAt(place: number): WatchEvent {
    const type = this.#types[place] as WatchEvent['type']
    const path = this.#paths[place] as string
    const zxid = this.#number(place, fields.zxid) as Zxid
    if (type === 'deleted') return { type, path, zxid, data: null, stat: null }
    const length = this.#number(place, fields.dataLength)
    const data = length < 0 ? null : this.#takeData(this.#number(place, fields.dataAt), length)
    return { type, path, zxid, data, stat: this.#statAt(place) }
  }

  #noteStat(at: number, znode: Znode): void {
    const numbers = this.#numbers
    numbers[at + fields.czxid] = znode.czxid
    numbers[at + fields.mzxid] = znode.mzxid
    numbers[at + fields.pzxid] = znode.pzxid
    numbers[at + fields.ctime] = znode.ctime
    numbers[at + fields.mtime] = znode.mtime
    numbers[at + fields.version] = znode.version
    numbers[at + fields.cversion] = cversionOf(znode)
    numbers[at + fields.aversion] = znode.aversion
    numbers[at + fields.owner] = znode.ephemeralOwner
    numbers[at + fields.numChildren] = znode.numChildren
  }

  #statAt(place: number): Stat {
    return {
      czxid: this.#number(place, fields.czxid) as Zxid,
      mzxid: this.#number(place, fields.mzxid) as Zxid,
      pzxid: this.#number(place, fields.pzxid) as Zxid,
      ctime: this.#number(place, fields.ctime),
      mtime: this.#number(place, fields.mtime),
      version: this.#number(place, fields.version),
      cversion: this.#number(place, fields.cversion),
      aversion: this.#number(place, fields.aversion),
      ephemeralOwner: this.#number(place, fields.owner) as SessionId,
      dataLength: Math.max(this.#number(place, fields.dataLength), 0),
      numChildren: this.#number(place, fields.numChildren),
    }
  }

  #number(place: number, field: number): number {
    return this.#numbers[place * fieldCount + field] as number
  }

  #forgetFirst(): void {
    const place = this.#first % this.#capacity
    this.#horizon = this.#number(place, fields.zxid) as Zxid
    this.#dataFirst += Math.max(this.#number(place, fields.dataLength), 0)
    // So that nothing of it is kept alive.
    this.#paths[place] = ''
    this.#acls[place] = null
    this.#first += 1
    this.#count -= 1
  }

  /** Room for twice as many changes, the oldest in the first place. */
  #growChanges(): void {
    const capacity = Math.min(Math.max(2 * this.#capacity, firstCapacity), this.#maxChanges)
    const numbers = new Float64Array(capacity * fieldCount)
    const types: WatchEvent['type'][] = []
    const paths: string[] = []
    const acls: Acl[] = []
    for (let index = 0; index < this.#count; index += 1) {
      const from = (this.#first + index) % this.#capacity
      const own = this.#numbers.subarray(from * fieldCount, (from + 1) * fieldCount)
      numbers.set(own, index * fieldCount)
      types.push(this.#types[from] as WatchEvent['type'])
      paths.push(this.#paths[from] as string)
      acls.push(this.#acls[from] as Acl)
    }
    this.#first = 0
    this.#capacity = capacity
    this.#numbers = numbers
    this.#types = types
    this.#paths = paths
    this.#acls = acls
  }

  /** Room for `bytes` more, and for twice as many if that may be. */
  #growArena(bytes: number): void {
    const needed = Math.max(this.#dataBytes + bytes, 2 * this.#arena.length, firstArenaBytes)
    const former = this.#arena
    const arena = new Uint8Array(Math.min(needed, this.#maxBytes))
    let at = this.#dataFirst
    while (at < this.#dataEnd) {
      const from = at % former.length
      const to = at % arena.length
      const most = Math.min(former.length - from, arena.length - to, this.#dataEnd - at)
      arena.set(former.subarray(from, from + most), to)
      at += most
    }
    this.#arena = arena
  }

  #putData(data: Uint8Array): void {
    const at = this.#dataEnd % Math.max(this.#arena.length, 1)
    const before = this.#arena.length - at
    this.#dataEnd += data.length
    if (data.length <= before) {
      this.#arena.set(data, at)
      return
    }
    this.#arena.set(data.subarray(0, before), at)
    this.#arena.set(data.subarray(before), 0)
  }

  #takeData(from: number, length: number): Uint8Array {
    const data = new Uint8Array(length)
    const at = from % Math.max(this.#arena.length, 1)
    const before = Math.min(this.#arena.length - at, length)
    data.set(this.#arena.subarray(at, at + before))
    data.set(this.#arena.subarray(0, length - before), before)
    return data
  }
}

/** True of a path that a watch of `root` sees. */
function isWithin(path: string, root: string, depth: WatchDepth): boolean {
  if (path === root) return true
  if (depth === 'node' || path === '/') return false
  if (depth === 'children') return parentOf(path) === root
  return root === '/' || (path.startsWith(root) && path.charCodeAt(root.length) === slash)
}

const slash = '/'.charCodeAt(0)
