/**
 * Watches of ZooKeeper's clients as one list of registrations, from zookeeper.md, "Watches": every
 * trigger goes through all of it.
 */
import type { WireWatchMode, WireWatchRestoration, WireWatchType } from '@conclave/core/internal'
import { above, isBelow } from './paths.ts'
import type { Tree } from './tree.ts'

type Table = 'data' | 'child'

interface Registration {
  readonly table: Table
  readonly session: number
  readonly path: string
  readonly mode: 'standard' | 'persistent' | 'recursive'
}

export interface ToldEvent {
  readonly session: number
  readonly type: 'created' | 'deleted' | 'changed' | 'children-changed'
  readonly path: string
}

/** Where each kind of watch is registered. */
const places: Readonly<Record<WireWatchMode, readonly Pick<Registration, 'table' | 'mode'>[]>> = {
  data: [{ table: 'data', mode: 'standard' }],
  child: [{ table: 'child', mode: 'standard' }],
  persistent: [
    { table: 'data', mode: 'persistent' },
    { table: 'child', mode: 'persistent' },
  ],
  recursive: [{ table: 'data', mode: 'recursive' }],
}

export class ZooKeeperWatches {
  #all: Registration[] = []

  add(session: number, path: string, mode: WireWatchMode): void {
    for (const place of places[mode]) {
      const added = { session, path, ...place }
      if (!this.#all.some((one) => isSame(one, added))) this.#all.push(added)
    }
  }

  has(session: number, path: string, type: WireWatchType): boolean {
    return this.#all.some((one) => isOf(one, session, path, type))
  }

  remove(session: number, path: string, type: WireWatchType): boolean {
    const had = this.has(session, path, type)
    this.#all = this.#all.filter((one) => !isOf(one, session, path, type))
    return had
  }

  removeSession(session: number): void {
    this.#all = this.#all.filter((one) => one.session !== session)
  }

  /** How many paths a session watches, counted in each table. */
  countOf(session: number): number {
    const own = this.#all.filter((one) => one.session === session)
    return new Set(own.map(({ table, path }) => `${table} ${path}`)).size
  }

  onChange(type: 'created' | 'changed' | 'deleted', path: string): ToldEvent[] {
    const data = this.#trigger('data', path).map((session) => ({ session, type, path }))
    if (type === 'changed') return data
    const child = type === 'deleted' ? this.#trigger('child', path) : []
    const more = child
      .filter((session) => !data.some((one) => one.session === session))
      .map((session) => ({ session, type, path }))
    const parent = above(path)
    const ofParent = this.#trigger('child', parent).map(
      (session) => ({ session, type: 'children-changed', path: parent }) as const,
    )
    return [...data, ...more, ...ofParent]
  }

  /** What a session has missed since `after`; what it has missed nothing of is watched again. */
  restore(session: number, restoration: WireWatchRestoration, tree: Tree): ToldEvent[] {
    const { after, data, exist, child, persistent, recursive } = restoration
    const told: ToldEvent[] = []
    const tell = (type: ToldEvent['type'], path: string): void => {
      told.push({ session, type, path })
    }
    for (const path of data) {
      const znode = tree.get(path)
      if (znode === undefined) tell('deleted', path)
      else if (znode.mzxid > after) tell('changed', path)
      else this.add(session, path, 'data')
    }
    for (const path of exist) {
      if (tree.has(path)) tell('created', path)
      else this.add(session, path, 'data')
    }
    for (const path of child) {
      const znode = tree.get(path)
      if (znode === undefined) tell('deleted', path)
      else if (znode.pzxid > after) tell('children-changed', path)
      else this.add(session, path, 'child')
    }
    for (const path of persistent) this.add(session, path, 'persistent')
    for (const path of recursive) this.add(session, path, 'recursive')
    return told
  }

  /** The sessions that a table tells, each once. What fires once is gone. */
  #trigger(table: Table, path: string): number[] {
    const fired = this.#all.filter(
      (one) =>
        one.table === table &&
        (one.path === path || (one.mode === 'recursive' && isBelow(path, one.path))),
    )
    this.#all = this.#all.filter((one) => !(fired.includes(one) && one.mode === 'standard'))
    return [...new Set(fired.map(({ session }) => session))]
  }
}

function isSame(a: Registration, b: Registration): boolean {
  const isThere = a.session === b.session && a.path === b.path
  return isThere && a.table === b.table && a.mode === b.mode
}

function isOf(one: Registration, session: number, path: string, type: WireWatchType): boolean {
  if (one.session !== session || one.path !== path) return false
  return (
    type === 'any' ||
    places[type].some(({ table, mode }) => one.table === table && one.mode === mode)
  )
}
