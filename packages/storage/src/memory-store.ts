/**
 * The store's twin in memory: log and snapshot that survive a restart as an object, for whoever
 * wants to drive a peer without a disk. The switch to a received snapshot is the same as on disk.
 */
import type { PageEnd } from '@conclave/core/internal'
import type { LogListener } from './log.ts'
import { MemoryLog } from './memory-log.ts'
import { MemorySnapshot } from './memory-snapshot.ts'
import { recoverStore, type ReplicaKind } from './recovered-store.ts'
import type { SnapshotSink } from './snapshot.ts'
import type { Store } from './store.ts'
import { StoreLog } from './store-log.ts'

export interface MemoryStoreOptions<T> extends ReplicaKind<T> {
  readonly sinkFactory: () => SnapshotSink<T>
  readonly endOf: (replica: T) => PageEnd
  /** Makes it the store that replaces a damaged one. */
  readonly damaged?: string
  /** When what was appended becomes durable: at once, unless told. See `MemoryLog`. */
  readonly scheduleSync?: (sync: () => void) => void
}

export class MemoryStore<T> {
  /** To hold up, fail and crash what the open store appends. */
  readonly log: MemoryLog
  readonly snapshot: MemorySnapshot<T>
  readonly #options: MemoryStoreOptions<T>

  constructor(options: MemoryStoreOptions<T>) {
    this.#options = options
    const state = { snapshotDirectory: '1', damaged: options.damaged ?? null }
    this.log = new MemoryLog(state, options.scheduleSync)
    this.snapshot = new MemorySnapshot(options.sinkFactory)
  }

  /** Opens it; a store that was open is cut off, as after a crash. */
  async open(listener: LogListener): Promise<Store<T>> {
    const log = await StoreLog.open(
      listener,
      async () => undefined,
      async (inner) => this.log.open(inner),
    )
    const snapshot = this.snapshot.open(log.recovered.snapshotDirectory ?? '1')
    const ensembleId = log.recovered.configuration?.ensembleId ?? 0
    const recovered = await recoverStore(log, snapshot, this.#options, ensembleId)
    log.follow(snapshot)
    const close = async (): Promise<void> => {
      await log.close()
      await snapshot.close()
    }
    return { log, snapshot, recovered, close }
  }

  /** Loses what was not synced, and whoever has it open. */
  crash(): void {
    this.log.crash()
    this.snapshot.crash()
  }
}
