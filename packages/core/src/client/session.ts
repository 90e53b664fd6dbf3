/**
 * The Session interface: what applications and recipes see of an ensemble, whether the session is
 * hosted by a peer in this process or reached over the wire. Types only; who implements them says
 * how they are kept.
 *
 * Calls are promises; their options come last and always take `signal` and `timeoutMs`. What can go
 * wrong is a `CoordinationError`, whose `outcome` says whether a write may have been applied.
 *
 * Not here: the numeric ids and stats that peers exchange (ids.ts, tree/znode.ts). A session's id is
 * an opaque string for applications.
 */
import type { Zxid } from '../zxid.ts'

declare global {
  // The core is compiled without the types of any platform. Where there are some, this merges with
  // theirs and adds nothing.
  interface AbortSignal {
    readonly aborted: boolean
  }
}

declare const sessionIdTextBrand: unique symbol
/** A session's id: 16 hexadecimal digits, unique for ever. Compare it, print it, nothing else. */
export type SessionIdText = string & { readonly [sessionIdTextBrand]: true }

/** What every call takes. */
export interface Call {
  /** Ends the call as `ABORTED`, with the signal's reason as `cause`. */
  readonly signal?: AbortSignal | undefined
  /** Ends the call as `TIMEOUT` after this many ms. Without it, a call waits as long as it must. */
  readonly timeoutMs?: number | undefined
}

/** Data as it is given: a string stands for its UTF-8 bytes. What is read is always `Uint8Array`. */
export type Bytes = Uint8Array | string

/**
 * `local` answers from what this peer has applied, at once; `linearizable` sees every write that was
 * acknowledged to anybody before the call, and costs a quorum round.
 */
export type Consistency = 'local' | 'linearizable'

/**
 * How long a znode lives. `persistent`: until it is deleted. `ephemeral`: at most as long as the
 * session that made it. `container`: until some seconds after its last child has gone; one that
 * never had any stays. `ttlMs`: until it has no children and was not set for longer than that.
 */
export type Mode = 'persistent' | 'ephemeral' | 'container' | { readonly ttlMs: number }

/** What a znode is, beside its data: ZooKeeper's stat, field by field. */
export interface SessionStat {
  /** The txn that created the znode. */
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
  /** The session whose end deletes the znode; absent of a persistent one. */
  readonly ephemeralOwner: SessionIdText | undefined
  /** Bytes of data. */
  readonly dataLength: number
  readonly numChildren: number
}

/** A znode as it was read. The bytes are the caller's own. */
export interface ReadResult {
  readonly data: Uint8Array
  readonly stat: SessionStat
}

/**
 * One line of an access control list: what whoever has proved to be this may do. `permissions` are
 * `all`, or letters in any order: `c` create children, `d` delete children, `r` read, `w` write, `a` change
 * the list.
 *
 * Schemes are ZooKeeper's: `world` with the id `anyone`; `auth`, which stands for everything that the
 * session has proved; `digest` with `user:hash`; `ip` with an address, `/bits` behind it or not;
 * `x509` with a subject's name.
 */
export interface AclLine {
  readonly permissions: string
  readonly scheme: string
  readonly id: string
}

export interface CreateOptions extends Call {
  /** Who may do what; everybody everything unless told. It is not inherited. */
  readonly acl?: readonly AclLine[] | undefined
  readonly mode?: Mode | undefined
  /** Adds ten digits to the path, rising under one parent: the order of creation. */
  readonly sequential?: boolean | undefined
  /** Creates the ancestors that are missing too, as persistent znodes without data. */
  readonly parents?: boolean | undefined
}

export interface ReadOptions extends Call {
  readonly read?: Consistency | undefined
}

export interface SetOptions extends Call {
  /** Refuses with `BAD_VERSION` unless the znode has it. */
  readonly version?: number | undefined
}

export interface SetAclOptions extends Call {
  /** Refuses with `BAD_VERSION` unless the stat's `aversion` is this. */
  readonly version?: number | undefined
}

export interface DeleteOptions extends Call {
  /** Refuses with `BAD_VERSION` unless the znode has it. */
  readonly version?: number | undefined
  /** Deletes the whole subtree at one zxid, instead of refusing with `NOT_EMPTY`. */
  readonly recursive?: boolean | undefined
}

/** What is seen of a path: the znode; the znode and its children; the whole subtree. */
export type Depth = 'node' | 'children' | 'subtree'

export interface WatchOptions {
  /** Ends the watch quietly: the loop over it is done. */
  readonly signal?: AbortSignal | undefined
  /** `node` unless told. */
  readonly depth?: Depth | undefined
  /** Begins with a `snapshot` of every znode that the watch sees now, parents first. */
  readonly initial?: boolean | undefined
  /**
   * Begins with what came behind this zxid: of a change that was told before, of a scan, of `sync`; by
   * whatever session, on whatever peer of the ensemble. No change is missed or told twice; where the
   * peer does not remember them all, the watch begins with a `gap`. Not together with `initial`.
   */
  readonly since?: Zxid | undefined
  /** How many changes may wait to be taken before the rest becomes one `gap`; 1,024 unless told. */
  readonly highWaterMark?: number | undefined
}

/**
 * What a watch tells. A `snapshot` is a znode as it was when the watch began. After a `gap` changes
 * are missing: read again what you need, later changes follow.
 */
export type Change =
  | {
      readonly type: 'snapshot' | 'created' | 'changed'
      readonly path: string
      readonly zxid: Zxid
      readonly data: Uint8Array
      readonly stat: SessionStat
    }
  | {
      readonly type: 'deleted'
      readonly path: string
      readonly zxid: Zxid
      readonly data?: undefined
      readonly stat?: undefined
    }
  | { readonly type: 'gap'; readonly reason: 'reconnected' | 'overflow' | 'snapshot' | 'forgotten' }

/** Changes, in the order of their txns. Leaving the loop, or `return()`, ends the watch. */
export interface Watch extends AsyncIterableIterator<Change>, AsyncDisposable {
  next(): Promise<IteratorResult<Change, undefined>>
  return(): Promise<IteratorResult<Change, undefined>>
  [Symbol.asyncIterator](): Watch
}

export interface ScanOptions extends ReadOptions {
  /** `children` unless told. */
  readonly depth?: Depth | undefined
}

/** A znode as a scan found it: as it was at `zxid`, which is the same for all of a scan. */
export interface ScannedZnode extends ReadResult {
  readonly path: string
  readonly zxid: Zxid
}

/**
 * Znodes, parents before their children, siblings in no order. Leaving the loop, or `return()`, ends
 * the scan.
 */
export interface Scan extends AsyncIterableIterator<ScannedZnode>, AsyncDisposable {
  next(): Promise<IteratorResult<ScannedZnode, undefined>>
  return(): Promise<IteratorResult<ScannedZnode, undefined>>
  [Symbol.asyncIterator](): Scan
}

/** What one operation of a committed transaction came to. */
export type TransactionResult =
  | { readonly type: 'create'; readonly path: string; readonly stat: SessionStat }
  | { readonly type: 'set'; readonly stat: SessionStat }
  | { readonly type: 'delete' }
  | { readonly type: 'check' }

/** The version that an operation insists on: as a number, or as the single calls have it. */
export type ExpectedVersion = number | { readonly version?: number | undefined }

/**
 * Operations that are applied at one zxid, all or none; later ones see the effect of earlier ones.
 * Nothing is sent before `commit`; an argument that cannot be right is refused where it is given.
 */
export interface Transaction {
  /** Refuses the whole transaction unless the znode exists and has this version. */
  check(path: string, version: number): this
  create(
    path: string,
    data?: Bytes,
    options?: Pick<CreateOptions, 'mode' | 'sequential' | 'acl'>,
  ): this
  set(path: string, data: Bytes, expected?: ExpectedVersion): this
  delete(path: string, expected?: ExpectedVersion): this
  /**
   * Applies all operations or none, and resolves with their results, in order. Rejects with the
   * refusal of the first operation that cannot be applied, and then nothing was.
   */
  commit(
    call?: Call,
  ): Promise<{ readonly zxid: Zxid; readonly results: readonly TransactionResult[] }>
}

/**
 * `connected`: the ensemble keeps the session. `suspended`: for longer than the ensemble is known to
 * keep it, nothing was heard; it may live on or be gone. `expired`: the ensemble has ended it.
 * `closed`: the application has, or the peer that hosts it is gone.
 */
export type SessionState = 'connected' | 'suspended' | 'expired' | 'closed'

/** An amount of znodes, and of bytes of their data. */
export interface QuotaAmount {
  readonly count?: number | undefined
  readonly bytes?: number | undefined
}

/** What a subtree should have at most, which is told when it is exceeded; and may have at most. */
export interface QuotaLimits {
  readonly soft?: QuotaAmount | undefined
  readonly hard?: QuotaAmount | undefined
}

/** A quota, and what the subtree has now: znodes, its root among them, and bytes of data. */
export interface QuotaReading extends QuotaLimits {
  readonly soft: QuotaAmount
  readonly hard: QuotaAmount
  readonly used: { readonly count: number; readonly bytes: number }
}

export interface Session extends AsyncDisposable {
  readonly id: SessionIdText
  /** Always as of now: asking it reads the clock. */
  readonly state: SessionState
  /** The timeout that the ensemble granted, in ms; `Infinity` of a read-only session. */
  readonly timeoutMs: number
  /** True of a session that was opened to read: each of its writes rejects with `NOT_READ_ONLY`. */
  readonly readOnly: boolean
  /** Aborts once, with a `CoordinationError` as reason, when the session is `expired` or `closed`. */
  readonly alive: AbortSignal
  /**
   * A signal that also aborts once the session is `suspended`, and stays so: for whoever must stop
   * acting as an owner before another one can begin. Reading its `aborted` reads the clock.
   */
  certain(): AbortSignal

  /**
   * Creates a znode and resolves with its path, to which `sequential` has added ten digits.
   *
   * Rejects with `NODE_EXISTS`, `NO_NODE` (no parent) or `NO_CHILDREN_FOR_EPHEMERALS`, and then
   * nothing was created.
   */
  create(
    path: string,
    data?: Bytes,
    options?: CreateOptions,
  ): Promise<{ readonly path: string; readonly stat: SessionStat }>
  /** Reads a znode, behind this session's own earlier writes. Rejects with `NO_NODE` if absent. */
  get(path: string, options?: ReadOptions): Promise<ReadResult>
  /** Reads like `get`; absence is `undefined`. */
  find(path: string, options?: ReadOptions): Promise<ReadResult | undefined>
  /**
   * Reads several znodes of one state: no write comes between two of them. The results are in the order
   * of the paths, `undefined` where there is none. Rejects with `NO_AUTH` if one must not be read.
   */
  findAll(
    paths: readonly string[],
    options?: ReadOptions,
  ): Promise<readonly (ReadResult | undefined)[]>
  /** Replaces a znode's data. Rejects with `NO_NODE` or `BAD_VERSION`, and then nothing changed. */
  set(path: string, data: Bytes, options?: SetOptions): Promise<SessionStat>
  /** Deletes a znode. Rejects with `NO_NODE`, `BAD_VERSION` or `NOT_EMPTY`: nothing was deleted. */
  delete(path: string, options?: DeleteOptions): Promise<void>
  /** Resolves with the znode's stat, `undefined` when there is none. */
  exists(path: string, options?: ReadOptions): Promise<SessionStat | undefined>
  /**
   * Proves who this session is, for lists that name it: with `digest`, `user:password`. What it has
   * proved adds up, holds for calls that come behind it, and ends with the session. Rejects with
   * `AUTH_FAILED` for a scheme that proves nothing here.
   */
  authenticate(scheme: string, proof: Bytes, call?: Call): Promise<void>
  /**
   * The list that guards a znode. Hashes of passwords are masked, as `user:x`, for who may read the
   * znode and not change the list. Rejects with `NO_NODE` and `NO_AUTH`.
   */
  getAcl(
    path: string,
    options?: ReadOptions,
  ): Promise<{ readonly acl: readonly AclLine[]; readonly stat: SessionStat }>
  /** Replaces the list that guards a znode. Rejects with `INVALID_ACL`, `NO_NODE`, `NO_AUTH` or `BAD_VERSION`. */
  setAcl(path: string, acl: readonly AclLine[], options?: SetAclOptions): Promise<SessionStat>
  /** The names of the znode's children, sorted. Rejects with `NO_NODE`. */
  children(path: string, options?: ReadOptions): Promise<string[]>
  /**
   * The znode and what is below it, as all of it was at one zxid, however long the loop takes: for
   * more children than fit one answer. It begins behind this session's own earlier writes, once the
   * first is asked for. The loop rejects with `NO_NODE` if there is nothing at the path, and with
   * `LIMIT_EXCEEDED` if so much has changed meanwhile that the old state cannot be kept.
   */
  scan(path: string, options?: ScanOptions): Scan
  /** How many znodes there are below this one, at one zxid. Rejects with `NO_NODE`. */
  countDescendants(path: string, options?: ReadOptions): Promise<number>
  /** The paths of this session's ephemeral znodes, sorted; with a path, of those at or below it. */
  ephemerals(path?: string, options?: ReadOptions): Promise<string[]>
  /**
   * Limits the subtree at a path, which need not be there yet, in place of what was its limit; with no
   * limit at all, the quota is gone. A soft limit that is exceeded is told by `peer.status()` and on
   * `conclave:quota`; beyond a hard one, `create` and `set` reject with `QUOTA_EXCEEDED`. The quota is
   * kept in znodes, as ZooKeeper's tools have it; with several writes, each of which can be repeated.
   *
   * Rejects with `BAD_ARGUMENT` for `/`, for what is below `/zookeeper`, and where a path above or below
   * has a quota, and with `NO_AUTH`.
   */
  setQuota(path: string, limits: QuotaLimits, call?: Call): Promise<void>
  /** The quota of this very path; `undefined` when it has none. Rejects with `NO_AUTH`. */
  getQuota(path: string, options?: ReadOptions): Promise<QuotaReading | undefined>
  /**
   * Watches from now on: no change behind what could be read before the call is missed. Bounded: who
   * takes too slowly sees one `gap` in place of what did not fit. It ends when the session does, and
   * rejects then, but for a session that the application itself has closed; with `LIMIT_EXCEEDED` it
   * rejects where there are too many watches.
   */
  watch(path: string, options?: WatchOptions): Watch
  /** Begins a transaction. */
  txn(): Transaction
  /** Resolves once this peer has applied every write acknowledged before the call, with its zxid. */
  sync(call?: Call): Promise<Zxid>
  /** Resolves once reads of this session see everything up to `zxid`: hand a zxid over, read there. */
  reached(zxid: Zxid, call?: Call): Promise<void>
  /**
   * What this peer has applied, now and synchronously; `undefined` when there is no such znode. It
   * does not wait for the session's own writes, and its bytes are shared: never write to them.
   * Throws `UNIMPLEMENTED` over the wire, where there is no copy of the tree.
   */
  peek(path: string): ReadResult | undefined
  /**
   * Ends the session, which deletes its ephemeral znodes. Writes given before it are carried out,
   * calls given after it reject with `SESSION_CLOSED`. Idempotent. Waits for the ensemble at most as
   * long as the session's timeout, or `timeoutMs`, then rejects with `TIMEOUT`: without this peer's
   * word the ensemble ends it all the same.
   */
  close(call?: Call): Promise<void>

  /** `state` tells every change of state, after it can be seen. */
  on(event: 'state', listener: (state: SessionState, previous: SessionState) => void): this
  once(event: 'state', listener: (state: SessionState, previous: SessionState) => void): this
  off(event: 'state', listener: (state: SessionState, previous: SessionState) => void): this
}
