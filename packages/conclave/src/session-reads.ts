/**
 * The reads of one session, and what waits for state to be read: local, linearizable, `sync` and
 * `reached`.
 *
 * Local reads are the hot path: no I/O, no copy but that of the bytes, no promise but the caller's.
 *
 * Invariants: C5, C6 a session reads behind its own earlier writes; C7, C8 a linearizable read sees
 * every write that was acknowledged before it, and never reuses another's round.
 */
import {
  CoordinationError,
  findStat,
  findZnode,
  getAcl,
  formatZxid,
  getChildren,
  getZnode,
  isAncestor,
  isZxid,
  mayRead,
  statOf,
  type CallId,
  type Replica,
  type SessionId,
  type Zxid,
  type ZnodeReading,
} from '@conclave/core/internal'
import type { AclLine, Call, QuotaReading, ReadOptions, ReadResult, Stat } from '@conclave/core'
import {
  callKeys,
  checkBag,
  checkPath,
  checkPaths,
  checkRead,
  publicAcl,
} from './call-arguments.ts'
import { givenUpError, onGivingUp } from './giving-up.ts'
import { show } from './option-checks.ts'
import { ReachedWaits } from './reached-waits.ts'
import type { HostedSession, SessionHost } from './session-host.ts'
import type { SessionIdentities } from './session-identities.ts'
import type { SessionLife } from './session-life.ts'
import { readQuota } from './session-quotas.ts'
import { copiedReading, publicStat, sharedReading } from './session-results.ts'
import type { UnansweredCalls, WaitingRead } from './unanswered-calls.ts'

export class SessionReads {
  readonly #host: SessionHost
  readonly #session: SessionId
  readonly #life: SessionLife
  readonly #calls: UnansweredCalls
  readonly #identities: SessionIdentities
  readonly #reached: ReachedWaits

  constructor(
    host: SessionHost,
    session: SessionId,
    life: SessionLife,
    calls: UnansweredCalls,
    identities: SessionIdentities,
  ) {
    this.#host = host
    this.#session = session
    this.#life = life
    this.#calls = calls
    this.#identities = identities
    this.#reached = new ReachedWaits(host.clock)
  }

  get(path: string, options: ReadOptions | undefined): Promise<ReadResult> {
    if (options === undefined && !this.#life.isOver && !this.#calls.hasWrites) {
      // What is found has a legal path, so nothing is checked before it is not.
      const reading = this.#found(path)
      if (reading !== undefined) return Promise.resolve(copiedReading(reading))
    }
    return this.read('get', path, options, (replica) =>
      copiedReading(getZnode(replica, path, this.#identities.list)),
    )
  }

  find(path: string, options: ReadOptions | undefined): Promise<ReadResult | undefined> {
    return this.read('find', path, options, (replica) => {
      const reading = findZnode(replica, path, this.#identities.list)
      return reading && copiedReading(reading)
    })
  }

  findAll(
    paths: readonly string[],
    options: ReadOptions | undefined,
  ): Promise<readonly (ReadResult | undefined)[]> {
    return attempt(() => {
      const checked = checkPaths(paths, this.#host.limits)
      return this.read('findAll from', checked[0] ?? '/', options, (replica) =>
        checked.map((path) => {
          const reading = findZnode(replica, path, this.#identities.list)
          return reading && copiedReading(reading)
        }),
      )
    })
  }

  exists(path: string, options: ReadOptions | undefined): Promise<Stat | undefined> {
    return this.read('exists', path, options, (replica) => {
      const stat = findStat(replica, path, this.#identities.list)
      return stat && publicStat(stat)
    })
  }

  children(path: string, options: ReadOptions | undefined): Promise<string[]> {
    return this.read('children', path, options, (replica) => [
      ...getChildren(replica, path, this.#identities.list).children,
    ])
  }

  acl(
    path: string,
    options: ReadOptions | undefined,
  ): Promise<{ readonly acl: readonly AclLine[]; readonly stat: Stat }> {
    return this.read('getAcl', path, options, (replica) => {
      const { acl, stat } = getAcl(replica, path, this.#identities.list)
      return { acl: publicAcl(acl), stat: publicStat(stat) }
    })
  }

  quota(path: string, options: ReadOptions | undefined): Promise<QuotaReading | undefined> {
    return this.read('getQuota', path, options, (replica) =>
      readQuota(replica, path, this.#identities.list),
    )
  }

  ephemerals(path: string, options: ReadOptions | undefined): Promise<string[]> {
    return this.read('ephemerals', path, options, (replica) =>
      [...replica.sessions.ephemeralsOf(this.#session)]
        .filter((one) => one === path || isAncestor(path, one))
        .sort(),
    )
  }

  peek(path: string): ReadResult | undefined {
    if (this.#life.isOver) throw this.#life.errorFor(`peek ${show(path)}`)
    const reading = findZnode(this.#host.replica, path, this.#identities.list)
    if (reading !== undefined) return sharedReading(reading)
    checkPath(path, this.#host.limits)
    return undefined
  }

  sync(call: Call | undefined): Promise<Zxid> {
    return attempt(() => {
      checkBag(call, callKeys)
      if (this.#life.refuses(call)) throw this.#life.refusalOf('sync', call)
      return this.#sync('sync', this.#host.nextCall(), call)
    })
  }

  /** `session` is whom the host tells of what it applied. */
  reached(zxid: Zxid, call: Call | undefined, session: HostedSession): Promise<void> {
    return attempt(() => {
      checkBag(call, callKeys)
      if (!isZxid(zxid)) {
        const message = `the zxid is ${show(zxid)}: give one that a stat or a commit told`
        throw new CoordinationError('BAD_ARGUMENT', message)
      }
      const what = `reached ${formatZxid(zxid)}`
      if (this.#life.refuses(call)) throw this.#life.refusalOf(what, call)
      if (this.#host.replica.lastApplied >= zxid) return Promise.resolve()
      this.#refuseMany(what)
      this.#host.awaitApplied(session)
      return this.#reached.add(zxid, what, call)
    })
  }

  /** Settles who waited for `lastApplied`. Returns whether anybody waits still. */
  onApplied(lastApplied: Zxid): boolean {
    return this.#reached.onApplied(lastApplied)
  }

  /** The session is over: nothing will be reached any more. */
  rejectAll(): void {
    this.#reached.rejectAll((what) => this.#life.errorFor(what))
  }

  /** A znode that may be read, without anything being thrown. */
  #found(path: string): ZnodeReading | undefined {
    const znode = this.#host.replica.tree.get(path)
    if (znode === undefined || !mayRead(znode, this.#identities.list)) return undefined
    return { data: znode.data, stat: statOf(znode) }
  }

  #sync(what: string, call: CallId, options: Call | undefined): Promise<Zxid> {
    const answered = this.#calls.addSync(call, what, options)
    this.#host.submit({ type: 'sync-requested', session: this.#session, call })
    return answered
  }

  /** Answers a query of the state, once it may be asked: local reads at once. */
  read<T>(
    name: string,
    path: string,
    options: ReadOptions | undefined,
    query: (replica: Replica) => T,
  ): Promise<T> {
    return attempt(() => {
      const consistency = checkRead(path, options, this.#host.limits)
      if (this.#life.refuses(options)) {
        throw this.#life.refusalOf(`${name} ${path}`, options, path)
      }
      if (consistency !== 'linearizable' && !this.#calls.hasWrites) {
        return Promise.resolve(query(this.#host.replica))
      }
      this.#refuseMany(`${name} ${path}`, path)
      return this.#waitingRead(`${name} ${path}`, path, { ...options, read: consistency }, query)
    })
  }

  /** Throws when as many wait as may. */
  #refuseMany(what: string, path?: string): void {
    const { maxSessionReads } = this.#host.limits
    if (this.#calls.readCount + this.#reached.size < maxSessionReads) return
    const most = String(maxSessionReads)
    const message = `${what} failed: ${most} reads of the session wait already (limits.maxSessionReads): wait for some`
    throw new CoordinationError('BUSY', message, path === undefined ? {} : { path })
  }

  /** A read behind the session's own writes; a linearizable one also behind a quorum round. */
  #waitingRead<T>(
    what: string,
    path: string,
    options: ReadOptions,
    query: (replica: Replica) => T,
  ): Promise<T> {
    return new Promise((resolve, reject: (error: Error) => void) => {
      const sync = options.read === 'linearizable' ? this.#host.nextCall() : undefined
      let waiting: WaitingRead | undefined
      const release = onGivingUp(options, this.#host.clock, (givingUp) => {
        if (waiting !== undefined) waiting.run = undefined
        if (sync !== undefined) this.#forgetSync(sync)
        const so = 'nothing was read'
        reject(givenUpError(givingUp, what, { outcome: 'not-applied', path, so }))
      })
      const run = (): void => {
        release?.()
        try {
          if (this.#life.isOver) throw this.#life.errorFor(what, 'not-applied', path)
          resolve(query(this.#host.replica))
        } catch (error) {
          reject(error as Error)
        }
      }
      const runAfterWrites = (): void => {
        waiting = this.#calls.afterWrites(run)
      }
      if (sync === undefined) {
        runAfterWrites()
        return
      }
      this.#sync(what, sync, undefined).then(runAfterWrites, (error: unknown) => {
        release?.()
        reject(error as Error)
      })
    })
  }

  #forgetSync(call: CallId): void {
    if (this.#calls.forgetSync(call)) this.#host.submit({ type: 'call-aborted', call })
  }
}

/** What a function throws, the promise rejects with: a call never throws. */
export function attempt<T>(begin: () => Promise<T>): Promise<T> {
  try {
    return begin()
  } catch (error) {
    return new Promise((_resolve, reject: (error: Error) => void) => {
      reject(error as Error)
    })
  }
}
