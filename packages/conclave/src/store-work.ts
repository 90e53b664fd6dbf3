/** What a driver has its log and its snapshot do, and the events that come of it. */
import {
  formatZxid,
  type Checkpoint,
  type Effect,
  type Event,
  type LogRecord,
  type Replica,
  type Zxid,
} from '@conclave/core/internal'
import { DamageError, type Log, type Snapshot } from '@conclave/storage'
import type { Clock } from './clock.ts'
import { storeChannel } from './diagnostics.ts'
import { reasonOf, storageError } from './failures.ts'

interface StoreWorkOptions {
  readonly log: Log
  readonly snapshot: Snapshot<Replica>
  readonly clock: Clock
  readonly onEvent: (event: Event) => void
  /** The store is not to be trusted any more. */
  readonly onFailed: (cause: unknown) => void
}

export class StoreWork {
  readonly #options: StoreWorkOptions

  constructor(options: StoreWorkOptions) {
    this.#options = options
  }

  append(seq: number, records: readonly LogRecord[]): void {
    if (storeChannel.hasSubscribers) {
      storeChannel.publish({ type: 'appended', seq, records: records.length })
    }
    this.#options.log.append(seq, records)
  }

  purge(upTo: Zxid): void {
    this.#options.log.purge(upTo)
  }

  readLog({ reader, after, maxBytes }: Effect & { readonly type: 'read-log' }): void {
    const { log, onEvent, onFailed } = this.#options
    log.read(after, maxBytes).then(
      (pages) => onEvent({ type: 'log-read', reader, pages }),
      (error: unknown) => {
        if (error instanceof DamageError) onFailed(storageError('reading the log', error))
        else onEvent({ type: 'log-read-failed', reader, reason: reasonOf(error) })
      },
    )
  }

  writeCheckpoint(checkpoint: Checkpoint): void {
    const { snapshot, clock, onEvent, onFailed } = this.#options
    const startedMs = clock.nowMs()
    snapshot.write(checkpoint).then(
      () => {
        if (storeChannel.hasSubscribers) {
          const upTo = formatZxid(checkpoint.summary.end.last)
          const tookMs = clock.nowMs() - startedMs
          storeChannel.publish({ type: 'checkpoint', upTo, tookMs })
        }
        onEvent({ type: 'checkpoint-written' })
      },
      (error: unknown) => onFailed(storageError('writing a checkpoint', error)),
    )
  }
}
