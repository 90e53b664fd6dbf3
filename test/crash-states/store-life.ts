/**
 * A store whose life is told aloud: everything that is asked of it, and all that it acknowledges, is
 * a fact that is out before anything else can happen. What the log should come to is told by a fold
 * of its own, which shares nothing with the one in the log.
 */
import {
  noPage,
  samePageEnd,
  type Configuration,
  type LogRecord,
  type PageEnd,
} from '@conclave/core/internal'
import {
  MemorySnapshot,
  openStore,
  pageCodec,
  type Files,
  type LogLimits,
  type RecoveredStore,
  type Store,
} from '@conclave/storage'
import { History, MapReplica, MapSink, session, Told, znode } from '@conclave/storage/suite'
import type { Fact, LogFact } from './facts.ts'

export interface LifeOptions {
  readonly dir: string
  readonly tell: (fact: Fact) => void
  readonly files?: Files
  readonly limits?: Partial<LogLimits>
  /** Gets the store when it is open, to close it when its life has gone wrong. */
  readonly onOpen?: (store: Store<MapReplica>) => void
}

/** Small, so that segments are born and die all the time. */
export const smallLimits: LogLimits = { segmentBytes: 900, maxWriteBytes: 4096, markAfterMs: 15 }

/** Opens a store of a `MapReplica`, as all tests here do. */
export function openMapStore(
  options: Omit<LifeOptions, 'tell' | 'onOpen'> & { readonly told: Told },
): Promise<Store<MapReplica>> {
  const { dir, told, files, limits = smallLimits } = options
  return openStore<MapReplica>({
    dir,
    peerId: 1,
    codec: pageCodec,
    sinkFactory: () => new MapSink(),
    emptyReplica: () => new MapReplica(),
    endOf: (replica) => replica.end,
    listener: told,
    clock: {
      wallMs: () => Date.now(),
      after: (ms, callback) => {
        const timer = setTimeout(callback, ms)
        return () => clearTimeout(timer)
      },
    },
    limits,
    ...(files === undefined ? {} : { files }),
  })
}

/** The log's part of what was recovered, as a fact. */
export function logFactOf(recovered: RecoveredStore<MapReplica>): LogFact {
  const { acceptedEpoch, acceptedLeader, currentEpoch, configuration, damaged } = recovered
  const { logStart, pageEnds } = recovered
  return {
    acceptedEpoch,
    acceptedLeader,
    currentEpoch,
    configuration,
    damaged,
    start: logStart,
    ends: pageEnds,
  }
}

class TellingListener extends Told {
  readonly #tell: (fact: Fact) => void

  constructor(tell: (fact: Fact) => void) {
    super()
    this.#tell = tell
  }

  override onSynced(seq: number): void {
    this.#tell({ type: 'synced', seq })
    super.onSynced(seq)
  }

  override onFailed(error: unknown): void {
    this.#tell({ type: 'failed' })
    super.onFailed(error)
  }
}

export class StoreLife {
  readonly store: Store<MapReplica>
  readonly told: Told
  readonly #tell: (fact: Fact) => void
  readonly #replica: MapReplica
  #log: LogFact
  /** The configuration before the last one, and the page behind which the last one came. */
  #before: { readonly configuration: Configuration | null; readonly after: number } | null = null
  #seq = 0

  /** For `open`. */
  constructor(store: Store<MapReplica>, told: Told, tell: (fact: Fact) => void) {
    this.store = store
    this.told = told
    this.#tell = tell
    this.#replica = store.recovered.replica
    this.#log = logFactOf(store.recovered)
  }

  static async open({ tell, onOpen, ...options }: LifeOptions): Promise<StoreLife> {
    tell({ type: 'chapter', name: 'open' })
    const told = new TellingListener(tell)
    const store = await openMapStore({ ...options, told })
    onOpen?.(store)
    const { recovered } = store
    tell({ type: 'opened', log: logFactOf(recovered), summary: recovered.replica.summary })
    tell({ type: 'chapter', name: 'idle' })
    return new StoreLife(store, told, tell)
  }

  get end(): PageEnd {
    return this.#log.ends.at(-1) ?? this.#log.start
  }

  get epoch(): number {
    return this.#log.currentEpoch
  }

  chapter(name: string): void {
    this.#tell({ type: 'chapter', name })
  }

  /** Appends; resolves when it is durable, rejects when the log fails or has failed. */
  async append(...records: readonly LogRecord[]): Promise<void> {
    if (this.told.failures.length > 0) throw this.told.failures[0]
    this.#seq += 1
    const seq = this.#seq
    for (const record of records) this.#log = this.#behind(record)
    this.#tell({ type: 'append', seq, log: this.#log })
    this.store.log.append(seq, records)
    await this.told.until(seq)
  }

  #behind(record: LogRecord): LogFact {
    const log = this.#log
    switch (record.type) {
      case 'page': {
        const { last, crc } = record.page
        return { ...log, ends: [...log.ends, { last, crc }] }
      }
      case 'accepted-epoch':
        return { ...log, acceptedEpoch: record.epoch, acceptedLeader: record.leader }
      case 'current-epoch':
        return { ...log, currentEpoch: record.epoch }
      case 'configuration':
        this.#before = { configuration: log.configuration, after: this.end.last }
        return { ...log, configuration: record.configuration }
      case 'truncate': {
        const isKept = this.#before === null || this.#before.after <= record.to.last
        const configuration = isKept ? log.configuration : (this.#before?.configuration ?? null)
        return {
          ...log,
          configuration,
          ends: log.ends.filter(({ last }) => last <= record.to.last),
        }
      }
      case 'snapshot-installed':
        return { ...log, start: record.at, ends: [] }
      case 'damage-found':
        return { ...log, damaged: record.reason }
      case 'damage-healed':
        return { ...log, damaged: null }
    }
  }

  /** Appends that many pages, each an append of its own, handed over at once. */
  async pages(count: number, bytes = 40): Promise<void> {
    const pages = new History(this.epoch, this.end).pages(count, bytes)
    await Promise.all(pages.map((page) => this.append({ type: 'page', page })))
  }

  /** Promises the next epoch to a leader, then joins it, with a page in the same append. */
  async join(leader: number): Promise<void> {
    const epoch = this.#log.acceptedEpoch + 1
    await this.append({ type: 'accepted-epoch', epoch, leader })
    const page = new History(epoch, this.end).page()
    await this.append({ type: 'page', page }, { type: 'current-epoch', epoch })
  }

  /** Cuts the last pages off and appends another one behind the cut, as one append. */
  truncate(count: number): Promise<void> {
    const to = this.#log.ends.at(-1 - count) ?? this.#log.start
    const page = new History(this.epoch, to).page(1, 60)
    return this.append({ type: 'truncate', to }, { type: 'page', page })
  }

  /** Changes some znodes and writes a checkpoint at the end of the log. */
  async checkpoint(znodes: number, bytes = 20): Promise<void> {
    const replica = this.#replica
    for (let index = 0; index < znodes; index += 1) {
      const value = new Uint8Array(bytes).fill((index + this.end.last) % 251)
      replica.put(znode(`/znode-${index}`, value))
    }
    replica.drop(`/znode-${znodes}`)
    replica.putSession(session(1 + (this.end.last % 7)))
    replica.end = this.end
    replica.configuration = this.#log.configuration
    await this.#write()
  }

  async #write(): Promise<void> {
    const checkpoint = this.#replica.freeze()
    this.#tell({ type: 'checkpoint', summary: checkpoint.summary })
    await this.store.snapshot.write(checkpoint)
    this.#tell({ type: 'checkpointed' })
  }

  /** Lets go of what lies behind the snapshot. */
  purge(): void {
    const upTo = this.#replica.end.last
    this.#tell({ type: 'purge', upTo })
    this.store.log.purge(upTo)
  }

  /** Receives a snapshot that stands some pages ahead; installs it, or thinks better of it. */
  async receive(znodes: number, isUsed: boolean): Promise<void> {
    const epoch = this.#log.acceptedEpoch
    const page = new History(epoch, this.end).pages(3).at(-1)
    const sent = new MapReplica()
    sent.end = page === undefined ? noPage : { last: page.last, crc: page.crc }
    sent.configuration = this.#log.configuration
    for (let index = 0; index < znodes; index += 1) sent.put(znode(`/sent-${index}`))
    const installer = await this.store.snapshot.beginInstall()
    for (const chunk of await chunksOf(sent)) await installer.write(chunk)
    const received = await installer.finish()
    if (!isUsed) return installer.discard()

    this.#tell({ type: 'install', seq: this.#seq + 1, summary: received.summary })
    await this.append({ type: 'snapshot-installed', at: received.end })
    const own = this.#replica
    for (const path of own.znodes.keys()) own.znodes.delete(path)
    for (const id of own.sessions.keys()) own.sessions.delete(id)
    for (const one of received.znodes.values()) own.znodes.set(one.path, one)
    own.end = received.end
    own.configuration = received.configuration
  }

  async close(): Promise<void> {
    this.chapter('close')
    await this.store.close()
    this.#tell({ type: 'closed' })
  }
}

/** A replica as chunks on their way to a learner. */
async function chunksOf(replica: MapReplica): Promise<Uint8Array[]> {
  const snapshot = new MemorySnapshot(() => new MapSink()).open()
  await snapshot.write(replica.freeze())
  const reader = await snapshot.openReader()
  const chunks: Uint8Array[] = []
  while (true) {
    const { bytes, last } = await reader.read()
    chunks.push(bytes)
    if (last) return chunks
  }
}

/** All pages of the log, read back one by one; throws unless they are those that were recovered. */
export async function readBack(store: Store<MapReplica>): Promise<PageEnd[]> {
  const ends: PageEnd[] = []
  let after = store.recovered.logStart.last
  while (true) {
    const pages = await store.log.read(after, 1 << 20)
    if (pages.length === 0) break
    for (const { last, crc } of pages) ends.push({ last, crc })
    after = (pages.at(-1) as PageEnd).last
  }
  const { pageEnds } = store.recovered
  const isSame =
    ends.length === pageEnds.length &&
    ends.every((end, index) => samePageEnd(end, pageEnds[index] as PageEnd))
  if (!isSame) throw new Error('other pages are read than were recovered')
  return ends
}
