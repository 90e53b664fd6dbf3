/** A peer's store for benches that need nothing above it. */
import { Replica, ReplicaBuilder } from '@conclave/core/internal'
import { openStore, pageCodec, type Store } from '@conclave/storage'

/** Opens or makes the store; `onSynced` is told of every durable write. */
export function openBenchStore(
  dir: string,
  peerId: number,
  onSynced: (seq: number) => void,
): Promise<Store<Replica>> {
  return openStore({
    dir,
    peerId,
    codec: pageCodec,
    sinkFactory: () => new ReplicaBuilder(),
    emptyReplica: () => Replica.empty(),
    endOf: ({ end }) => end,
    listener: {
      onSynced,
      onFailed(error) {
        throw new Error('the disk refused an append', { cause: error })
      },
      onPurged() {},
    },
    clock: {
      wallMs: () => Date.now(),
      after(ms, callback) {
        const timer = setTimeout(callback, ms)
        return () => {
          clearTimeout(timer)
        }
      },
    },
  })
}
