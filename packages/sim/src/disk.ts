/**
 * One peer's disk: the log and the snapshot, with what has reached them and what has not.
 *
 * The log is one ordered sequence of appends, durable when their syncs are done, which takes its time
 * and sometimes very long. A crash keeps a random beginning of those under way, and of one that it tears
 * apart a beginning of its records: recovery cuts what a hole parts from that. The snapshot changes by
 * whole checkpoints; one received takes its place when the `snapshot-installed` naming it is durable.
 *
 * A use of the disk can fail (disk-failures.ts), and what is on it can go bad by itself (log-rot.ts,
 * stored-snapshot.ts), which shows when it is read. A store found damaged is set aside (`damage`).
 */
import {
  formatZxid,
  type Effect,
  type EnsembleId,
  type Event,
  type LogRecord,
  type PeerId,
  type RecoveredState,
  type Zxid,
} from '@conclave/core/internal'
import { CheckpointWriter } from './checkpoint-writer.ts'
import type { Mark } from './coverage.ts'
import type { DiskEffect } from './disk-effects.ts'
import { DiskFailures } from './disk-failures.ts'
import { LogImage } from './log-image.ts'
import { LogRotKeeper, type LogRot } from './log-rot.ts'
import type { Machine } from './machine.ts'
import { Random } from './prng.ts'
import { damageOf, recover } from './recovery.ts'
import type { Microseconds, Scheduler } from './scheduler.ts'
import { SnapshotTransfers } from './snapshot-transfers.ts'
import { StoredSnapshot, type ChunkRegistry, type SnapshotRot } from './stored-snapshot.ts'
import { SyncDevice } from './sync-device.ts'
import { demand, Violation } from './violation.ts'

/** How a disk behaves; drawn for each run. */
export interface DiskProfile {
  /** The mean time of a sync. */
  readonly syncUs: Microseconds
  /** How often a sync takes `slowSyncUs` more, on average. */
  readonly slowSyncChance: number
  readonly slowSyncUs: Microseconds
  /** The mean time of a read, of a chunk, and of a slice of a checkpoint. */
  readonly readUs: Microseconds
  /** Records in a chunk of a transfer, and in a slice of a checkpoint. */
  readonly chunkRecords: number
  /** Pages that are purged together. */
  readonly segmentPages: number
}

/** What a disk needs of its surroundings. */
export interface DiskSurroundings {
  readonly seed: number
  readonly peer: PeerId
  readonly scheduler: Scheduler
  readonly machine: Machine
  readonly chunks: ChunkRegistry
  readonly profile: DiskProfile
  /** Called when records have become durable, in order. */
  onDurable(records: readonly LogRecord[]): void
  /** The disk has refused something: true when whoever uses it stops, as it must. */
  onFailed(reason: string): boolean
  reached(mark: Mark): void
}

interface Append {
  readonly seq: number
  /** The end of what was durable when it was written. */
  readonly syncedTo: Zxid
  readonly records: readonly LogRecord[]
  /** The received snapshot that a `snapshot-installed` among the records switches to. */
  readonly snapshot: StoredSnapshot | null
}

export class Disk {
  readonly #surroundings: DiskSurroundings
  readonly device: SyncDevice
  readonly #syncRandom: Random
  readonly #readRandom: Random
  readonly #crashRandom: Random
  readonly failures = new DiskFailures()
  readonly #rot = new LogRotKeeper()
  #durable = new LogImage()
  #appended = new LogImage()
  #pending: Append[] = []
  #durableSnapshot: StoredSnapshot | null = null
  #appendedSnapshot: StoredSnapshot | null = null
  #checkpoint: CheckpointWriter | null = null
  #transfers: SnapshotTransfers
  /** Known to the directory, and kept when its store is set aside. */
  #ensembleId: EnsembleId = 0
  #emit: (event: Event) => void = () => undefined
  /** Rises when the store is opened and when it is lost: what was under way then never completes. */
  #generation = 0
  #readBusyUntil: Microseconds = 0

  constructor(surroundings: DiskSurroundings) {
    this.#surroundings = surroundings
    const { seed, peer } = surroundings
    this.#syncRandom = new Random(seed, 'disk-group', peer)
    const { scheduler, profile } = surroundings
    this.device = new SyncDevice(scheduler, profile, new Random(seed, 'disk-sync', peer))
    this.#readRandom = new Random(seed, 'disk-read', peer)
    this.#crashRandom = new Random(seed, 'disk-crash', peer)
    this.#transfers = this.#newTransfers()
  }

  /** What a restart would find if everything pending were lost. */
  get durable(): LogImage {
    return this.#durable
  }

  /** What the peer has handed over so far. */
  get appended(): LogImage {
    return this.#appended
  }

  /** The snapshot that a restart would find, unless it has gone bad. */
  get snapshot(): StoredSnapshot | null {
    return this.#durableSnapshot?.isRotten === true ? null : this.#durableSnapshot
  }

  get isRotten(): boolean {
    return this.#rot.damage !== null || this.#durableSnapshot?.isRotten === true
  }

  /** Why a start sets the store aside, or `null`: what it reads is read as a start does. */
  findDamage(): string | null {
    return this.#rot.damage ?? damageOf(this.#durableSnapshot, this.#surroundings.machine)
  }

  /** Has a record of the log go bad; what was hit, or `null`. */
  rotLog(kind: LogRot, choice: number): string | null {
    this.#noteIdle()
    const last = this.#rot.rot(kind, this.#durable, choice)
    return last === null ? null : `${kind} ${formatZxid(last)}`
  }

  /** Has a record of the snapshot go bad; what was hit, or `null`. */
  rotSnapshot(kind: SnapshotRot, choice: number): string | null {
    const key = this.#durableSnapshot?.rot(kind, choice) ?? null
    return key === null ? null : `${kind} ${key}`
  }

  /** Reads back what is durable, as a restart does; from now on answers go to `emit`. */
  open(emit: (event: Event) => void): RecoveredState {
    this.#beginGeneration()
    this.failures.reopen()
    this.#emit = emit
    this.#pending = []
    this.#checkpoint = null
    this.#readBusyUntil = this.#surroundings.scheduler.now
    this.#appended = this.#durable.clone()
    this.#appendedSnapshot = this.#durableSnapshot
    this.#transfers = this.#newTransfers()
    const { machine } = this.#surroundings
    return recover(this.#durable, this.#durableSnapshot, machine, this.#ensembleId)
  }

  perform(effect: DiskEffect): void {
    switch (effect.type) {
      case 'append-log':
        this.#append(effect.seq, effect.records)
        break
      case 'purge-log':
        this.#purge(effect.upTo)
        break
      case 'read-log':
        this.#read(effect.reader, effect.after, effect.maxBytes)
        break
      case 'write-checkpoint':
        this.#writeCheckpoint(effect.checkpoint)
        break
      case 'open-snapshot':
        this.#transfers.openReader(effect.transfer, this.#appendedSnapshot)
        break
      case 'read-snapshot':
        this.#transfers.read(effect.transfer)
        break
      case 'write-snapshot':
        this.#transfers.write(effect)
        break
      case 'close-snapshot':
        this.#transfers.close(effect.transfer)
        break
    }
  }

  /** The peer is gone: of what was pending, a random beginning is kept. */
  crash(): void {
    this.#noteIdle()
    this.#beginGeneration()
    const kept = this.failures.isLying ? 0 : this.#drawKept()
    for (const append of this.#pending.splice(0, kept)) this.#makeDurable(append)
    if (kept > 0 && this.failures.hasFailed) this.#surroundings.reached('ghost-write')
    const [torn] = this.#pending.splice(0)
    if (torn !== undefined && !this.failures.isLying) this.#keepBeginning(torn)
    if (this.#checkpoint?.isSyncing === true && this.#crashRandom.chance(0.5)) {
      this.#checkpoint.complete()
    }
    this.#checkpoint = null
  }

  /** How many pending appends are whole; often all before one that can tear. */
  #drawKept(): number {
    const tearable = this.#pending.findIndex((append) => append.records.length > 1)
    const drawn = this.#crashRandom.integer(0, this.#pending.length)
    return tearable >= 0 && this.#crashRandom.chance(0.5) ? tearable : drawn
  }

  /** Some of its records are whole, and recovery keeps those. */
  #keepBeginning(torn: Append): void {
    const count = this.#crashRandom.integer(0, torn.records.length - 1)
    if (count === 0) return
    this.#surroundings.reached('append-torn')
    this.#makeDurable({ ...torn, records: torn.records.slice(0, count) })
  }

  /** The peer closes: what is pending becomes durable, as a log that is closed promises. */
  close(): void {
    this.#beginGeneration()
    for (const append of this.#pending.splice(0)) this.#makeDurable(append)
    this.#checkpoint = null
    this.#rot.mark(this.#durable.end.last, this.#surroundings.scheduler.now, true)
  }

  /** Everything on it is gone. */
  wipe(): void {
    this.#durable = new LogImage()
    this.#durableSnapshot = null
    this.#ensembleId = 0
    this.#rot.clear()
  }

  /** The store was set aside, and one that says why took its place. */
  damage(reason: string): void {
    const ensembleId = this.#durable.configuration?.ensembleId ?? this.#ensembleId
    this.wipe()
    this.#ensembleId = ensembleId
    this.#durable.apply({ type: 'damage-found', reason })
  }

  /** No more faults: whatever is under way is done soon, and nothing is slow any more. */
  heal(): void {
    this.failures.heal()
    this.device.heal()
  }

  /** What was under way never completes. */
  #beginGeneration(): void {
    this.#generation += 1
    this.device.drop()
  }

  #newTransfers(): SnapshotTransfers {
    const { machine, chunks, profile } = this.#surroundings
    return new SnapshotTransfers({
      machine,
      chunks,
      chunkRecords: profile.chunkRecords,
      answer: (event) => this.#answerLater(event),
      readingFails: () => this.failures.strikeRead('read-snapshot'),
      onFailed: (reason) => void this.#surroundings.onFailed(reason),
    })
  }

  #append(seq: number, records: readonly LogRecord[]): void {
    let snapshot: StoredSnapshot | null = null
    for (const record of records) {
      this.#appended.apply(record)
      if (record.type === 'snapshot-installed') {
        snapshot = this.#transfers.takeReceived(record.at)
        this.#appendedSnapshot = snapshot
      }
    }
    this.#pending.push({ seq, syncedTo: this.#durable.end.last, records, snapshot })
    this.device.whenSynced(() => this.#synced(seq))
  }

  #synced(seq: number): void {
    const failure = this.#strike('append')
    // A ghost: whoever starts next may find it.
    if (failure !== null && this.#surroundings.onFailed(failure)) return
    if (failure !== null || this.failures.isLying) {
      this.#emit({ type: 'log-synced', seq })
      return
    }
    // One sync may cover appends that came while it waited for its turn.
    const upTo = this.#syncRandom.chance(0.5) ? (this.#pending.at(-1)?.seq ?? seq) : seq
    let newest = 0
    while (this.#pending[0] !== undefined && this.#pending[0].seq <= upTo) {
      const append = this.#pending.shift() as Append
      this.#makeDurable(append)
      newest = append.seq
    }
    if (newest > 0) this.#emit({ type: 'log-synced', seq: newest })
  }

  #makeDurable(append: Append): void {
    for (const record of append.records) this.#durable.apply(record)
    const installs = append.records.some((record) => record.type === 'snapshot-installed')
    if (append.snapshot !== null && installs) this.#durableSnapshot = append.snapshot
    this.#rot.vouch(append.syncedTo, this.#surroundings.scheduler.now)
    this.#surroundings.onDurable(append.records)
  }

  /** Why this use of the disk fails now; `null` when it does not. */
  #strike(use: 'append' | 'checkpoint'): string | null {
    return this.failures.strike(use, this.#surroundings.scheduler.now)
  }

  #noteIdle(): void {
    const { now } = this.#surroundings.scheduler
    if (this.#pending.length === 0) this.#rot.mark(this.#durable.end.last, now, false)
  }

  #purge(upTo: Zxid): void {
    const snapshotEnd = this.#durableSnapshot?.end.last ?? (0 as Zxid)
    demand(
      upTo <= snapshotEnd,
      'D2',
      () => `purge up to ${formatZxid(upTo)}, the snapshot stands at ${formatZxid(snapshotEnd)}`,
    )
    const purgeable = this.#durable.between(this.#durable.start.last, upTo)
    const whole = purgeable.length - (purgeable.length % this.#surroundings.profile.segmentPages)
    const newest = purgeable[whole - 1]
    if (newest === undefined) return
    this.#durable.purge(newest.last)
    this.#appended.purge(newest.last)
    this.#rot.purge(newest.last)
  }

  #read(reader: number, after: Zxid, maxBytes: number): void {
    this.#later(() => {
      const pages = this.#appended.readBehind(after, maxBytes)
      const failure = this.failures.strikeRead('read-log')
      const isBad = pages.some((page) => this.#rot.isBad(page.last))
      if (isBad && this.#surroundings.onFailed('read-log: a checksum is wrong')) return
      if (failure !== null) {
        this.#emit({ type: 'log-read-failed', reader, reason: failure })
        return
      }
      this.#emit({ type: 'log-read', reader, pages })
    })
  }

  #writeCheckpoint(checkpoint: Extract<Effect, { type: 'write-checkpoint' }>['checkpoint']): void {
    if (this.#checkpoint !== null) throw new Violation('D2', 'two checkpoints at once')
    const { end } = checkpoint.summary
    demand(
      this.#durable.holds(end) && end.last <= this.#durable.end.last,
      'D2',
      () => `a checkpoint at ${formatZxid(end.last)} holds what is not durable in the log`,
    )
    if (this.#appendedSnapshot === null) {
      this.#appendedSnapshot = new StoredSnapshot()
      this.#durableSnapshot = this.#appendedSnapshot
    }
    const writer = new CheckpointWriter(checkpoint, this.#appendedSnapshot)
    this.#checkpoint = writer
    this.#takeSlice(writer)
  }

  /** Slices come one by one while the peer goes on, as a driver takes them. */
  #takeSlice(writer: CheckpointWriter): void {
    this.#later(() => {
      if (writer.takeSlice(this.#surroundings.profile.chunkRecords)) this.#takeSlice(writer)
      else {
        this.device.whenSynced(() => {
          const failure = this.#strike('checkpoint')
          if (failure !== null && this.#surroundings.onFailed(failure)) return
          if (failure === null) writer.complete()
          this.#checkpoint = null
          this.#emit({ type: 'checkpoint-written' })
        })
      }
    })
  }

  #answerLater(event: () => Event | null): void {
    this.#later(() => {
      const answer = event()
      if (answer !== null) this.#emit(answer)
    })
  }

  #later(action: () => void): void {
    const { scheduler, profile } = this.#surroundings
    const generation = this.#generation
    // One after the other, as they were asked for.
    const begins = Math.max(scheduler.now, this.#readBusyUntil)
    this.#readBusyUntil = begins + this.#readRandom.exponential(profile.readUs)
    scheduler.at(this.#readBusyUntil, () => {
      if (generation === this.#generation) action()
    })
  }
}
