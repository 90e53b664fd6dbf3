/** A store of a `MapReplica`, with what a peer would do to it. */
import type { LogRecord, Page } from '@conclave/core/internal'
import { pageCodec } from '../src/page-codec.ts'
import { openStore, type Store, type StoreOptions } from '../src/store.ts'
import { History, Told } from '../src/suite-history.ts'
import { ManualClock } from './manual-clock.ts'
import { MapReplica, MapSink, session, znode } from '../src/suite-replica.ts'

export interface OpenedStore {
  readonly store: Store<MapReplica>
  readonly told: Told
  readonly clock: ManualClock
  /** Appends and waits until it is durable. */
  readonly add: (...records: LogRecord[]) => Promise<void>
  readonly addPages: (...pages: Page[]) => Promise<void>
}

export async function openTestStore(
  dir: string,
  options: Partial<StoreOptions<MapReplica>> = {},
): Promise<OpenedStore> {
  const told = new Told()
  const clock = new ManualClock()
  const store = await openStore<MapReplica>({
    dir,
    peerId: 1,
    codec: pageCodec,
    sinkFactory: () => new MapSink(),
    emptyReplica: () => new MapReplica(),
    endOf: (replica) => replica.end,
    listener: told,
    clock,
    ...options,
  })
  let seq = 0
  const add = (...records: LogRecord[]): Promise<void> => {
    seq += 1
    store.log.append(seq, records)
    return told.until(seq)
  }
  const addPages = (...pages: Page[]): Promise<void> =>
    add(...pages.map((page) => ({ type: 'page' as const, page })))
  return { store, told, clock, add, addPages }
}

export const founding = {
  ensembleId: 4711,
  version: 1,
  members: [{ id: 1, role: 'voter' as const }],
}

/** A peer's life so far: founded, ten pages, a checkpoint behind the sixth. Closed. */
export async function liveABit(dir: string, options: Partial<StoreOptions<MapReplica>> = {}) {
  const { store, add, addPages } = await openTestStore(dir, options)
  const history = new History()
  await add({ type: 'accepted-epoch', epoch: 1, leader: 1 }, { type: 'current-epoch', epoch: 1 })
  await add({ type: 'configuration', configuration: founding })
  const pages = history.pages(10)
  for (const page of pages) await addPages(page)
  const replica = new MapReplica()
  for (let index = 0; index < 30; index += 1) replica.put(znode(`/znode-${index}`))
  replica.putSession(session(5))
  const { last, crc } = pages[5] as Page
  replica.end = { last, crc }
  replica.configuration = founding
  await store.snapshot.write(replica.freeze())
  await store.close()
  return { pages, replica, history }
}
