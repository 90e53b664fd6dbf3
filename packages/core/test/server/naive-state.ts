/**
 * A model of the replicated state that shares no code with it: plain Maps, counts kept as they are
 * defined, nothing incremental. What it says is what every peer must come to.
 */
import type {
  Acl,
  SessionId,
  SessionRecord,
  Stat,
  TreeTxn,
  Txn,
  Zxid,
  ZnodeRecord,
} from '../../src/internal.ts'

interface NaiveZnode {
  data: Uint8Array | null
  readonly czxid: Zxid
  mzxid: Zxid
  pzxid: Zxid
  readonly ctime: number
  mtime: number
  sets: number
  creates: number
  deletes: number
  readonly owner: SessionId
  readonly reap: number
  acl: Acl
  aclSets: number
}

export interface NaiveEvent {
  readonly type: 'created' | 'changed' | 'deleted'
  readonly path: string
  readonly zxid: Zxid
}

const configPath = '/zookeeper/config'

function parent(path: string): string {
  const elements = path.split('/').slice(0, -1)
  return elements.length === 1 ? '/' : elements.join('/')
}

const configAcl: Acl = [{ permissions: 1, scheme: 'world', id: 'anyone' }]

export class NaiveState {
  readonly znodes = new Map<string, NaiveZnode>()
  readonly sessions = new Map<SessionId, SessionRecord>()
  readonly events: NaiveEvent[] = []
  /** What each txn with a session's request came to, as its caller is told. */
  readonly results: unknown[] = []

  constructor() {
    const never = 0 as Zxid
    const nobody = { ephemeralOwner: 0 as SessionId, reap: 0, acl: null }
    for (const path of ['/', '/zookeeper', '/zookeeper/quota', configPath]) {
      this.#put(path, new Uint8Array(), never, 0, nobody)
    }
    // They have never been created: what they hold counts backwards.
    this.znodes.get('/')!.deletes = -1
    this.znodes.get('/zookeeper')!.deletes = -2
    this.znodes.get(configPath)!.sets = -1
    this.znodes.get(configPath)!.aclSets = -1
    this.znodes.get(configPath)!.acl = configAcl
  }

  #put(
    path: string,
    data: Uint8Array | null,
    zxid: Zxid,
    timeMs: number,
    { ephemeralOwner: owner, reap, acl }: Pick<ZnodeRecord, 'ephemeralOwner' | 'reap' | 'acl'>,
  ): void {
    this.znodes.set(path, {
      data,
      czxid: zxid,
      mzxid: zxid,
      pzxid: zxid,
      ctime: timeMs,
      mtime: timeMs,
      sets: 0,
      creates: 0,
      deletes: 0,
      owner,
      reap,
      acl,
      aclSets: 0,
    })
  }

  childrenOf(path: string): string[] {
    return [...this.znodes.keys()]
      .filter((other) => other !== '/' && parent(other) === path)
      .map((other) => other.split('/').at(-1) ?? '')
      .sort((a, b) => (a < b ? -1 : 1))
  }

  ephemeralsOf(id: SessionId): string[] {
    return [...this.znodes].filter(([, znode]) => znode.owner === id).map(([path]) => path)
  }

  statOf(path: string): Stat {
    const znode = this.znodes.get(path)!
    return {
      czxid: znode.czxid,
      mzxid: znode.mzxid,
      pzxid: znode.pzxid,
      ctime: znode.ctime,
      mtime: znode.mtime,
      version: znode.sets,
      cversion: znode.creates + znode.deletes,
      aversion: znode.aclSets,
      ephemeralOwner: znode.owner,
      dataLength: znode.data?.length ?? 0,
      numChildren: this.childrenOf(path).length,
    }
  }

  /** By path, so that two can be compared. */
  records(): ZnodeRecord[] {
    return [...this.znodes]
      .map(([path, { data, czxid, mzxid, pzxid, ctime, mtime, ...rest }]) => ({
        ...{ path, data, czxid, mzxid, pzxid, ctime, mtime },
        ...{ version: rest.sets, createCount: rest.creates, aversion: rest.aclSets },
        ...{ ephemeralOwner: rest.owner, reap: rest.reap, acl: rest.acl },
      }))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
  }

  apply(txn: Txn, zxid: Zxid): void {
    const { session, requestId } = txn
    const asking = this.sessions.get(session)
    if (asking !== undefined) this.sessions.set(session, { ...asking, lastRequestId: requestId })
    const result = this.#change(txn, zxid)
    if (asking !== undefined) this.results.push(result)
  }

  #change(txn: Txn, zxid: Zxid): unknown {
    switch (txn.type) {
      case 'create':
      case 'set':
      case 'delete':
      case 'set-acl':
      case 'check':
        return this.#changeTree(txn, zxid, txn.timeMs)
      case 'transaction':
        return {
          type: 'transaction',
          results: txn.txns.map((step) => this.#changeTree(step, zxid, txn.timeMs)),
        }
      case 'create-with-parents':
      case 'delete-subtree':
        return txn.txns.map((step) => this.#changeTree(step, zxid, txn.timeMs)).at(-1)
      case 'create-session': {
        const { timeoutMs, password, host } = txn
        const id = zxid as number as SessionId
        this.sessions.set(id, {
          id,
          timeoutMs,
          password,
          host,
          hostedSince: zxid,
          lastRequestId: 0,
        })
        return null
      }
      case 'move-session': {
        const moved = this.sessions.get(txn.moved)!
        this.sessions.set(txn.moved, { ...moved, host: txn.host, hostedSince: zxid })
        return null
      }
      case 'close-session':
        for (const path of txn.paths) this.#changeTree({ type: 'delete', path }, zxid, txn.timeMs)
        this.sessions.delete(txn.closed)
        return { type: 'close-session' }
      case 'configure':
      case 'refuse':
        return null
    }
  }

  #changeTree(txn: TreeTxn, zxid: Zxid, timeMs: number): unknown {
    const { type, path } = txn
    const above = this.znodes.get(parent(path))
    if (type === 'create') {
      this.#put(path, txn.data, zxid, timeMs, txn)
      above!.creates += 1
      above!.pzxid = zxid
      this.events.push({ type: 'created', path, zxid })
      return { type, path, stat: this.statOf(path) }
    }
    if (type === 'set') {
      const znode = this.znodes.get(path)!
      znode.data = txn.data
      znode.sets += 1
      znode.mzxid = zxid
      znode.mtime = timeMs
      this.events.push({ type: 'changed', path, zxid })
      return { type, stat: this.statOf(path) }
    }
    if (type === 'set-acl') {
      const znode = this.znodes.get(path)!
      znode.acl = txn.acl
      znode.aclSets += 1
      return { type, stat: this.statOf(path) }
    }
    if (type === 'delete') {
      this.znodes.delete(path)
      above!.deletes += 1
      above!.pzxid = zxid
      this.events.push({ type: 'deleted', path, zxid })
    }
    return { type }
  }
}
