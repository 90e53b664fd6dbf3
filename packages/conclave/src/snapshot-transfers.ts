/**
 * Whole snapshots on their way to and from another peer: what the core asks for about them, done in
 * order within each transfer and answered with events. A snapshot that is received and fails says so,
 * is over, and never harms the one in use. One that turns out to be damaged when it is read is this
 * peer's own: the store is not to be used any more.
 */
import type { CoordinationError, Event, Replica } from '@conclave/core/internal'
import {
  DamageError,
  type Snapshot,
  type SnapshotInstaller,
  type SnapshotReader,
} from '@conclave/storage'
import { reasonOf, storageError } from './failures.ts'

interface Transfer {
  /** The end of what was asked so far; each next thing waits for it. */
  tail: Promise<void>
  reader: SnapshotReader | undefined
  installer: SnapshotInstaller<Replica> | undefined
  readCount: number
  /** The core wants nothing of it any more: no event follows. */
  isClosed: boolean
}

export class SnapshotTransfers {
  readonly #snapshot: Snapshot<Replica>
  readonly #onEvent: (event: Event) => void
  readonly #onDamaged: (error: CoordinationError) => void
  readonly #transfers = new Map<number, Transfer>()
  /** What is being freed: nobody asks for it any more. */
  readonly #freeing = new Set<Promise<void>>()

  /** `onDamaged` is told when the snapshot in use turns out to be damaged. */
  constructor(
    snapshot: Snapshot<Replica>,
    onEvent: (event: Event) => void,
    onDamaged: (error: CoordinationError) => void,
  ) {
    this.#snapshot = snapshot
    this.#onEvent = onEvent
    this.#onDamaged = onDamaged
  }

  /** Opens the snapshot as it is now; answers `snapshot-opened`. */
  open(transfer: number): void {
    this.#enqueue(transfer, 'send', async (state) => {
      state.reader = await this.#snapshot.openReader()
      return { type: 'snapshot-opened', transfer, at: state.reader.summary.end }
    })
  }

  /** Reads the next chunk; answers `snapshot-read`. */
  read(transfer: number): void {
    if (!this.#transfers.has(transfer)) return
    this.#enqueue(transfer, 'send', async (state) => {
      if (state.reader === undefined) return undefined
      const { bytes, last } = await state.reader.read()
      const number = state.readCount
      state.readCount += 1
      return { type: 'snapshot-read', transfer, number, bytes, last }
    })
  }

  /** Writes a chunk; answers `snapshot-written`, or `snapshot-received` to the last one. */
  write(transfer: number, number: number, bytes: Uint8Array, last: boolean): void {
    // The rest of one that has failed: the core does not know yet.
    if (number !== 0 && !this.#transfers.has(transfer)) return
    this.#enqueue(transfer, 'receive', async (state) => {
      state.installer ??= await this.#snapshot.beginInstall()
      await state.installer.write(bytes)
      if (!last) return { type: 'snapshot-written', transfer, number }
      const replica = await state.installer.finish()
      return { type: 'snapshot-received', transfer, replica }
    })
  }

  /**
   * Frees what a transfer holds, once what is under way is done. A snapshot that the log names by
   * then stays: the store sees to that.
   */
  close(transfer: number): void {
    const state = this.#transfers.get(transfer)
    if (state === undefined) return
    this.#transfers.delete(transfer)
    state.isClosed = true
    const freeing = state.tail.then(() => free(state))
    this.#freeing.add(freeing)
    void freeing.then(() => this.#freeing.delete(freeing))
  }

  /** Frees everything. Never rejects. */
  async closeAll(): Promise<void> {
    for (const transfer of [...this.#transfers.keys()]) this.close(transfer)
    await Promise.all(this.#freeing)
  }

  #enqueue(
    transfer: number,
    way: 'send' | 'receive',
    act: (state: Transfer) => Promise<Event | undefined>,
  ): void {
    const state = this.#transfers.get(transfer) ?? {
      tail: Promise.resolve(),
      reader: undefined,
      installer: undefined,
      readCount: 0,
      isClosed: false,
    }
    this.#transfers.set(transfer, state)
    state.tail = state.tail.then(async () => {
      if (state.isClosed) return
      try {
        const event = await act(state)
        if (event !== undefined) this.#answer(state, event)
      } catch (error) {
        if (way === 'send' && error instanceof DamageError) {
          this.#onDamaged(storageError('reading the snapshot', error))
        }
        this.#answer(state, { type: 'snapshot-failed', transfer, reason: reasonOf(error) })
        this.close(transfer)
      }
    })
  }

  #answer(state: Transfer, event: Event): void {
    if (!state.isClosed) this.#onEvent(event)
  }
}

async function free(state: Transfer): Promise<void> {
  try {
    await state.reader?.close()
    await state.installer?.discard()
  } catch {
    // What cannot be freed is found and removed when the store is opened next; the transfer is over.
  }
}
