/** The two tables of ZooKeeper's watches, the core's and the model's, which see the same changes. */
import {
  WireWatches,
  type Replica,
  type SessionId,
  type WireWatchMode,
  type WireWatchRestoration,
  type WireWatchType,
  type Zxid,
} from '@conclave/core/internal'
import { compare } from './difference.ts'
import type { Tree } from './model/tree.ts'
import { ZooKeeperWatches, type ToldEvent } from './model/zookeeper-watches.ts'

/** What each session is told, in order; who is told first is nobody's concern. */
function bySession(events: readonly ToldEvent[]): Record<string, readonly ToldEvent[]> {
  const told: Record<string, ToldEvent[]> = {}
  for (const event of events) (told[String(event.session)] ??= []).push(event)
  return told
}

export class ZooKeeperPair {
  readonly #core = new WireWatches()
  readonly #model = new ZooKeeperWatches()

  add(session: SessionId, path: string, mode: WireWatchMode): void {
    this.#core.add(session, path, mode)
    this.#model.add(session, path, mode)
    this.#compareCounts(session)
  }

  check(session: SessionId, path: string, type: WireWatchType): void {
    const has = this.#core.has(session, path, type)
    compare(`check of ${path} ${type}`, has, this.#model.has(session, path, type))
  }

  remove(session: SessionId, path: string, type: WireWatchType): void {
    const had = this.#core.remove(session, path, type)
    compare(`removal of ${path} ${type}`, had, this.#model.remove(session, path, type))
    this.#compareCounts(session)
  }

  removeSession(session: SessionId): void {
    this.#core.removeSession(session)
    this.#model.removeSession(session)
    this.#compareCounts(session)
  }

  /** A change of the tree: what was told of it. */
  onChange(type: 'created' | 'changed' | 'deleted', path: string): readonly ToldEvent[] {
    const told = this.#trigger(type, path)
    const expected = this.#model.onChange(type, path)
    compare(`zk events of ${type} ${path}`, bySession(told), bySession(expected))
    return expected
  }

  restore(
    session: SessionId,
    restoration: WireWatchRestoration,
    replica: Replica,
    tree: Tree,
  ): readonly ToldEvent[] {
    const told = this.#core.restore(session, restoration, (path) => replica.tree.get(path))
    const expected = this.#model.restore(session, restoration, tree)
    compare('zk events that were missed', told, expected)
    this.#compareCounts(session)
    return expected
  }

  #trigger(type: 'created' | 'changed' | 'deleted', path: string): readonly ToldEvent[] {
    switch (type) {
      case 'created':
        return this.#core.onCreated(path)
      case 'changed':
        return this.#core.onChanged(path)
      case 'deleted':
        return this.#core.onDeleted(path)
    }
  }

  #compareCounts(session: SessionId): void {
    const [core, model] = [this.#core.countOf(session), this.#model.countOf(session)]
    compare('how many zk watches there are', core, model)
  }
}

/** What a session says that it watched, `after` being the last it has seen. */
export function restorationOf(
  watched: readonly { readonly as: WireWatchMode | 'exist'; readonly path: string }[],
  after: number,
): WireWatchRestoration {
  const of = (kind: WireWatchMode | 'exist'): string[] =>
    watched.filter(({ as }) => as === kind).map(({ path }) => path)
  const [data, exist, child] = [of('data'), of('exist'), of('child')]
  return {
    ...{ after: after as Zxid, data, exist, child },
    ...{ persistent: of('persistent'), recursive: of('recursive') },
  }
}
