/**
 * The log of a store: a write-ahead log that takes the snapshot along. The record that installs a
 * received snapshot is made to name its database; when it is durable, the snapshot switches, before
 * anybody is told. And the first configuration tells the directory which ensemble it belongs to.
 */
import type {
  Configuration,
  EnsembleId,
  LogRecord,
  Page,
  PageEnd,
  Zxid,
} from '@conclave/core/internal'
import type { Log, LogListener } from './log.ts'
import type { AppendedRecord } from './wal/log-state.ts'
import type { RecoveredWriteAheadLog } from './wal/recovered-log.ts'

/** A log whose records can name the snapshot's database. */
export interface NamingLog extends Log {
  readonly recovered: RecoveredWriteAheadLog
  append(seq: number, records: readonly AppendedRecord[]): void
}

/** What the log needs of the snapshot. */
export interface SwitchedSnapshot {
  sealInstalled(at: PageEnd): {
    readonly directory: string
    readonly configuration: Configuration | null
  }
  switchToInstalled(): void
}

export class StoreLog implements Log {
  readonly #listener: LogListener
  readonly #noteEnsemble: (id: EnsembleId) => Promise<void>
  #log!: NamingLog
  #snapshot: SwitchedSnapshot | null = null
  /** The append that installs the received snapshot. */
  #switchAt: number | null = null
  /** The append that brings the ensemble's id. */
  #ensemble: { readonly at: number; readonly id: EnsembleId } | null = null
  #failed = false

  /** For `open`. */
  constructor(listener: LogListener, noteEnsemble: (id: EnsembleId) => Promise<void>) {
    this.#listener = listener
    this.#noteEnsemble = noteEnsemble
  }

  /**
   * Wraps the log that `openLog` opens. `noteEnsemble` is told each durable configuration's ensemble;
   * that it rejects is a failure of the log.
   */
  static async open(
    listener: LogListener,
    noteEnsemble: (id: EnsembleId) => Promise<void>,
    openLog: (listener: LogListener) => Promise<NamingLog>,
  ): Promise<StoreLog> {
    const log = new StoreLog(listener, noteEnsemble)
    log.#log = await openLog({
      onSynced: (seq) => log.#onSynced(seq),
      onFailed: (error) => log.#onFailed(error),
    })
    return log
  }

  get recovered(): RecoveredWriteAheadLog {
    return this.#log.recovered
  }

  /** Names the snapshot that is switched from now on. */
  follow(snapshot: SwitchedSnapshot): void {
    this.#snapshot = snapshot
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
      this.#noteEnsemble(id).catch((error: unknown) => this.#onFailed(error))
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
