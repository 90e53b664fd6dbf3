import {
  InvariantError,
  makeZxid,
  noPage,
  type LogRecord,
  type Page,
} from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { History } from '../../src/suite-history.ts'
import { settled } from '../manual-clock.ts'
import { MemoryFiles } from '../memory-files.ts'
import { openLog, readAll } from './open-log.ts'

const configuration = (version: number) => ({
  ensembleId: 77,
  version,
  members: [
    { id: 1, role: 'voter' as const },
    { id: 2, role: 'observer' as const },
  ],
})

function pageRecord(page: Page): LogRecord {
  return { type: 'page', page }
}

describe('write-ahead log', () => {
  test('a new log is empty, and durable before it is used', async () => {
    const files = new MemoryFiles()
    const { log } = await openLog(files, { snapshotDirectory: '1' })
    const after = files.crash()

    const again = await openLog(after)

    for (const { recovered } of [log, again.log]) {
      expect(recovered).toStrictEqual({
        acceptedEpoch: 0,
        acceptedLeader: 0,
        currentEpoch: 0,
        configuration: null,
        installed: null,
        start: noPage,
        pageEnds: [],
        pageBytes: 0,
        damaged: null,
        snapshotDirectory: '1',
      })
    }
  })

  test('every record is found again, after a clean close and after a crash', async () => {
    const files = new MemoryFiles()
    const { log, add } = await openLog(files, { snapshotDirectory: '1' })
    const history = new History(3)
    const pages = history.pages(3)
    await add({ type: 'accepted-epoch', epoch: 3, leader: 2 })
    await add(...pages.map(pageRecord), { type: 'current-epoch', epoch: 3 })
    await add({ type: 'configuration', configuration: configuration(1) })
    await add({ type: 'configuration', configuration: configuration(2) })
    await add({ type: 'accepted-epoch', epoch: 4, leader: 1 })
    await log.close()
    const crashed = files.crash()

    for (const disk of [files.copy(), crashed]) {
      const again = await openLog(disk)
      expect(again.log.recovered).toStrictEqual({
        acceptedEpoch: 4,
        acceptedLeader: 1,
        currentEpoch: 3,
        configuration: configuration(2),
        installed: null,
        start: noPage,
        pageEnds: pages.map(({ last, crc }) => ({ last, crc })),
        pageBytes: pages.reduce((sum, { bytes }) => sum + bytes.length, 0),
        damaged: null,
        snapshotDirectory: '1',
      })
      expect(await readAll(again.log)).toStrictEqual(pages)
    }
  })

  test('a truncate takes back pages, and the configuration behind them', async () => {
    const files = new MemoryFiles()
    const { add } = await openLog(files)
    const history = new History()
    const first = history.page()
    const kept = { last: first.last, crc: first.crc }
    const lost = history.pages(2)
    await add(pageRecord(first), { type: 'configuration', configuration: configuration(1) })
    await add(...lost.map(pageRecord), { type: 'configuration', configuration: configuration(2) })
    await add({ type: 'truncate', to: first })
    const other = new History(2, kept).page()
    await add(pageRecord(other))

    const { log } = await openLog(files)

    expect(log.recovered.configuration).toStrictEqual(configuration(1))
    expect(await readAll(log)).toStrictEqual([first, other])
  })

  test('a truncate to the very beginning leaves an empty history', async () => {
    const files = new MemoryFiles()
    const { add } = await openLog(files)
    await add(...new History().pages(2).map(pageRecord))
    await add({ type: 'truncate', to: noPage })

    const { log } = await openLog(files)

    expect(log.recovered).toMatchObject({ start: noPage, pageEnds: [] })
  })

  test('an installed snapshot voids every page before it, and what they configured', async () => {
    const files = new MemoryFiles()
    const { log, add } = await openLog(files, { snapshotDirectory: '1' })
    await add({ type: 'configuration', configuration: configuration(9) })
    await add(...new History().pages(2).map(pageRecord))
    const at = { last: makeZxid(1, 1), crc: 5 }
    const installed = { type: 'snapshot-installed', at } as const
    log.append(100, [{ ...installed, directory: '2', configuration: configuration(1) }])
    const history = new History(1, at)
    const behind = history.page()
    log.append(101, [pageRecord(behind)])
    await log.close()

    const again = await openLog(files)

    expect(again.log.recovered).toMatchObject({
      installed: at,
      start: at,
      pageEnds: [{ last: behind.last, crc: behind.crc }],
      configuration: configuration(1),
      snapshotDirectory: '2',
    })
    expect(await readAll(again.log)).toStrictEqual([behind])
  })

  test('damage stays known until it is healed', async () => {
    const files = new MemoryFiles()
    const { log } = await openLog(files, { damaged: 'a flipped bit' })
    expect(log.recovered.damaged).toBe('a flipped bit')

    const { log: second, add } = await openLog(files)
    expect(second.recovered.damaged).toBe('a flipped bit')
    await add({ type: 'damage-healed' })
    await second.close()

    const { log: third, add: addLater } = await openLog(files)
    expect(third.recovered.damaged).toBeNull()
    await addLater({ type: 'damage-found', reason: 'another one' })
    expect((await openLog(files)).log.recovered.damaged).toBe('another one')
  })

  test('group commit: what comes while one write is under way makes the next one', async () => {
    const files = new MemoryFiles()
    const { log, told } = await openLog(files)
    const pages = new History().pages(50)
    const before = files.writeCount
    files.hold()

    pages.forEach((page, index) => log.append(index + 1, [pageRecord(page)]))

    expect(told.synced).toEqual([])
    files.release()
    await told.until(50)
    expect(files.writeCount - before).toBe(2)
    expect(files.maxConcurrentWrites).toBe(1)
    expect(told.synced).toEqual([1, 50])
  })

  test('a write stays within its bound, but takes one append at least', async () => {
    const files = new MemoryFiles()
    const { log, told } = await openLog(files, { limits: { maxWriteBytes: 1000 } })
    const pages = new History().pages(6, 400)
    const before = files.writeCount
    files.hold()

    log.append(1, [pageRecord(pages[0] as Page)])
    log.append(2, pages.slice(1, 5).map(pageRecord))
    log.append(3, [pageRecord(pages[5] as Page)])
    files.release()
    await told.until(3)

    expect(files.writeCount - before).toBe(3)
  })

  test('Z12: nothing is called synced before it is durable, nor from within append', async () => {
    const files = new MemoryFiles({ durableWrites: false })
    const { log, told } = await openLog(files)
    const page = new History().page()

    log.append(1, [pageRecord(page)])
    expect(told.synced).toEqual([])
    await told.until(1)

    const after = files.crash()
    expect(await readAll((await openLog(after)).log)).toStrictEqual([page])
  })

  test.each(['write', 'sync'])('a failed %s is final, and told once', async (operation) => {
    const files = new MemoryFiles({ durableWrites: false })
    const { log, told, add } = await openLog(files)
    const history = new History()
    await add(pageRecord(history.page()))
    files.fail(operation, new Error('ENOSPC'))

    log.append(2, [pageRecord(history.page())])
    log.append(3, [pageRecord(history.page())])
    await expect(told.until(3)).rejects.toThrow('ENOSPC')
    const written = files.writeCount
    log.append(4, [pageRecord(history.page())])
    log.purge(history.end.last)
    await log.close()

    expect(told.failures).toHaveLength(1)
    expect(told.synced).toEqual([1])
    expect(files.writeCount).toBe(written)
  })

  test('a write that is cut short goes on, and when it cannot, it is final', async () => {
    const files = new MemoryFiles()
    const { log, told, add } = await openLog(files)
    const history = new History()
    await add(pageRecord(history.page()))
    files.fail('write', new Error('ENOSPC'), 1, 50)

    log.append(2, [pageRecord(history.page())])
    await expect(told.until(2)).rejects.toThrow('ENOSPC')
    const after = files.crash()

    const again = await openLog(after)
    expect(again.log.recovered.pageEnds).toHaveLength(1)
    const next = new History(2, again.log.recovered.pageEnds[0] ?? noPage).page()
    await again.addPages(next)
    expect((await openLog(after)).log.recovered.pageEnds).toHaveLength(2)
  })

  test('Z5: what does not follow is refused before it is written', async () => {
    const files = new MemoryFiles()
    const { log, add } = await openLog(files)
    const history = new History()
    const [first, second] = history.pages(2) as [Page, Page]
    const other = new History(1).page(1, 9)
    const append = (record: LogRecord) => () => log.append(9, [record])

    expect(append(pageRecord(second))).toThrow(InvariantError)
    await add(pageRecord(first))
    expect(append(pageRecord(first))).toThrow(InvariantError)
    expect(append({ type: 'truncate', to: second })).toThrow(InvariantError)
    expect(append({ type: 'truncate', to: other })).toThrow(InvariantError)
    await add({ type: 'accepted-epoch', epoch: 2, leader: 1 })
    expect(append({ type: 'accepted-epoch', epoch: 1, leader: 1 })).toThrow(InvariantError)
    expect(append({ type: 'current-epoch', epoch: 3 })).toThrow(InvariantError)

    await log.close()
    expect((await openLog(files)).log.recovered.pageEnds).toHaveLength(1)
  })

  test('an idle log appends one mark, and a closing one too', async () => {
    const files = new MemoryFiles()
    const { log, clock, told, add } = await openLog(files)
    const history = new History()
    await add(pageRecord(history.page()))
    const before = files.writeCount

    clock.pass(600)
    await add(pageRecord(history.page()))
    await settled()
    clock.pass(600)
    expect(files.writeCount).toBe(before + 1)
    clock.pass(1000)
    expect(files.writeCount).toBe(before + 2)
    await log.close()

    expect(files.writeCount).toBe(before + 2)
    expect(clock.timerCount).toBe(0)
    expect(told.synced).toEqual([1, 2])
    const again = await openLog(files)
    expect(again.clock.timerCount).toBe(0)
    await again.addPages(history.page())
    const count = files.writeCount
    await again.log.close()
    expect(files.writeCount).toBe(count + 1)
  })

  test('close waits for what was appended, is idempotent, and ends it', async () => {
    const files = new MemoryFiles()
    const { log, told } = await openLog(files)
    const history = new History()
    log.append(1, [pageRecord(history.page())])

    const closing = log.close()
    log.append(2, [pageRecord(history.page())])
    await Promise.all([closing, log.close()])

    expect(told.synced).toEqual([1])
    expect((await openLog(files)).log.recovered.pageEnds).toHaveLength(1)
  })

  test('an append from within onSynced is not forgotten', async () => {
    const files = new MemoryFiles()
    const opened = await openLog(files)
    const history = new History()
    const seqs: number[] = []
    opened.told.onSynced = (seq) => {
      seqs.push(seq)
      if (seq < 5) opened.log.append(seq + 1, [pageRecord(history.page())])
    }
    opened.log.append(1, [pageRecord(history.page())])
    await settled()

    expect(seqs).toEqual([1, 2, 3, 4, 5])
  })
})
