/**
 * Random histories: choices that know nothing of the state, and an author who makes of each a txn
 * that a leader could have made, judged by the naive model.
 */
import fc from 'fast-check'
import {
  advanceZxid,
  type Acl,
  epochOf,
  makeZxid,
  noPage,
  noSession,
  type Page,
  type PageEnd,
  type SessionId,
  type TreeTxn,
  type Txn,
} from '../../src/internal.ts'
import { NaiveState } from './naive-state.ts'

const kinds = [
  'create',
  'create',
  'create-ephemeral',
  'create-with-parents',
  'set',
  'set',
  'set-acl',
  'delete',
  'delete-subtree',
  'transaction',
  'create-session',
  'move-session',
  'close-session',
  'refuse',
] as const

export interface Choice {
  readonly kind: (typeof kinds)[number]
  readonly pick: number
  readonly other: number
}

export const choice: fc.Arbitrary<Choice> = fc.record({
  kind: fc.constantFrom(...kinds),
  pick: fc.nat(1_000),
  other: fc.nat(1_000),
})

/** The txns of one page each; `true` begins a new epoch. */
export interface ChosenPage {
  readonly newEpoch: boolean
  readonly choices: readonly Choice[]
}

export const chosenPage: fc.Arbitrary<ChosenPage> = fc.record({
  newEpoch: fc.boolean(),
  choices: fc.array(choice, { minLength: 1, maxLength: 12 }),
})

/** A page with the right bounds around txns; its bytes are nobody's business here. */
export function pageOf(previous: PageEnd, txns: readonly Txn[], newEpoch = false): Page {
  const first =
    newEpoch || previous.last === 0
      ? makeZxid(epochOf(previous.last) + 1, 1)
      : advanceZxid(previous.last)
  return {
    first,
    last: advanceZxid(first, txns.length - 1),
    crc: (previous.crc * 31 + txns.length) % 2 ** 32,
    previousLast: previous.last,
    previousCrc: previous.crc,
    reconfigures: false,
    bytes: new Uint8Array(),
  }
}

export interface WrittenPage {
  readonly page: Page
  readonly txns: readonly Txn[]
}

/** Writes a history and keeps the model of what it leads to. */
export class Author {
  readonly state = new NaiveState()
  end: PageEnd = noPage
  #written = 0

  write(chosen: ChosenPage): WrittenPage {
    // The zxids depend on the number of txns alone, so that txns can be judged one by one.
    const bounds = pageOf(this.end, new Array<Txn>(chosen.choices.length), chosen.newEpoch)
    const txns = chosen.choices.map((one, index) => {
      const txn = this.#judge(one)
      this.state.apply(txn, advanceZxid(bounds.first, index))
      return txn
    })
    this.end = bounds
    return { page: bounds, txns }
  }

  #judge({ kind, pick, other }: Choice): Txn {
    this.#written += 1
    const sessions = [...this.state.sessions.values()]
    const asking = sessions[other % (sessions.length + 1)]
    const header = {
      timeMs: 1_790_000_000_000 + this.#written,
      session: asking?.id ?? noSession,
      requestId: asking === undefined ? 0 : asking.lastRequestId + 1,
    }
    const onItsOwn = { ...header, session: noSession, requestId: 0 }
    const subject = sessions[pick % Math.max(1, sessions.length)]
    switch (kind) {
      case 'create-session': {
        const password = new Uint8Array(16).fill(this.#written % 256)
        password[0] = this.#written >> 8
        return { ...onItsOwn, type: kind, timeoutMs: 5_000 + other, password, host: 1 + (pick % 3) }
      }
      case 'move-session':
        if (subject === undefined) break
        return { ...onItsOwn, type: kind, moved: subject.id, host: 1 + (other % 5) }
      case 'close-session': {
        if (subject === undefined) break
        const itself = pick % 2 === 0
        const caused = itself
          ? { ...header, session: subject.id, requestId: subject.lastRequestId + 1 }
          : onItsOwn
        const paths = this.state.ephemeralsOf(subject.id)
        const reason = itself ? 'closed' : 'expired'
        return { ...caused, type: kind, closed: subject.id, reason, paths }
      }
      case 'create-with-parents': {
        const draft = new Draft(this.state, this.#written)
        const txns = draft.create(pick, asking?.id ?? noSession, 1 + (other % 3))
        return { ...header, type: kind, txns }
      }
      case 'delete-subtree': {
        const txns = new Draft(this.state, this.#written).deleteSubtree(pick)
        if (txns.length === 0) break
        return { ...header, type: kind, txns }
      }
      case 'transaction': {
        const draft = new Draft(this.state, this.#written)
        const txns = Array.from({ length: pick % 5 }, (_, index) =>
          draft.any(pick + index * 7, other + index * 3, asking?.id ?? noSession),
        )
        return { ...header, type: kind, txns }
      }
      case 'create':
      case 'create-ephemeral':
      case 'set':
      case 'set-acl':
      case 'delete': {
        const draft = new Draft(this.state, this.#written)
        const owner = kind === 'create-ephemeral' ? (subject?.id ?? noSession) : noSession
        const txn = draft.one(kind === 'create-ephemeral' ? 'create' : kind, pick, owner)
        if (txn === null) break
        return { ...header, ...txn }
      }
      case 'refuse':
        break
    }
    return { ...header, type: 'refuse', code: 'BAD_VERSION', path: '/', operation: 0, limit: null }
  }
}

/** False of the znodes that every tree has. */
function isDeletable(path: string): boolean {
  return path !== '/' && !/^\/zookeeper(\/(quota|config))?$/.test(path)
}

/** Mostly the open list. */
function aclOf(pick: number): Acl {
  if (pick % 3 > 0) return null
  return [{ permissions: 1 + (pick % 31), scheme: 'digest', id: `u${String(pick % 5)}:x` }]
}

/** What several operations of one txn see of each other. */
class Draft {
  readonly #owners: Map<string, SessionId>
  readonly #versions: Map<string, number>
  readonly #creates: Map<string, number>
  readonly #aversions: Map<string, number>
  readonly #salt: number

  constructor(state: NaiveState, salt: number) {
    const znodes = [...state.znodes]
    this.#owners = new Map(znodes.map(([path, znode]) => [path, znode.owner]))
    this.#versions = new Map(znodes.map(([path, znode]) => [path, znode.sets]))
    this.#creates = new Map(znodes.map(([path, znode]) => [path, znode.creates]))
    this.#aversions = new Map(znodes.map(([path, znode]) => [path, znode.aclSets]))
    this.#salt = salt
  }

  any(pick: number, other: number, owner: SessionId): TreeTxn {
    const type = (['create', 'set', 'delete', 'check'] as const)[other % 4] ?? 'check'
    return this.one(type, pick, other % 8 === 0 ? owner : noSession) ?? { type: 'check', path: '/' }
  }

  one(type: TreeTxn['type'], pick: number, owner: SessionId): TreeTxn | null {
    if (type === 'create') return this.create(pick, owner, 1)[0]!
    const paths = [...this.#owners.keys()]
    if (type === 'delete') {
      const leaves = paths.filter((path) => isDeletable(path) && this.#below(path).length === 0)
      const path = leaves[pick % Math.max(1, leaves.length)]
      return path === undefined ? null : this.#delete(path)
    }
    const path = paths[pick % paths.length]!
    if (type === 'check') return { type, path }
    if (type === 'set-acl') {
      const aversion = this.#aversions.get(path)! + 1
      this.#aversions.set(path, aversion)
      return { type, path, acl: aclOf(pick + 1), aversion }
    }
    const version = this.#versions.get(path)! + 1
    this.#versions.set(path, version)
    return { type, path, data: this.#data(pick), version }
  }

  /** A chain of `length` new znodes, each below the one before; the last one has the owner. */
  create(pick: number, owner: SessionId, length: number): TreeTxn[] {
    const parents = [...this.#owners].filter(([, one]) => one === noSession).map(([path]) => path)
    let parent = parents[pick % parents.length]!
    return Array.from({ length }, (_, index) => {
      // The same few names over and over, so that deleted paths come back; else a sequential one.
      const count = this.#creates.get(parent)!
      const prefix = parent === '/' ? '/' : `${parent}/`
      const plain = `${prefix}${'abc'.charAt(pick % 3)}`
      const path = this.#owners.has(plain) ? `${plain}-${String(count)}` : plain
      const ephemeralOwner = index === length - 1 ? owner : noSession
      const parentCreateCount = count + 1
      this.#creates.set(parent, parentCreateCount)
      this.#owners.set(path, ephemeralOwner)
      this.#versions.set(path, 0)
      this.#creates.set(path, 0)
      this.#aversions.set(path, 0)
      parent = path
      const reap = ephemeralOwner === noSession ? ([0, 0, -1, 1_000][pick % 4] ?? 0) : 0
      const data = this.#data(pick)
      const acl = aclOf(pick)
      return { type: 'create', path, data, ephemeralOwner, reap, parentCreateCount, acl }
    })
  }

  deleteSubtree(pick: number): TreeTxn[] {
    const paths = [...this.#owners.keys()].filter(isDeletable)
    const root = paths[pick % Math.max(1, paths.length)]
    if (root === undefined) return []
    const below = this.#below(root).sort((a, b) => b.length - a.length)
    return [...below, root].map((path) => this.#delete(path))
  }

  #delete(path: string): TreeTxn {
    this.#owners.delete(path)
    return { type: 'delete', path }
  }

  #below(path: string): string[] {
    return [...this.#owners.keys()].filter((other) => other.startsWith(`${path}/`))
  }

  #data(pick: number): Uint8Array | null {
    return pick % 7 === 0 ? null : new Uint8Array(pick % 11).fill(this.#salt)
  }
}
