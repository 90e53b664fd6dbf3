/**
 * The namespace once more, as plainly as it can be written: immutable znodes in Maps, every version
 * kept, so that the state at any zxid can be asked for later. Shares no code with the core, and
 * knows the rules only from their description.
 */
import type { Acl, Configuration, SessionId, TreeTxn, Zxid } from '@conclave/core/internal'
import { demand } from '../violation.ts'
import { countedBy, usageOf } from './quotas.ts'

export interface ModelZnode {
  readonly path: string
  readonly data: Uint8Array | null
  readonly czxid: number
  readonly mzxid: number
  readonly pzxid: number
  readonly ctime: number
  readonly mtime: number
  readonly version: number
  /** Creates and deletes of direct children so far. */
  readonly creates: number
  readonly deletes: number
  readonly owner: number
  /** ms without a set, or -1 of a container, after which a childless one may go; 0: never. */
  readonly reap: number
  readonly acl: Acl
  readonly aversion: number
}

/** What one txn did to one znode. */
export interface ModelChange {
  readonly type: 'created' | 'changed' | 'deleted'
  readonly path: string
  readonly zxid: Zxid
  /** The znode after the change; as it was, of a deleted one. */
  readonly znode: ModelZnode
}

interface Version {
  readonly zxid: number
  readonly znode: ModelZnode | null
}

const blank: ModelZnode = {
  path: '',
  data: new Uint8Array(),
  czxid: 0,
  mzxid: 0,
  pzxid: 0,
  ctime: 0,
  mtime: 0,
  version: 0,
  creates: 0,
  deletes: 0,
  owner: 0,
  reap: 0,
  acl: null,
  aversion: 0,
}

/** Where the configuration stands. */
export const configPath = '/zookeeper/config'

const readOnly: Acl = [{ permissions: 1, scheme: 'world', id: 'anyone' }]

/** The znodes that nobody creates: those who have children never counted them. */
const beginning: readonly ModelZnode[] = [
  { ...blank, path: '/', deletes: -1 },
  { ...blank, path: '/zookeeper', deletes: -2 },
  { ...blank, path: '/zookeeper/quota' },
  { ...blank, path: configPath, version: -1, aversion: -1, acl: readOnly },
]

/** True of a znode that nobody can delete. */
export function isOfBeginning(path: string): boolean {
  return beginning.some((one) => one.path === path)
}

/** A zxid as it is printed everywhere: epoch and counter. */
export function placeText(zxid: number): string {
  return `${Math.floor(zxid / 2 ** 32)}:${zxid % 2 ** 32}`
}

/** How many versions there are up to and with `zxid`. */
function countUpTo(versions: readonly Version[], zxid: number): number {
  let low = 0
  let high = versions.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((versions[middle] as Version).zxid <= zxid) low = middle + 1
    else high = middle
  }
  return low
}

/** The path of the parent; of the root, the empty string. */
export function parentPathOf(path: string): string {
  if (path === '/') return ''
  const cut = path.lastIndexOf('/')
  return cut === 0 ? '/' : path.slice(0, cut)
}

export class TreeModel {
  readonly #current = new Map<string, ModelZnode>()
  readonly #versions = new Map<string, Version[]>()
  /** The stats znodes of quotas that there are, and what each is about. */
  readonly #counting = new Map<string, string>()
  /** Every path that ever was a child of this one. */
  readonly #everChildren = new Map<string, Set<string>>([
    ['/', new Set(['/zookeeper'])],
    ['/zookeeper', new Set(['/zookeeper/quota', configPath])],
  ])

  constructor() {
    for (const znode of beginning) this.#put(0, znode.path, znode)
  }

  /** The znode as it is after the last txn that was applied. */
  get(path: string): ModelZnode | null {
    return this.#current.get(path) ?? null
  }

  get size(): number {
    return this.#current.size
  }

  /** Every znode, as it is after the last txn that was applied. */
  znodes(): IterableIterator<ModelZnode> {
    return this.#current.values()
  }

  /** The znode as it was right after `zxid`. */
  at(path: string, zxid: number): ModelZnode | null {
    const versions = this.#versions.get(path) ?? []
    return versions[countUpTo(versions, zxid) - 1]?.znode ?? null
  }

  /** The zxids behind `after` at which the znode, or which children it has, changed. */
  *changesOf(path: string, after: number): Generator<number, void, undefined> {
    const versions = this.#versions.get(path) ?? []
    for (let index = countUpTo(versions, after); index < versions.length; index += 1) {
      yield (versions[index] as Version).zxid
    }
  }

  /** Every path that was a znode right after `zxid`. */
  pathsAt(zxid: number): string[] {
    return [...this.#versions.keys()].filter((path) => this.at(path, zxid) !== null)
  }

  /** The paths of the direct children right after `zxid`, in no order that means anything. */
  childrenAt(path: string, zxid: number): string[] {
    return [...(this.#everChildren.get(path) ?? [])].filter((one) => this.at(one, zxid) !== null)
  }

  /** The paths of the direct children after the last txn that was applied. */
  childrenOf(path: string): string[] {
    return [...(this.#everChildren.get(path) ?? [])].filter((one) => this.#current.has(one))
  }

  /** Applies one change of a txn. Refuses what the state before it does not allow. */
  apply(txn: TreeTxn, zxid: Zxid, timeMs: number): ModelChange | null {
    switch (txn.type) {
      case 'create':
        return this.#create(txn, zxid, timeMs)
      case 'set': {
        const old = this.#existing(txn.path)
        demand(
          txn.version === old.version + 1,
          'D3',
          () => `set of ${txn.path} makes version ${txn.version} of ${old.version}`,
        )
        const { data, version } = txn
        const znode = { ...old, data, version, mzxid: zxid, mtime: timeMs }
        this.#put(zxid, txn.path, znode)
        this.#countQuotas(zxid)
        return { type: 'changed', path: txn.path, zxid, znode: this.#existing(txn.path) }
      }
      case 'delete':
        return this.delete(txn.path, zxid)
      case 'set-acl': {
        const old = this.#existing(txn.path)
        demand(
          txn.aversion === old.aversion + 1,
          'D3',
          () => `the ACL of ${txn.path} gets version ${txn.aversion} after ${old.aversion}`,
        )
        this.#put(zxid, txn.path, { ...old, acl: txn.acl, aversion: txn.aversion })
        return null
      }
      case 'check':
        this.#existing(txn.path)
        return null
    }
  }

  /** A configuration is in force: that stands in the tree, and is no version. */
  configure({ members }: Configuration, zxid: Zxid, timeMs: number): ModelChange {
    let text = ''
    for (const { id, role, address } of members) {
      text += `server.${id}=`
      if (address !== undefined) {
        const elections = address.port === 65_535 ? 65_534 : address.port + 1
        text += `${address.host}:${address.port}:${elections}:`
      }
      text += role === 'observer' ? 'observer\n' : 'participant\n'
    }
    const voters = members.filter(({ role }) => role === 'voter')
    if (voters.some(({ weight = 1, group = 0 }) => weight > 1 || group > 0)) {
      const groups = new Set(voters.map(({ group = 1 }) => group))
      for (const one of [...groups].sort((a, b) => a - b)) {
        const ids = voters.filter(({ group = 1 }) => group === one).map(({ id }) => id)
        text += `group.${one}=${ids.join(':')}\n`
      }
      for (const { id, weight = 1 } of voters) text += `weight.${id}=${weight}\n`
    }
    text += `version=${zxid.toString(16)}`
    const data = Uint8Array.from(text, (letter) => letter.charCodeAt(0))
    const znode = { ...this.#existing(configPath), data, mzxid: zxid, mtime: timeMs }
    this.#put(zxid, configPath, znode)
    return { type: 'changed', path: configPath, zxid, znode }
  }

  delete(path: string, zxid: Zxid): ModelChange {
    demand(!isOfBeginning(path), 'D5', () => `delete of ${path}, which nobody can delete`)
    const znode = this.#existing(path)
    demand(znode.creates === znode.deletes, 'D5', () => `delete of ${path}, which has children`)
    const parent = this.#existing(parentPathOf(path))
    this.#put(zxid, path, null)
    this.#put(zxid, parent.path, { ...parent, deletes: parent.deletes + 1, pzxid: zxid })
    this.#countQuotas(zxid)
    return { type: 'deleted', path, zxid, znode }
  }

  #create(txn: TreeTxn & { readonly type: 'create' }, zxid: Zxid, timeMs: number): ModelChange {
    const { path, data, ephemeralOwner, reap } = txn
    demand(!this.#current.has(path), 'D5', () => `create of ${path}, which exists`)
    const parent = this.#existing(parentPathOf(path))
    demand(parent.owner === 0, 'D5', () => `create of ${path} below an ephemeral znode`)
    demand(
      txn.parentCreateCount === parent.creates + 1,
      'Q1',
      () =>
        `create of ${path} counts ${txn.parentCreateCount} creates, there are ${parent.creates}`,
    )
    const znode: ModelZnode = {
      ...blank,
      path,
      data,
      czxid: zxid,
      mzxid: zxid,
      pzxid: zxid,
      ctime: timeMs,
      mtime: timeMs,
      owner: ephemeralOwner,
      reap,
      acl: txn.acl,
    }
    this.#put(zxid, parent.path, { ...parent, creates: parent.creates + 1, pzxid: zxid })
    this.#put(zxid, path, znode)
    let siblings = this.#everChildren.get(parent.path)
    if (siblings === undefined) {
      siblings = new Set()
      this.#everChildren.set(parent.path, siblings)
    }
    siblings.add(path)
    this.#countQuotas(zxid)
    return { type: 'created', path, zxid, znode: this.#existing(path) }
  }

  *all(): Generator<readonly [path: string, znode: ModelZnode]> {
    yield* this.#current
  }

  /** Every stats znode says what there is, which is nobody's change of it. */
  #countQuotas(zxid: Zxid): void {
    for (const [path, of] of this.#counting) {
      const { count, bytes } = usageOf(this, of)
      const text = `count=${count},bytes=${bytes}`
      const data = Uint8Array.from(text, (letter) => letter.charCodeAt(0))
      const znode = this.#existing(path)
      if (!sameData(znode.data, data)) this.#put(zxid, path, { ...znode, data })
    }
  }

  #existing(path: string): ModelZnode {
    const znode = this.get(path)
    demand(znode !== null, 'D5', () => `a txn changes ${path}, which does not exist`)
    return znode
  }

  #put(zxid: number, path: string, znode: ModelZnode | null): void {
    const of = countedBy(path)
    if (of !== null && znode !== null) this.#counting.set(path, of)
    else if (of !== null) this.#counting.delete(path)
    if (znode === null) this.#current.delete(path)
    else this.#current.set(path, znode)
    const versions = this.#versions.get(path)
    if (versions === undefined) this.#versions.set(path, [{ zxid, znode }])
    else versions.push({ zxid, znode })
  }
}

function sameData(a: Uint8Array | null, b: Uint8Array): boolean {
  return a?.length === b.length && b.every((byte, index) => byte === a[index])
}

/** The owner's ephemeral znodes, as they are after the last txn that was applied. */
export function ephemeralsOf(tree: TreeModel, owner: SessionId): string[] {
  return [...tree.znodes()].filter((one) => one.owner === owner).map((one) => one.path)
}
