import { describe, expect, test } from 'vitest'
import { Replica, type Checkpoint, type LogRecord } from '@conclave/core/internal'
import { Disk } from '../src/disk.ts'
import { realMachine } from '../src/machine.ts'
import { Scheduler, secondUs } from '../src/scheduler.ts'
import { ChunkRegistry, snapshotRots } from '../src/stored-snapshot.ts'
import { logRots } from '../src/log-rot.ts'
import { chain, zxid } from './pages.ts'
import { tinyCodec } from './tiny-codec.ts'

const profile = {
  syncUs: 500,
  slowSyncChance: 0,
  slowSyncUs: 0,
  readUs: 200,
  chunkRecords: 2,
  segmentPages: 1,
}
const pages = chain('1:1', '1:2', '1:3', '1:4', '1:5')
const asRecords = pages.map((page): LogRecord => ({ type: 'page', page }))

/** An open disk, whose user stops at the first failure, as a driver does; or goes on. */
function diskOf(seed: number, stops = true) {
  const scheduler = new Scheduler()
  const failures: string[] = []
  const marks: string[] = []
  const answers: string[] = []
  const disk: Disk = new Disk({
    seed,
    peer: 1,
    scheduler,
    machine: realMachine(tinyCodec),
    chunks: new ChunkRegistry(),
    profile,
    onDurable: () => undefined,
    onFailed: (reason) => {
      failures.push(reason)
      if (stops) disk.crash()
      return stops
    },
    reached: (mark) => marks.push(mark),
  })
  disk.open((event) => answers.push(event.type))
  const after = (us: number): void => scheduler.runUntil(scheduler.now + us)
  const append = (seq: number, ...records: readonly LogRecord[]): void => {
    disk.perform({ type: 'append-log', seq, records })
  }
  const pagesFound = (): number => disk.open(() => undefined).pageEnds.length
  return { disk, after, append, failures, marks, answers, pagesFound, scheduler }
}

/** A checkpoint of an empty tree at 1:3, which is what every disk here can load. */
function checkpointAt(): Checkpoint {
  const checkpoint = Replica.empty().freeze()
  const end = { last: zxid('1:3'), crc: pages[2]!.crc }
  const records = [...checkpoint.take(100)]
  return {
    summary: { ...checkpoint.summary, end },
    take: (max: number) => records.splice(0, max),
  }
}

describe('a refused append', () => {
  test('stops its user, and may be found durable by the next start all the same', () => {
    const found = new Set<number>()
    const ghosts = new Set<boolean>()
    for (let seed = 1; seed <= 40; seed += 1) {
      const { disk, after, append, failures, marks, answers, pagesFound } = diskOf(seed)
      disk.failures.arm('append', 'poisoned')
      append(1, asRecords[0]!)
      after(secondUs)

      expect(failures).toEqual(['append: input/output error'])
      expect(answers).toEqual([])
      const count = pagesFound()
      found.add(count)
      ghosts.add(marks.includes('ghost-write') === count > 0)
    }

    expect(found).toEqual(new Set([0, 1]))
    expect(ghosts).toEqual(new Set([true]))
  })

  test('poisons the store: whoever goes on is refused for ever', () => {
    const { disk, after, append, failures } = diskOf(1, false)
    disk.failures.arm('append', 'poisoned')
    append(1, asRecords[0]!)
    after(secondUs)
    append(2, asRecords[1]!)
    after(secondUs)

    expect(failures.at(-1)).toBe('append: the store has failed before')
  })

  test('or has it lie: whoever goes on is told yes, and finds nothing', () => {
    const { disk, after, append, answers, pagesFound } = diskOf(1, false)
    disk.failures.fillUntil(secondUs, 'lying')
    append(1, asRecords[0]!)
    after(2 * secondUs)
    append(2, asRecords[1]!)
    after(secondUs)
    disk.crash()

    expect(answers).toEqual(['log-synced', 'log-synced'])
    expect(pagesFound()).toBe(0)
  })

  test('for want of space: until there is some again', () => {
    const { disk, after, append, failures, scheduler } = diskOf(2)
    disk.failures.fillUntil(secondUs, 'poisoned')
    append(1, asRecords[0]!)
    after(secondUs / 2)
    expect(failures).toEqual(['append: no space left on the device'])
    expect(disk.failures.isFull(scheduler.now)).toBe(true)

    after(secondUs)
    expect(disk.failures.isFull(scheduler.now)).toBe(false)
  })
})

test('a read that is refused says so, and goes well the next time', () => {
  const { disk, after, append, answers, failures } = diskOf(3)
  append(1, ...asRecords)
  after(secondUs)
  disk.failures.arm('read-log', 'poisoned')
  for (const reader of [1, 2]) {
    disk.perform({ type: 'read-log', reader, after: zxid('1:1'), maxBytes: 1_000 })
  }
  after(secondUs)

  expect(answers.slice(1)).toEqual(['log-read-failed', 'log-read'])
  expect(failures).toEqual([])
})

test('a checkpoint that is refused stops its user', () => {
  const { disk, after, append, answers, failures } = diskOf(4)
  append(1, ...asRecords)
  after(secondUs)
  disk.failures.arm('checkpoint', 'poisoned')
  disk.perform({ type: 'write-checkpoint', checkpoint: checkpointAt() })
  after(secondUs)

  expect(failures).toEqual(['checkpoint: input/output error'])
  expect(answers).not.toContain('checkpoint-written')
})

test('an append that a crash tears apart keeps a beginning of its records', () => {
  const found = new Set<number>()
  for (let seed = 1; seed <= 60; seed += 1) {
    const { disk, append, pagesFound } = diskOf(seed)
    append(1, ...asRecords)
    disk.crash()
    found.add(pagesFound())
  }

  expect(found).toEqual(new Set([0, 1, 2, 3, 4, 5]))
})

describe('what goes bad', () => {
  test.each(logRots)('in the log (%s) is damage to the next start', (kind) => {
    const { disk, after, append } = diskOf(5)
    append(1, ...asRecords)
    after(3 * secondUs)

    expect(disk.rotLog(kind, 7)).toMatch(/^\w+ 1:\d/)
    expect(disk.isRotten).toBe(true)
    expect(disk.findDamage()).toMatch(/record of the log/)
  })

  test('in the log is noticed by a read of it, too', () => {
    const { disk, after, append, failures } = diskOf(6)
    append(1, ...asRecords)
    after(3 * secondUs)
    disk.rotLog('tail', 0)
    disk.perform({ type: 'read-log', reader: 1, after: zxid('1:1'), maxBytes: 1_000 })
    after(secondUs)

    expect(failures).toEqual(['read-log: a checksum is wrong'])
  })

  test('the end of a log that nothing vouches for yet is never hit', () => {
    const { disk, after, append } = diskOf(7)
    append(1, ...asRecords)
    after(secondUs / 10)

    expect(disk.rotLog('tail', 0)).toBeNull()
  })

  test('in a segment that was purged is gone with it', () => {
    const { disk, after, append } = diskOf(8)
    append(1, ...asRecords)
    after(3 * secondUs)
    disk.perform({ type: 'write-checkpoint', checkpoint: checkpointAt() })
    after(secondUs)
    disk.rotLog('flipped', 0)
    disk.perform({ type: 'purge-log', upTo: zxid('1:3') })

    expect(disk.isRotten).toBe(false)
  })

  test.each(snapshotRots)('in the snapshot (%s) is damage to the next start', (kind) => {
    const { disk, after, append } = diskOf(9)
    append(1, ...asRecords)
    after(secondUs)
    disk.perform({ type: 'write-checkpoint', checkpoint: checkpointAt() })
    after(secondUs)

    // Nothing in it has changed since it was written: there is nothing stale to return to.
    const hit = disk.rotSnapshot(kind, 0)
    expect(hit).toBe(kind === 'stale' ? null : `${kind} z/`)
    if (kind !== 'stale') expect(disk.findDamage()).not.toBeNull()
  })
})
