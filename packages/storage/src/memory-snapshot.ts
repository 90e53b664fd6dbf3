/**
 * The snapshot's twin in memory: the same promises and the same transfer, on a medium that outlives
 * the snapshot and can be told when to be slow, when to fail, and when to lose what was not synced.
 *
 * It keeps the bytes that the database would, not the records: so nothing is shared with who wrote
 * them, and a twin can send itself to a snapshot on disk and the other way round.
 */
import {
  assert,
  samePageEnd,
  type Checkpoint,
  type Configuration,
  type PageEnd,
  type SnapshotRecord,
  type SnapshotSummary,
} from '@conclave/core/internal'
import { readEntry, recordChange, summaryChange } from './keyspace.ts'
import {
  DamageError,
  type Snapshot,
  type SnapshotInstaller,
  type SnapshotReader,
  type SnapshotSink,
} from './snapshot.ts'
import { ChunkPacker, ChunkUnpacker, TransferError } from './snapshot-transfer.ts'

/** Keys as text of one character a byte, so that their order is that of the bytes. */
type Entries = ReadonlyMap<string, Uint8Array>

/** The medium: holds the snapshots while nobody has them open. */
export class MemorySnapshot<T> {
  readonly #createSink: () => SnapshotSink<T>
  readonly #databases = new Map<string, Entries>([['1', new Map()]])
  #generation = 0
  #gate: (() => void)[] | null = null
  #failure: Error | null = null

  constructor(createSink: () => SnapshotSink<T>) {
    this.#createSink = createSink
  }

  /** Opens the snapshot of that name; whoever had one open before is cut off, as after a crash. */
  open(name = '1'): OpenMemorySnapshot<T> {
    this.crash()
    for (const other of this.#databases.keys()) if (other !== name) this.#databases.delete(other)
    const generation = this.#generation
    return new OpenMemorySnapshot(name, this.#createSink, {
      find: (wanted) => this.#databases.get(wanted),
      keep: async (wanted, entries) => {
        if (this.#gate !== null) await new Promise<void>((resolve) => this.#gate?.push(resolve))
        if (generation !== this.#generation) await new Promise(() => undefined)
        if (this.#failure !== null) throw this.#failure
        this.#databases.set(wanted, entries)
      },
      drop: (wanted) => this.#databases.delete(wanted),
    })
  }

  /** Loses what was not synced, and whoever has it open. */
  crash(): void {
    this.#generation += 1
    this.#gate = null
    this.#failure = null
  }

  /** From now on nothing becomes durable until it is released. */
  holdWrites(): void {
    this.#gate ??= []
  }

  releaseWrites(): void {
    const waiting = this.#gate ?? []
    this.#gate = null
    for (const go of waiting) go()
  }

  /** Every write from now on fails, and is not durable. */
  fail(error: Error): void {
    this.#failure = error
  }
}

/** How an open snapshot reaches its medium. */
interface Medium {
  find(name: string): Entries | undefined
  /** Resolves when the entries are durable. */
  keep(name: string, entries: Entries): Promise<void>
  drop(name: string): void
}

interface Received {
  readonly name: string
  readonly summary: SnapshotSummary
  isSealed: boolean
}

export class OpenMemorySnapshot<T> implements Snapshot<T> {
  readonly #createSink: () => SnapshotSink<T>
  readonly #medium: Medium
  #name: string
  #isWriting = false
  #failure: unknown = null
  #isReceiving = false
  #received: Received | null = null

  /** For `MemorySnapshot.open`. */
  constructor(name: string, createSink: () => SnapshotSink<T>, medium: Medium) {
    this.#name = name
    this.#createSink = createSink
    this.#medium = medium
  }

  async load(): Promise<T | null> {
    const entries = this.#entries()
    return entries.size === 0 ? null : loadFrom(entries, this.#createSink())
  }

  #entries(): Entries {
    const entries = this.#medium.find(this.#name)
    if (entries === undefined) throw new DamageError(`there is no snapshot ${this.#name}`)
    return entries
  }

  async write(checkpoint: Checkpoint): Promise<void> {
    assert(!this.#isWriting, 'one checkpoint is written at a time')
    if (this.#failure !== null) {
      throw new Error('the snapshot takes no more: a write failed before', { cause: this.#failure })
    }
    this.#isWriting = true
    try {
      await this.#write(checkpoint)
    } catch (error) {
      this.#failure = error
      throw error
    } finally {
      this.#isWriting = false
    }
  }

  async #write(checkpoint: Checkpoint): Promise<void> {
    const name = this.#name
    const entries = new Map(this.#entries())
    const changes = [summaryChange(checkpoint.summary)]
    for (;;) {
      const records = checkpoint.take(500)
      if (records.length === 0) break
      changes.push(...records.map(recordChange))
    }
    for (const { key, value } of changes) {
      if (value === null) entries.delete(textOf(key))
      else entries.set(textOf(key), value)
    }
    await this.#medium.keep(name, entries)
  }

  async openReader(): Promise<SnapshotReader> {
    return new MemoryReader(this.#entries())
  }

  async beginInstall(): Promise<SnapshotInstaller<T>> {
    assert(!this.#isReceiving && this.#received === null, 'one snapshot is received at a time')
    this.#isReceiving = true
    const name = String(Number(this.#name) + 1)
    return new MemoryInstaller(this.#createSink(), {
      keep: (entries) => this.#medium.keep(name, entries),
      finish: (summary) => {
        this.#received = { name, summary, isSealed: false }
      },
      discard: () => {
        if (this.#received?.isSealed === true) return
        this.#isReceiving = false
        this.#received = null
        this.#medium.drop(name)
      },
    })
  }

  /** As `LevelSnapshot.sealInstalled`. */
  sealInstalled(at: PageEnd): {
    readonly directory: string
    readonly configuration: Configuration | null
  } {
    const received = this.#received
    assert(received !== null, 'only a finished snapshot is installed')
    const { name, summary } = received
    assert(samePageEnd(summary.end, at), 'a snapshot is installed at the page end it stands at')
    received.isSealed = true
    return { directory: name, configuration: summary.configuration }
  }

  /** As `LevelSnapshot.switchToInstalled`. */
  switchToInstalled(): void {
    assert(this.#received?.isSealed === true, 'the log names a snapshot before it is used')
    this.#medium.drop(this.#name)
    this.#name = this.#received.name
    this.#received = null
    this.#isReceiving = false
  }

  async close(): Promise<void> {
    if (this.#received !== null && !this.#received.isSealed) this.#medium.drop(this.#received.name)
  }
}

function loadFrom<T>(entries: Entries, sink: SnapshotSink<T>): T {
  let summary: SnapshotSummary | null = null
  const records: SnapshotRecord[] = []
  try {
    for (const [key, value] of entries) {
      const entry = readEntry(bytesOf(key), value)
      if (entry.type === 'summary') summary = entry.summary
      else if (entry.type === 'record') records.push(entry.record)
    }
    sink.add(records)
    if (summary === null) throw new Error('there is no summary')
    return sink.finish(summary)
  } catch (error) {
    throw new DamageError(`the snapshot in memory: ${String(error)}`, { cause: error })
  }
}

class MemoryReader implements SnapshotReader {
  readonly summary: SnapshotSummary
  readonly #rest: [string, Uint8Array][]
  readonly #packer = new ChunkPacker()

  constructor(entries: Entries) {
    this.#rest = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
    const [first] = this.#rest
    assert(first !== undefined, 'a snapshot is sent only after its first checkpoint')
    const entry = readEntry(bytesOf(first[0]), first[1])
    assert(entry.type === 'summary', 'the summary is the first of what is sent')
    this.summary = entry.summary
  }

  async read(): Promise<{ readonly bytes: Uint8Array; readonly last: boolean }> {
    while (!this.#packer.isFull) {
      const next = this.#rest.shift()
      if (next === undefined) break
      this.#packer.add([bytesOf(next[0]), next[1]])
    }
    return this.#packer.take(this.#rest.length === 0)
  }

  async close(): Promise<void> {
    this.#rest.length = 0
  }
}

/** How an installer reaches its snapshot. */
interface InstallerMedium {
  keep(entries: Entries): Promise<void>
  finish(summary: SnapshotSummary): void
  discard(): void
}

class MemoryInstaller<T> implements SnapshotInstaller<T> {
  readonly #sink: SnapshotSink<T>
  readonly #medium: InstallerMedium
  readonly #unpacker = new ChunkUnpacker()
  readonly #entries = new Map<string, Uint8Array>()

  constructor(sink: SnapshotSink<T>, medium: InstallerMedium) {
    this.#sink = sink
    this.#medium = medium
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (const [key, value] of this.#unpacker.take(bytes)) {
      this.#entries.set(textOf(key), new Uint8Array(value))
    }
  }

  async finish(): Promise<T> {
    if (!this.#unpacker.isComplete) throw new TransferError('the last chunk has not come')
    let loaded: T
    try {
      loaded = loadFrom(this.#entries, this.#sink)
    } catch (error) {
      throw new TransferError(`what was received is no snapshot: ${String(error)}`, {
        cause: error,
      })
    }
    await this.#medium.keep(this.#entries)
    this.#medium.finish(new MemoryReader(this.#entries).summary)
    return loaded
  }

  async discard(): Promise<void> {
    this.#medium.discard()
  }
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}
