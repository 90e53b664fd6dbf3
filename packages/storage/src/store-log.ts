/**
 * The log of a store: a write-ahead log that takes the snapshot along. The record that installs a
 * received snapshot is made to name its database; when it is durable, the snapshot switches, before
 * anybody is told. And the first configuration tells the directory which ensemble it belongs to.
 */
import type {
  EnsembleId,
  LogRecord,
  Page,
  PageEnd,
  Configuration,
  Zxid,
} from '@conclave/core/internal'
import type { Directory } from './directory.ts'
import type { Log, LogListener } from './log.ts'
import type { AppendedRecord } from './wal/log-state.ts'
import {
  openWriteAheadLog,
  type RecoveredWriteAheadLog,
  type WriteAheadLog,
  type WriteAheadLogOptions,
} from './wal/write-ahead-log.ts'

/** What the log needs of the snapshot. */
export interface SwitchedSnapshot {
  sealInstalled(at: PageEnd): {
    readonly directory: string
    readonly configuration: Configuration | null
  }
  switchToInstalled(): void
}

export class StoreLog implements Log {
  readonly #directory: Directory
  readonly #listener: LogListener
  #log!: WriteAheadLog
  #snapshot: SwitchedSnapshot | null = null
  /** The append that installs the received snapshot. */
  #switchAt: number | null = null
  /** The append that brings the ensemble's id. */
  #ensemble: { readonly at: number; readonly id: EnsembleId } | null = null
  #failed = false

  /** For `open`. */
  constructor(directory: Directory, listener: LogListener) {
    this.#directory = directory
    this.#listener = listener
  }

  static async open(directory: Directory, options: WriteAheadLogOptions): Promise<StoreLog> {
    const log = new StoreLog(directory, options.listener)
    const listener: LogListener = {
      onSynced: (seq) => log.#onSynced(seq),
      onFailed: (error) => log.#onFailed(error),
    }
    log.#log = await openWriteAheadLog({ ...options, listener })
    return log
  }

  get recovered(): RecoveredWriteAheadLog {
    return this.#log.recovered
  }

  /** Names the snapshot that is switched from now on. */
  follow(snapshot: SwitchedSnapshot): void {
    this.#snapshot = snapshot
  }

  /** Writes into the directory's identity which ensemble it belongs to, once that is known. */
  async noteEnsemble(id: EnsembleId): Promise<void> {
    if (id === 0 || id === this.#directory.identity.ensembleId) return
    await this.#directory.change({ ensembleId: id })
  }

  append(seq: number, records: readonly LogRecord[]): void {
    this.#log.append(
      seq,
      records.map((record) => this.#completed(seq, record)),
    )
  }

  #completed(seq: number, record: LogRecord): AppendedRecord {
    if (record.type === 'configuration') {
      this.#ensemble = { at: seq, id: record.configuration.ensembleId }
    }
    if (record.type !== 'snapshot-installed' || this.#snapshot === null) return record
    const installed = this.#snapshot.sealInstalled(record.at)
    this.#switchAt = seq
    return { ...record, ...installed }
  }

  #onSynced(seq: number): void {
    if (this.#switchAt !== null && this.#switchAt <= seq) {
      this.#switchAt = null
      this.#snapshot?.switchToInstalled()
    }
    if (this.#ensemble !== null && this.#ensemble.at <= seq) {
      const { id } = this.#ensemble
      this.#ensemble = null
      this.noteEnsemble(id).catch((error: unknown) => this.#onFailed(error))
    }
    this.#listener.onSynced(seq)
  }

  #onFailed(error: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.#listener.onFailed(error)
  }

  read(after: Zxid, maxBytes: number): Promise<readonly Page[]> {
    return this.#log.read(after, maxBytes)
  }

  purge(upTo: Zxid): void {
    this.#log.purge(upTo)
  }

  close(): Promise<void> {
    return this.#log.close()
  }
}
