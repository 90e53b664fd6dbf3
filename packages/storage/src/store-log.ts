/**
 * The log of a store: a write-ahead log that takes the snapshot along. The record that installs a
 * received snapshot is made to name its database; when it is durable, the snapshot switches, before
 * anybody is told. And what the directory itself must know of the log, it is told: the ensemble that
 * it belongs to, and that its damage is healed.
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

/** What a record says that the directory notes too. */
export interface DirectoryNote {
  readonly ensembleId?: EnsembleId
  readonly unhealed?: false
}

export class StoreLog implements Log {
  readonly #listener: LogListener
  readonly #note: (note: DirectoryNote) => Promise<void>
  #log!: NamingLog
  #snapshot: SwitchedSnapshot | null = null
  /** The append that installs the received snapshot. */
  #switchAt: number | null = null
  /** What is to be noted once the append is durable. */
  #noted: { readonly at: number; readonly note: DirectoryNote } | null = null
  /** While a note is being made: the last append that is durable and not yet told. */
  #untold: number | null = null
  #isNoting = false
  #failed = false

  /** For `open`. */
  constructor(listener: LogListener, note: (note: DirectoryNote) => Promise<void>) {
    this.#listener = listener
    this.#note = note
  }

  /**
   * Wraps the log that `openLog` opens. `note` is told what the directory must know, once that is
   * durable; that it rejects is a failure of the log.
   */
  static async open(
    listener: LogListener,
    note: (note: DirectoryNote) => Promise<void>,
    openLog: (listener: LogListener) => Promise<NamingLog>,
  ): Promise<StoreLog> {
    const log = new StoreLog(listener, note)
    log.#log = await openLog({
      onSynced: (seq) => log.#onSynced(seq),
      onFailed: (error) => log.#onFailed(error),
      onPurged: (failure) => listener.onPurged(failure),
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
    const note = noteOf(record)
    if (note !== null) this.#noted = { at: seq, note: { ...this.#noted?.note, ...note } }
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
    this.#untold = seq
    this.#tell()
  }

  /** Tells how far it is durable, and before that has the directory know what goes with it. */
  #tell(): void {
    const seq = this.#untold
    if (seq === null || this.#isNoting || this.#failed) return
    if (this.#noted === null || this.#noted.at > seq) {
      this.#untold = null
      this.#listener.onSynced(seq)
      return
    }
    const { note } = this.#noted
    this.#noted = null
    this.#isNoting = true
    this.#note(note).then(
      () => {
        this.#isNoting = false
        this.#tell()
      },
      (error: unknown) => this.#onFailed(error),
    )
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

function noteOf(record: LogRecord): DirectoryNote | null {
  if (record.type === 'configuration') return { ensembleId: record.configuration.ensembleId }
  return record.type === 'damage-healed' ? { unhealed: false } : null
}
