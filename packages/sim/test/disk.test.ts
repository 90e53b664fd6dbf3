import { describe, expect, test } from 'vitest'
import {
  noPage,
  Replica,
  type Event,
  type LogRecord,
  type SnapshotRecord,
  type SnapshotSummary,
} from '@conclave/core/internal'
import { Disk, type DiskProfile } from '../src/disk.ts'
import { realMachine } from '../src/machine.ts'
import { Scheduler, secondUs } from '../src/scheduler.ts'
import { ChunkRegistry } from '../src/stored-snapshot.ts'
import { chain, zxid } from './pages.ts'
import { tinyCodec } from './tiny-codec.ts'

const profile: DiskProfile = {
  syncUs: 500,
  slowSyncChance: 0,
  slowSyncUs: 0,
  readUs: 200,
  chunkRecords: 2,
  segmentPages: 1,
}

/** An open disk, with what it answers. */
function diskOf(seed: number, chunks = new ChunkRegistry(), overrides: Partial<DiskProfile> = {}) {
  const scheduler = new Scheduler()
  const answers: Event[] = []
  const durable: LogRecord[] = []
  const disk = new Disk({
    seed,
    peer: 1,
    scheduler,
    machine: realMachine(tinyCodec),
    chunks,
    profile: { ...profile, ...overrides },
    onDurable: (records) => durable.push(...records),
    onFailed: () => true,
    reached: () => undefined,
  })
  disk.open((event) => answers.push(event))
  const after = (us: number): void => scheduler.runUntil(scheduler.now + us)
  const append = (seq: number, ...records: readonly LogRecord[]): void => {
    disk.perform({ type: 'append-log', seq, records })
  }
  return { disk, after, append, answers, durable, scheduler }
}

const pages = chain('1:1', '1:2', '1:3', '1:4', '1:5')
const asRecords = pages.map((page): LogRecord => ({ type: 'page', page }))

/** The records and the summary of a replica that nothing was applied to, as if it stood at `end`. */
function emptyState(end = pages[2]!): {
  readonly records: readonly SnapshotRecord[]
  readonly summary: SnapshotSummary
} {
  const checkpoint = Replica.empty().freeze()
  const records = checkpoint.take(100)
  return { records, summary: { ...checkpoint.summary, end: { last: end.last, crc: end.crc } } }
}

function checkpointAt(end = pages[2]!) {
  const { records, summary } = emptyState(end)
  const left = [...records]
  return { summary, take: (max: number) => left.splice(0, max) }
}

describe('the log', () => {
  test('appends become durable in order, and the answers say so', () => {
    const { after, append, answers, durable } = diskOf(1)
    for (const [index, record] of asRecords.entries()) append(index + 1, record)
    expect(durable).toEqual([])

    after(secondUs)
    const seqs = answers.map((event) => (event.type === 'log-synced' ? event.seq : 0))
    expect(durable).toEqual(asRecords)
    expect(seqs.at(-1)).toBe(5)
    expect([...seqs].sort((a, b) => a - b)).toEqual(seqs)
  })

  test('a crash keeps a beginning of what was pending, and any beginning can be it', () => {
    const kept = new Set<number>()
    for (let seed = 1; seed <= 60; seed += 1) {
      const { disk, append } = diskOf(seed)
      for (const [index, record] of asRecords.entries()) append(index + 1, record)
      disk.crash()
      const recovered = disk.open(() => undefined)
      const ends = recovered.pageEnds.map((end) => end.last)
      expect(ends).toEqual(pages.slice(0, ends.length).map((page) => page.last))
      kept.add(ends.length)
    }

    expect(kept).toEqual(new Set([0, 1, 2, 3, 4, 5]))
  })

  test('what was answered survives every crash', () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const { disk, after, append, answers } = diskOf(seed)
      for (const [index, record] of asRecords.entries()) append(index + 1, record)
      after(seed * 50)
      const synced = answers.flatMap((event) => (event.type === 'log-synced' ? [event.seq] : []))
      disk.crash()

      expect(disk.open(() => undefined).pageEnds.length).toBeGreaterThanOrEqual(synced.at(-1) ?? 0)
    }
  })

  test('nothing is answered after a crash', () => {
    const { disk, after, append, answers } = diskOf(2)
    append(1, asRecords[0]!)
    disk.crash()
    after(secondUs)

    expect(answers).toEqual([])
  })

  test('a restart finds promises, configurations and truncated history as they were replayed', () => {
    const { disk, after, append } = diskOf(3)
    const configuration = { ensembleId: 9, version: 1, members: [] }
    append(1, { type: 'configuration', configuration }, ...asRecords)
    append(2, { type: 'accepted-epoch', epoch: 2, leader: 3 })
    append(3, { type: 'truncate', to: pages[1]! }, { type: 'current-epoch', epoch: 2 })
    after(secondUs)
    disk.crash()
    const recovered = disk.open(() => undefined)

    expect(recovered).toMatchObject({
      acceptedEpoch: 2,
      acceptedLeader: 3,
      currentEpoch: 2,
      configuration,
      logStart: noPage,
      damaged: null,
    })
    expect(recovered.history).toEqual(pages.slice(0, 2))
  })

  test('a read returns what follows, one page at least, and nothing behind an unknown place', () => {
    const { disk, after, append, answers } = diskOf(4)
    append(1, ...asRecords)
    const read = (reader: number, after: string, maxBytes: number): void =>
      disk.perform({ type: 'read-log', reader, after: zxid(after), maxBytes })
    read(1, '1:2', 1)
    read(2, '1:2', 1_000_000)
    read(3, '7:1', 1_000_000)
    after(secondUs)

    const found = answers.flatMap((event) =>
      event.type === 'log-read' ? [[event.reader, event.pages.length]] : [],
    )
    expect(found).toEqual([
      [1, 1],
      [2, 3],
      [3, 0],
    ])
  })

  test('a stalled device answers nothing until it goes on', () => {
    const { disk, after, append, answers } = diskOf(5)
    disk.device.stall(2 * secondUs)
    append(1, asRecords[0]!)
    after(secondUs)
    expect(answers).toEqual([])

    disk.heal()
    after(1)
    expect(answers).toEqual([{ type: 'log-synced', seq: 1 }])
  })

  test('a wiped store is empty, and a damaged one says why', () => {
    const { disk, after, append } = diskOf(6)
    append(1, ...asRecords)
    after(secondUs)
    disk.crash()
    disk.wipe()
    expect(disk.open(() => undefined)).toMatchObject({ pageEnds: [], damaged: null })

    disk.damage('a flipped bit')
    expect(disk.open(() => undefined)).toMatchObject({ pageEnds: [], damaged: 'a flipped bit' })
  })
})

describe('the snapshot', () => {
  test('a checkpoint is written whole, and the log behind it can be purged', () => {
    const { disk, after, append, answers } = diskOf(1)
    append(1, ...asRecords)
    after(secondUs)
    disk.perform({ type: 'write-checkpoint', checkpoint: checkpointAt() })
    expect(disk.snapshot?.summary ?? null).toBeNull()

    after(secondUs)
    expect(answers.at(-1)).toEqual({ type: 'checkpoint-written' })
    disk.perform({ type: 'purge-log', upTo: zxid('1:3') })
    const recovered = disk.open(() => undefined)
    expect(recovered.replica.end.last).toBe(zxid('1:3'))
    expect(recovered.logStart.last).toBe(zxid('1:3'))
    expect(recovered.history).toEqual(pages.slice(3))
  })

  test('a crash in the midst of a checkpoint finds all of it, or the state before', () => {
    const found = new Set<string>()
    for (let seed = 1; seed <= 60; seed += 1) {
      const { disk, after, append } = diskOf(seed, undefined, { chunkRecords: 1, syncUs: 5_000 })
      append(1, ...asRecords)
      after(secondUs)
      disk.perform({ type: 'write-checkpoint', checkpoint: checkpointAt() })
      after(seed * 40)
      disk.crash()
      const end = disk.open(() => undefined).replica.end.last
      found.add(end === 0 ? 'before' : 'after')
      expect([0, zxid('1:3')]).toContain(end)
    }

    expect(found).toEqual(new Set(['before', 'after']))
  })

  test('D2: a checkpoint of what is not durable in the log is a violation', () => {
    const { disk, append } = diskOf(2)
    append(1, ...asRecords)

    expect(() => disk.perform({ type: 'write-checkpoint', checkpoint: checkpointAt() })).toThrow(
      /D2/,
    )
  })

  test('D2: two checkpoints at once are a violation', () => {
    const { disk, after, append } = diskOf(3)
    append(1, ...asRecords)
    after(secondUs)
    disk.perform({ type: 'write-checkpoint', checkpoint: checkpointAt() })

    expect(() => disk.perform({ type: 'write-checkpoint', checkpoint: checkpointAt() })).toThrow(
      /D2/,
    )
  })

  test('D2: purging what no snapshot holds is a violation', () => {
    const { disk, after, append } = diskOf(4)
    append(1, ...asRecords)
    after(secondUs)

    expect(() => disk.perform({ type: 'purge-log', upTo: zxid('1:2') })).toThrow(/D2/)
  })
})

describe('a snapshot on its way', () => {
  /** A disk that holds a snapshot, and the chunks of it. */
  function senderWith(chunks: ChunkRegistry) {
    const sender = diskOf(1, chunks, { chunkRecords: 1 })
    sender.append(1, ...asRecords)
    sender.after(secondUs)
    sender.disk.perform({ type: 'write-checkpoint', checkpoint: checkpointAt() })
    sender.after(secondUs)
    sender.disk.perform({ type: 'open-snapshot', transfer: 7 })
    for (let n = 0; n < 5; n += 1) sender.disk.perform({ type: 'read-snapshot', transfer: 7 })
    sender.after(secondUs)
    return sender.answers.filter((event) => event.type === 'snapshot-read')
  }

  test('what is received whole and installed is what a restart finds', () => {
    const chunks = new ChunkRegistry()
    const parts = senderWith(chunks)
    const { disk, after, append, answers } = diskOf(2, chunks)
    for (const { number, bytes, last } of parts) {
      disk.perform({ type: 'write-snapshot', transfer: 3, number, bytes, last })
    }
    after(secondUs)
    expect(answers.at(-1)).toMatchObject({ type: 'snapshot-received', transfer: 3 })

    append(1, { type: 'snapshot-installed', at: pages[2]! }, asRecords[3]!)
    after(secondUs)
    disk.crash()
    const recovered = disk.open(() => undefined)
    expect(recovered.replica.end.last).toBe(zxid('1:3'))
    expect(recovered.history).toEqual([pages[3]])
  })

  test('what is received and not installed is forgotten by a crash', () => {
    const chunks = new ChunkRegistry()
    const parts = senderWith(chunks)
    const { disk, after } = diskOf(3, chunks)
    for (const { number, bytes, last } of parts) {
      disk.perform({ type: 'write-snapshot', transfer: 3, number, bytes, last })
    }
    after(secondUs)
    disk.crash()

    expect(disk.open(() => undefined).replica.end).toEqual(noPage)
  })

  test('Z13: installing what was not received whole is a violation', () => {
    const { append } = diskOf(4)

    expect(() => append(1, { type: 'snapshot-installed', at: pages[2]! })).toThrow(/Z13/)
  })

  test('Z13: a chunk out of order is a violation', () => {
    const chunks = new ChunkRegistry()
    const [first] = senderWith(chunks)
    const { disk } = diskOf(5, chunks)
    const bytes = first!.bytes

    expect(() =>
      disk.perform({ type: 'write-snapshot', transfer: 3, number: 1, bytes, last: true }),
    ).toThrow(/Z13.*out of order/)
  })

  test('there is nothing to open before the first checkpoint', () => {
    const { disk, after, answers } = diskOf(6)
    disk.perform({ type: 'open-snapshot', transfer: 1 })
    after(secondUs)

    expect(answers).toMatchObject([{ type: 'snapshot-failed', transfer: 1 }])
  })
})
