/**
 * The twins in memory beside the real ones, asked for the same things in the same order: what a
 * simulation finds out about the one is true of the other. Where the real log keeps more pages than it
 * has to (it lets go of whole segments), only those are compared that both still have.
 */
import { noPage, type LogRecord, type Page, type PageEnd } from '@conclave/core/internal'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLevelSnapshot, LevelSnapshot } from '../src/level-snapshot.ts'
import type { Log } from '../src/log.ts'
import { MemoryLog } from '../src/memory-log.ts'
import { MemorySnapshot } from '../src/memory-snapshot.ts'
import type { Snapshot, SnapshotReader } from '../src/snapshot.ts'
import { History, Told } from '../src/suite-history.ts'
import { MapReplica, MapSink, session, znode } from '../src/suite-replica.ts'
import { MemoryFiles } from './memory-files.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { openLog } from './wal/open-log.ts'

const limits = { segmentBytes: 600, maxWriteBytes: 500 }

const anyLogStep = fc.oneof(
  fc.record({
    do: fc.constant('pages' as const),
    sizes: fc.array(fc.constantFrom(0, 1, 90, 1_500), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ do: fc.constant('promise' as const), leader: fc.nat(5) }),
  fc.record({ do: fc.constant('join' as const) }),
  fc.record({ do: fc.constant('configure' as const) }),
  fc.record({ do: fc.constant('truncate' as const), back: fc.nat(3) }),
  fc.record({ do: fc.constant('install' as const) }),
  fc.record({ do: fc.constant('purge' as const), back: fc.nat(3) }),
  fc.record({ do: fc.constant('damage' as const), isHealed: fc.boolean() }),
  fc.record({ do: fc.constant('reopen' as const) }),
)

function bytesOf(pages: readonly Page[]): Buffer {
  return Buffer.concat(pages.map((page) => page.bytes))
}

class TwoLogs {
  readonly #medium = new MemoryLog()
  readonly #files = new MemoryFiles()
  #twin!: Log
  #real!: Log
  #told: [Told, Told] = [new Told(), new Told()]
  #seq = 0
  #epoch = 0
  #version = 0
  #start: PageEnd = noPage
  #ends: PageEnd[] = []

  async open(): Promise<void> {
    const told = new Told()
    this.#twin = this.#medium.open(told)
    const opened = await openLog(this.#files, { limits })
    this.#real = opened.log
    this.#told = [told, opened.told]
    this.#seq = 0
  }

  async reopen(): Promise<void> {
    await Promise.all([this.#twin.close(), this.#real.close()])
    await this.open()
    const { start, pageEnds, pageBytes, ...rest } = this.#twin.recovered
    const { start: realStart, pageEnds: realEnds, pageBytes: realBytes } = this.#real.recovered
    expect(this.#real.recovered).toMatchObject(rest)
    expect(realStart.last).toBeLessThanOrEqual(start.last)
    expect(realEnds.filter(({ last }) => last > start.last)).toStrictEqual(pageEnds)
    expect(realBytes).toBeGreaterThanOrEqual(pageBytes)
  }

  async append(...records: LogRecord[]): Promise<void> {
    this.#seq += 1
    this.#twin.append(this.#seq, records)
    this.#real.append(this.#seq, records)
    await Promise.all(this.#told.map((told) => told.until(this.#seq)))
  }

  /** The end of some page before the last, or of that. */
  #endBefore(back: number): PageEnd {
    return this.#ends.at(-1 - back) ?? this.#start
  }

  async pages(sizes: readonly number[]): Promise<void> {
    const history = new History(this.#epoch + 1, this.#endBefore(0))
    const pages = sizes.map((bytes) => history.page(1, bytes))
    await this.append(...pages.map((page) => ({ type: 'page' as const, page })))
    for (const { last, crc } of pages) this.#ends.push({ last, crc })
  }

  async promise(leader: number): Promise<void> {
    this.#epoch += 1
    await this.append({ type: 'accepted-epoch', epoch: this.#epoch, leader })
  }

  async join(): Promise<void> {
    await this.append({ type: 'current-epoch', epoch: this.#epoch })
  }

  async configure(): Promise<void> {
    this.#version += 1
    const members = [{ id: 1, role: 'voter' as const }]
    const configuration = { ensembleId: 7, version: this.#version, members }
    await this.append({ type: 'configuration', configuration })
  }

  async truncate(back: number): Promise<void> {
    const to = this.#endBefore(back)
    await this.append({ type: 'truncate', to })
    this.#ends = this.#ends.filter(({ last }) => last <= to.last)
  }

  async install(): Promise<void> {
    const { last, crc } = new History(this.#epoch + 1, this.#endBefore(0)).page()
    await this.append({ type: 'snapshot-installed', at: { last, crc } })
    this.#start = { last, crc }
    this.#ends = []
  }

  purge(back: number): void {
    const { last } = this.#endBefore(back)
    this.#twin.purge(last)
    this.#real.purge(last)
    const gone = this.#ends.findLast((end) => end.last <= last)
    if (gone !== undefined) this.#start = gone
    this.#ends = this.#ends.filter((end) => end.last > last)
  }

  /** From each page end on, a little and much. */
  async compareReads(): Promise<void> {
    for (const { last } of [this.#start, ...this.#ends]) {
      for (const maxBytes of [1, 2_000]) {
        const [twin, real] = await Promise.all([
          this.#twin.read(last, maxBytes),
          this.#real.read(last, maxBytes),
        ])
        expect(bytesOf(real).equals(bytesOf(twin))).toBe(true)
      }
    }
  }
}

/** What was let go of came back to the twin with the next append. */
const purgedThenAppended = [
  { do: 'pages' as const, sizes: [1_500 as const] },
  { do: 'join' as const },
  { do: 'purge' as const, back: 0 },
  { do: 'promise' as const, leader: 0 },
]

test('logs: the same is found and read, whatever was appended, cut, let go and opened again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyLogStep, { maxLength: 15 }), async (steps) => {
      const logs = new TwoLogs()
      await logs.open()
      for (const step of steps) {
        if (step.do === 'pages') await logs.pages(step.sizes)
        else if (step.do === 'promise') await logs.promise(step.leader)
        else if (step.do === 'join') await logs.join()
        else if (step.do === 'configure') await logs.configure()
        else if (step.do === 'truncate') await logs.truncate(step.back)
        else if (step.do === 'install') await logs.install()
        else if (step.do === 'purge') logs.purge(step.back)
        else if (step.do === 'reopen') await logs.reopen()
        else {
          const record: LogRecord = step.isHealed
            ? { type: 'damage-healed' }
            : { type: 'damage-found', reason: 'a bit' }
          await logs.append(record)
        }
        await logs.compareReads()
      }
      await logs.reopen()
    }),
    { numRuns: 40, examples: [[purgedThenAppended]] },
  )
}, 30_000)

test('logs: a failure is told once, is the last thing told, and takes nothing back', async () => {
  const [first, second, third] = new History().pages(3) as [Page, Page, Page]
  const pageRecord = (page: Page): LogRecord[] => [{ type: 'page', page }]
  const medium = new MemoryLog()
  const files = new MemoryFiles()
  const reopen = async (told: Told): Promise<Log[]> => [
    medium.open(told),
    (await openLog(files.kill(), { limits })).log,
  ]
  const twinTold = new Told()
  const twin = medium.open(twinTold)
  const real = await openLog(files, { limits })

  for (const [log, told, fail] of [
    [twin, twinTold, () => medium.failNext(new Error('EIO'))],
    [real.log, real.told, () => files.fail('write', new Error('EIO'))],
  ] as const) {
    log.append(1, pageRecord(first))
    await told.until(1)
    fail()
    log.append(2, pageRecord(second))
    await expect(told.until(2)).rejects.toThrow('EIO')
    log.append(3, pageRecord(third))
    await log.close()
    expect([told.failures.length, told.lastSynced]).toEqual([1, 1])
  }
  for (const log of await reopen(new Told())) {
    expect(log.recovered.pageEnds).toEqual([{ last: first.last, crc: first.crc }])
  }
})

/** Names whose order as text is not that of their bytes. */
const anyName = fc.constantFrom('a', 'B', 'ä', '\u{1F600}', '\uFFFD', '!', 'a b', 'aa')
const anyPath = fc
  .array(anyName, { minLength: 1, maxLength: 3 })
  .map((names) => `/${names.join('/')}`)
const anySnapshotStep = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      path: anyPath,
      data: fc.option(fc.uint8Array({ maxLength: 40 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drop' as const), path: anyPath }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('session' as const),
      id: fc.constantFrom(1, 200, 70_000, 2 ** 40),
      isGone: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('checkpoint' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
)

async function chunksOf(reader: SnapshotReader): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for (let isLast = false; !isLast;) {
    const { bytes, last } = await reader.read()
    chunks.push(bytes)
    isLast = last
  }
  await reader.close()
  return Buffer.concat(chunks)
}

describe('snapshots', () => {
  async function pair() {
    const directory = `${temporaryDirectory()}/snapshot`
    await createLevelSnapshot(directory)
    const medium = new MemorySnapshot(() => new MapSink())
    const createSink = () => new MapSink()
    const open = async (): Promise<Snapshot<MapReplica>[]> => [
      medium.open(),
      await LevelSnapshot.open({ directory, name: '1', createSink }),
    ]
    return { open }
  }

  test('the same is loaded and sent, byte by byte and in the order of the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anySnapshotStep, { maxLength: 30 }), async (steps) => {
        const { open } = await pair()
        let both = await open()
        // Each freezes changes of its own.
        const replicas = [new MapReplica(), new MapReplica()]
        let counter = 0
        for (const step of steps) {
          if (step.do === 'reopen') {
            for (const one of both) await one.close()
            both = await open()
          } else if (step.do === 'checkpoint') {
            counter += 1
            for (const [index, replica] of replicas.entries()) {
              replica.end = { last: counter as PageEnd['last'], crc: counter }
              await both[index]?.write(replica.freeze())
            }
            const [twin, real] = await Promise.all(both.map((one) => one.load()))
            expect(real?.summary).toStrictEqual(replicas[0]?.summary)
            expect(real?.summary).toStrictEqual(twin?.summary)
            const sent = await Promise.all(
              both.map(async (one) => chunksOf(await one.openReader())),
            )
            expect(sent[1]?.equals(sent[0] ?? Buffer.alloc(0))).toBe(true)
          } else {
            for (const replica of replicas) {
              if (step.do === 'put') replica.put(znode(step.path, step.data))
              else if (step.do === 'drop') replica.drop(step.path)
              else if (step.isGone) replica.dropSession(session(step.id).id)
              else replica.putSession(session(step.id))
            }
          }
        }
        for (const one of both) await one.close()
      }),
      { numRuns: 12 },
    )
  }, 30_000)

  test('a checkpoint larger than anything is buffered, and the end while it is written', async () => {
    const { open } = await pair()
    const replica = new MapReplica()
    const both = await open()
    for (const snapshot of both) {
      for (let count = 0; count < 6; count += 1) {
        replica.put(znode(`/large-${count}`, new Uint8Array(1 << 20).fill(count)))
      }
      replica.put(znode('/empty', new Uint8Array(0)))
      const writing = snapshot.write(replica.freeze())
      await Promise.all([snapshot.close(), writing])
    }

    for (const snapshot of await open()) {
      expect((await snapshot.load())?.summary).toStrictEqual(replica.summary)
      await snapshot.close()
    }
  }, 20_000)
})
