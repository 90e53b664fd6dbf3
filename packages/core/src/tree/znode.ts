/** The znode as clients see it (`Stat`) and as a snapshot keeps it (`ZnodeRecord`). */
import type { SessionId } from '../ids.ts'
import type { Zxid } from '../zxid.ts'

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
  /** Creates of direct children since the znode exists: the next sequential suffix. */
  readonly createCount: number
  readonly aversion: number
  readonly ephemeralOwner: SessionId
}
