/** What the packages above may name. */
export { blockingFiles, pooledFiles, type Files, type LogFile } from './files.ts'
export type { Log, LogListener, RecoveredLog } from './log.ts'
export { MemoryLog } from './memory-log.ts'
export { MemorySnapshot } from './memory-snapshot.ts'
export { MemoryStore, type MemoryStoreOptions } from './memory-store.ts'
export { pageCodec } from './page-codec.ts'
export type { RecoveredStore } from './recovered-store.ts'
export {
  DamageError,
  type Snapshot,
  type SnapshotInstaller,
  type SnapshotReader,
  type SnapshotSink,
} from './snapshot.ts'
export { TransferError } from './snapshot-transfer.ts'
export type { StoreClock } from './store-clock.ts'
export { openStore, type Store, type StoreOptions } from './store.ts'
export { defaultLogLimits, type LogLimits } from './wal/write-ahead-log.ts'
