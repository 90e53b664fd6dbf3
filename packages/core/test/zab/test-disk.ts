/**
 * A peer's store, as far as agreement can tell: the log, of which a crash keeps a prefix, and the
 * snapshot. Appends wait until the test has the disk confirm them.
 */
import type { Configuration } from '../../src/ensemble/configuration.ts'
import type { LogRecord } from '../../src/log-record.ts'
import type { RecoveredState } from '../../src/recovered-state.ts'
import { noPage, type Page, type PageEnd } from '../../src/zab/page.ts'
import { formatZxid, type Zxid } from '../../src/zxid.ts'
import { WordReplica, type WordSnapshot } from './word-machine.ts'

export interface PendingAppend {
  readonly seq: number
  readonly records: readonly LogRecord[]
}

export class TestDisk {
  /** Every record that ever became durable since the store was last empty: for tests that look. */
  readonly records: LogRecord[] = []
  acceptedEpoch = 0
  acceptedLeader = 0
  currentEpoch = 0
  ensembleId = 0
  configuration: Configuration | null = null
  damaged: string | null = null
  /** Why the log cannot be read at the moment, if so. */
  readFailure: string | null = null
  snapshot: WordSnapshot | null = null
  readonly #pending: PendingAppend[] = []
  /** Snapshots received whole, for the record that switches to them. */
  readonly #received = new Map<Zxid, WordSnapshot>()
  #start: PageEnd = noPage
  #pages: Page[] = []

  /** Appends that are not durable yet. */
  get pending(): readonly PendingAppend[] {
    return this.#pending
  }

  /** The durable pages. */
  get pages(): readonly Page[] {
    return this.#pages
  }

  /** The end of the durable history. */
  get end(): PageEnd {
    return this.#pages.at(-1) ?? this.#start
  }

  append(pending: PendingAppend): void {
    this.#pending.push(pending)
  }

  /** The oldest append becomes durable: says its number. */
  syncOne(): number {
    const oldest = this.#pending.shift()
    if (oldest === undefined) throw new Error('the disk owes nothing')
    for (const record of oldest.records) this.#make(record)
    return oldest.seq
  }

  /** What was not confirmed is gone, but for the first `kept` records of it. */
  crash(kept = 0): void {
    const records = this.#pending.flatMap((pending) => pending.records)
    for (const record of records.slice(0, kept)) this.#make(record)
    this.#pending.length = 0
  }

  /** The store is empty: everything is forgotten. */
  wipe(): void {
    this.crash()
    this.records.length = 0
    this.acceptedEpoch = 0
    this.acceptedLeader = 0
    this.currentEpoch = 0
    this.ensembleId = 0
    this.configuration = null
    this.damaged = null
    this.snapshot = null
    this.#received.clear()
    this.#start = noPage
    this.#pages = []
  }

  /** The store was set aside, as recovery does with one that is damaged. */
  damage(reason: string): void {
    const { ensembleId } = this
    this.wipe()
    this.ensembleId = ensembleId
    this.#make({ type: 'damage-found', reason })
  }

  recover(): RecoveredState {
    const replica = new WordReplica(this.snapshot ?? undefined)
    if (replica.end.last < this.#start.last) throw new Error('D2: the log lost its beginning')
    return {
      acceptedEpoch: this.acceptedEpoch,
      acceptedLeader: this.acceptedLeader,
      currentEpoch: this.currentEpoch,
      ensembleId: this.ensembleId,
      configuration: this.configuration,
      replica: replica.asReplica(),
      logStart: this.#start,
      pageEnds: this.#pages.map(({ last, crc }) => ({ last, crc })),
      pageBytes: this.#pages.reduce((sum, { bytes }) => sum + bytes.length, 0),
      history: this.#pages.filter(({ last }) => last > replica.end.last),
      damaged: this.damaged,
    }
  }

  /** Consecutive pages behind `after`, one at least, up to `maxBytes`; none if it is not there. */
  read(after: Zxid, maxBytes: number): Page[] {
    const from = this.#pages.findIndex(({ previousLast }) => previousLast === after)
    if (from < 0) return []
    const pages: Page[] = []
    let bytes = 0
    for (const page of this.#pages.slice(from)) {
      bytes += page.bytes.length
      if (pages.length > 0 && bytes > maxBytes) break
      pages.push(page)
    }
    return pages
  }

  purge(upTo: Zxid): void {
    const at = this.#pages.findIndex(({ last }) => last === upTo)
    const end = this.#pages[at]
    if (end === undefined) throw new Error(`Z17: a purge to ${formatZxid(upTo)}, no page end`)
    if ((this.snapshot?.end.last ?? 0) < upTo) throw new Error('D2: a purge past the snapshot')
    this.#pages.splice(0, at + 1)
    this.#start = { last: end.last, crc: end.crc }
  }

  writeCheckpoint(snapshot: WordSnapshot): void {
    if (!this.holds(snapshot.end)) throw new Error('D2: a checkpoint of what is not durable')
    this.snapshot = snapshot
  }

  receive(snapshot: WordSnapshot): void {
    this.#received.set(snapshot.end.last, snapshot)
  }

  /** True when the durable log or the snapshot holds everything up to this place. */
  holds({ last, crc }: PageEnd): boolean {
    if (last <= this.#start.last) return last < this.#start.last || crc === this.#start.crc
    return this.#pages.some((page) => page.last === last && page.crc === crc)
  }

  #make(record: LogRecord): void {
    this.records.push(record)
    switch (record.type) {
      case 'page':
        if (record.page.previousCrc !== this.end.crc) throw new Error('Z5: a hole in the log')
        this.#pages.push(record.page)
        return
      case 'truncate':
        this.#pages = this.#pages.filter(({ last }) => last <= record.to.last)
        return
      case 'snapshot-installed': {
        const snapshot = this.#received.get(record.at.last)
        if (snapshot === undefined) throw new Error('D2: a switch to a snapshot that is not there')
        this.snapshot = snapshot
        this.#start = record.at
        this.#pages = []
        return
      }
      case 'accepted-epoch':
        if (record.epoch <= this.acceptedEpoch) throw new Error('Z2: acceptedEpoch falls')
        this.acceptedEpoch = record.epoch
        this.acceptedLeader = record.leader
        return
      case 'current-epoch':
        if (record.epoch < this.currentEpoch) throw new Error('Z2: currentEpoch falls')
        this.currentEpoch = record.epoch
        return
      case 'configuration':
        this.configuration = record.configuration
        this.ensembleId = record.configuration.ensembleId
        return
      case 'damage-found':
        this.damaged = record.reason
        return
      case 'damage-healed':
        this.damaged = null
        return
    }
  }
}
