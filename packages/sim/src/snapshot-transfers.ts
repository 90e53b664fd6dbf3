/**
 * Snapshots on their way out of and into one peer's disk. A reader sees the snapshot as it was when
 * it was opened; what is received is kept aside, and is in use only once it is installed.
 */
import { samePageEnd, type Effect, type Event, type PageEnd } from '@conclave/core/internal'
import type { Machine } from './machine.ts'
import { StoredSnapshot, type Chunk, type ChunkRegistry } from './stored-snapshot.ts'
import { demand, Violation } from './violation.ts'

export interface TransferSurroundings {
  readonly machine: Machine
  readonly chunks: ChunkRegistry
  readonly chunkRecords: number
  /** Asks for the answer after a while and emits it, unless it is `null`. */
  answer(event: () => Event | null): void
  /** Why reading the snapshot in use fails now; `null` when it does not. */
  readingFails(): string | null
  /** The snapshot in use is damaged: the store is not to be used any more. */
  onFailed(reason: string): void
}

interface Reader {
  readonly snapshot: StoredSnapshot
  readonly chunks: Chunk[]
}

interface Received {
  readonly snapshot: StoredSnapshot
  nextNumber: number
}

type WriteEffect = Extract<Effect, { type: 'write-snapshot' }>

export class SnapshotTransfers {
  readonly #surroundings: TransferSurroundings
  readonly #readers = new Map<number, Reader>()
  readonly #receiving = new Map<number, Received>()
  #complete: StoredSnapshot | null = null

  constructor(surroundings: TransferSurroundings) {
    this.#surroundings = surroundings
  }

  openReader(transfer: number, snapshot: StoredSnapshot | null): void {
    const summary = snapshot?.summary ?? null
    if (snapshot === null || summary === null) {
      const reason = 'there is no snapshot yet'
      this.#surroundings.answer(() => ({ type: 'snapshot-failed', transfer, reason }))
      return
    }
    const records = snapshot.records()
    const rotten = snapshot.isRotten
    const { chunkRecords } = this.#surroundings
    const count = Math.max(1, Math.ceil(records.length / chunkRecords))
    const chunks = Array.from({ length: count }, (_, number) => ({
      number,
      last: number === count - 1,
      records: records.slice(number * chunkRecords, (number + 1) * chunkRecords),
      summary,
      rotten,
    }))
    this.#readers.set(transfer, { snapshot, chunks })
    this.#surroundings.answer(() => ({ type: 'snapshot-opened', transfer, at: summary.end }))
  }

  read(transfer: number): void {
    this.#surroundings.answer(() => {
      const reader = this.#readers.get(transfer)
      if (reader === undefined) return null
      if (reader.snapshot.isUnreadable) {
        this.#surroundings.onFailed('read-snapshot: a checksum is wrong')
        return null
      }
      const reason = this.#surroundings.readingFails()
      if (reason !== null) {
        this.close(transfer)
        return { type: 'snapshot-failed', transfer, reason }
      }
      const chunk = reader.chunks.shift()
      if (chunk === undefined) return null
      const bytes = this.#surroundings.chunks.register(chunk)
      return { type: 'snapshot-read', transfer, number: chunk.number, bytes, last: chunk.last }
    })
  }

  write({ transfer, number, bytes, last }: WriteEffect): void {
    const chunk = this.#surroundings.chunks.find(bytes)
    if (number === 0) {
      this.#receiving.set(transfer, { snapshot: new StoredSnapshot(), nextNumber: 0 })
    }
    const received = this.#receiving.get(transfer)
    const inOrder = chunk.number === number && chunk.last === last
    if (received?.nextNumber !== number || !inOrder) {
      throw new Violation('Z13', `chunk ${number} of a snapshot was written out of order`)
    }
    received.nextNumber += 1
    received.snapshot.add(chunk.records)
    if (!last) {
      this.#surroundings.answer(() =>
        this.#receiving.has(transfer) ? { type: 'snapshot-written', transfer, number } : null,
      )
      return
    }
    this.#surroundings.answer(() => {
      if (!this.#receiving.has(transfer)) return null
      received.snapshot.write([], chunk.summary)
      const sink = this.#surroundings.machine.createReplicaSink()
      try {
        sink.add(received.snapshot.records())
        const replica = sink.finish(chunk.summary)
        demand(!chunk.rotten, 'D2', () => 'a snapshot that had gone bad was taken for sound')
        this.#complete = received.snapshot
        return { type: 'snapshot-received', transfer, replica }
      } catch (error) {
        if (!chunk.rotten || error instanceof Violation) throw error
        this.#receiving.delete(transfer)
        return { type: 'snapshot-failed', transfer, reason: String(error) }
      }
    })
  }

  close(transfer: number): void {
    this.#readers.delete(transfer)
    this.#receiving.delete(transfer)
  }

  /** The snapshot that was received whole, to be switched to. Refuses any other place than its own. */
  takeReceived(at: PageEnd): StoredSnapshot {
    const snapshot = this.#complete
    this.#complete = null
    if (snapshot === null || !samePageEnd(snapshot.end, at)) {
      throw new Violation('Z13', 'a snapshot is installed that was not received whole')
    }
    return snapshot
  }
}
